package import DSLBase
import Dispatch
import GRDB
import Synchronization

/// The work queue of a coordination directory: who works on what, exactly once at a time.
///
/// An unfinished item is its file; the claims on it are in `.dsl/queue.sqlite`. Finishing an item is one transaction
/// that stores the finished record in an outbox; a projector then turns outbox rows into files. After a crash at any
/// point the outbox is projected again, which does no more than projecting it once.
///
/// Opened for reading, nothing is written: the calls that look work on a copy in memory, which is brought up to date
/// with the directory; `.dsl` need not exist.
package final class WorkQueue: Sendable {
  /// Tries of an item whose record does not say.
  package static let defaultMaxAttempts = 3
  /// Leases an item may lose before it is parked, where its record does not say: what kills its workers must end.
  package static let lostLeaseLimit = 10
  /// Files larger than this are no records. Bytes.
  static let recordLimit = RecordLimits().recordBytes
  /// Outbox rows after which a caller that finishes items projects them itself.
  static let outboxLimit = 2048

  let directory: CoordinationDirectory
  let time: any TimeSource
  let store: StateDatabase
  let state: Mutex<State>
  let background = DispatchQueue(label: "dsl.queue.projector", qos: .utility)

  /// What changes while the queue is open.
  struct State {
    var random: SplitMix64
    var warnings: [String] = []
    /// When to ask again whether a refresh is due, on the monotonic clock.
    var nextRefresh = -Double.infinity
    /// Outbox rows added here since the last projection.
    var unprojected = 0
    var projects = false
    var scheduled = false
    /// The copy that a queue opened for reading looks at, and when it was made.
    var copy: (store: StateDatabase, at: Double)?
  }

  /// Opens the queue of a directory, and projects what a dead process left in the outbox.
  ///
  /// A damaged store is set aside as `queue.sqlite.corrupt-<time>` and rebuilt from the files, with a warning: claims
  /// are lost, items are not.
  ///
  /// - Parameter seed: for tokens and ids; must differ between processes.
  /// - Throws: `notFound` when the directory does not exist; `unsupported` for a newer store; `io`, `locked`.
  package init(
    directory: CoordinationDirectory, time: any TimeSource, seed: UInt64, access: StateAccess
  ) throws(DSLError) {
    self.directory = directory
    self.time = time
    var state = State(random: SplitMix64(seed: seed))
    guard try Self.filed({ () throws(FileError) in try directory.files.status(directory.path) }) != nil else {
      throw DSLError(
        .notFound, "\(directory.path) does not exist", fix: "`dsl init` makes a coordination directory")
    }
    do throws(DSLError) {
      store = try Self.open(directory, access)
    } catch  where error.code == .corrupt && access == .readWrite {
      let aside = try Self.setAside(directory, time.now)
      state.warnings.append("\(error.message); it was set aside as \(aside) and rebuilt, claims are lost")
      store = try Self.open(directory, access)
    }
    self.state = Mutex(state)
    if access == .readWrite { try projectLeftovers() }
  }

  /// Takes the warnings that have come up since the last call: sentences for a log, bounded.
  package func takeWarnings() -> [String] {
    state.withLock { state in
      defer { state.warnings = [] }
      return state.warnings
    }
  }

  func warn(_ warning: String) {
    state.withLock { state in
      guard state.warnings.count < 100, !state.warnings.contains(warning) else { return }
      state.warnings.append(warning)
    }
  }

  func randomHex() -> String { state.withLock { $0.random.hex(bytes: 8) } }

  private static func open(
    _ directory: CoordinationDirectory, _ access: StateAccess
  ) throws(DSLError) -> StateDatabase {
    try StateDatabase(
      "work queue", path: directory.queue, directory: directory, access: access,
      migrations: QueueSchema.migrations)
  }

  private static func setAside(_ directory: CoordinationDirectory, _ now: Timestamp) throws(DSLError)
    -> String
  {
    let aside = "\(directory.queue).corrupt-\(now)"
    try filed { () throws(FileError) in
      for suffix in ["", "-wal", "-shm"] where try directory.files.status(directory.queue + suffix) != nil {
        try directory.files.rename(directory.queue + suffix, to: aside + suffix)
      }
      try directory.files.sync(directory: directory.state)
    }
    return aside
  }

  /// Runs file operations, turning their errors into those users see.
  static func filed<Result>(_ body: () throws(FileError) -> Result) throws(DSLError) -> Result {
    do throws(FileError) {
      return try body()
    } catch {
      throw error.asDSLError
    }
  }

  /// The end of something that lasts `seconds` from now, on both clocks.
  func deadline(_ seconds: Double) -> Deadline {
    Deadline(
      boot: time.monotonicOrigin, monotonic: time.monotonicSeconds + seconds,
      wall: time.now.adding(seconds: seconds))
  }
}

/// A point in time on both clocks. On the boot it was made on the monotonic one decides, so that a stepped wall clock
/// neither ends nor prolongs a lease; after a reboot the wall clock must do.
struct Deadline {
  var boot: String
  var monotonic: Double
  var wall: Timestamp
}
