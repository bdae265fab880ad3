package import DSLBase
import Dispatch
import GRDB
import Synchronization

extension WorkQueue {
  /// Turns everything finished into files now. When it returns, no file of an item that ended before is missing.
  ///
  /// - Throws: `io`; nothing is lost then, and the next call tries again.
  package func flush() throws(DSLError) { try project() }

  /// Lets finished items become files in the background, a moment after they ended, several at a time.
  package func startProjector() {
    state.withLock { $0.projects = true }
    schedule()
  }

  /// Ends projecting in the background, after what has begun. What is left stays in the outbox; `flush` before the
  /// program ends.
  package func stopProjector() {
    state.withLock { $0.projects = false }
    background.sync {}
  }

  /// Notes that items ended here.
  func finished(_ count: Int) {
    guard count > 0 else { return }
    let (unprojected, projects) = state.withLock { state in
      state.unprojected += count
      return (state.unprojected, state.projects)
    }
    if unprojected >= (projects ? 4 : 1) * Self.outboxLimit {
      projectLater()
    } else if projects {
      schedule()
    }
  }

  /// Projects what another process may have left, unless somebody is at it.
  func projectLeftovers() throws(DSLError) {
    let some = try store.read { db in try Int.fetchOne(db, sql: "SELECT 1 FROM outbox LIMIT 1") != nil }
    if some == true { _ = try project(wait: false) }
  }

  private func schedule() {
    let begins = state.withLock { state in
      guard state.projects, !state.scheduled else { return false }
      state.scheduled = true
      return true
    }
    guard begins else { return }
    background.asyncAfter(deadline: .now() + .milliseconds(20)) { [weak self] in
      guard let self else { return }
      state.withLock { $0.scheduled = false }
      projectLater()
    }
  }

  /// Projects; a failure is only a warning, as what is in the outbox is durable and will be tried again.
  private func projectLater() {
    do throws(DSLError) {
      try project()
    } catch {
      warn("finished items could not be written to files yet: \(error)")
    }
  }

  /// How long another process may write files before it is not waited for any more, in seconds: it may have thousands to write, or
  /// be stopped.
  private static let patience = 60.0

  @discardableResult private func project(wait: Bool = true) throws(DSLError) -> Bool {
    guard store.isWritable else { throw Self.readOnly }
    let path = directory.state + "/queue.lock"
    let lock = try Self.filed { () throws(FileError) in
      try wait
        ? directory.files.lock(path, exclusive: true, within: Self.patience)
        : directory.files.lock(path, exclusive: true, wait: false)
    }
    guard let lock else {
      if wait { throw .held(path, "the files of finished items", seconds: Self.patience) }
      return false
    }
    defer { lock.unlock() }
    try Projector(directory: directory, store: store, warn: warn).drain()
    state.withLock { $0.unprojected = 0 }
    return true
  }
}
