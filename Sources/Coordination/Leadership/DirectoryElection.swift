package import DSLBase
import Glibc
import Synchronization

/// The lease of a coordination directory: a row of the journal a term, and `.dsl/engine.lock`, which dies with its holder.
///
/// A dead leader is followed at once, because the lock is free. One that is stopped, or hangs, keeps the lock and is
/// followed when its lease has lapsed; its successor takes the lock as soon as it can be had.
package final class DirectoryElection: LeaderElection {
  package let candidate: LeaseHolder
  private let directory: CoordinationDirectory
  private let journal: Journal
  private let time: any TimeSource
  private let lock = Mutex<(any FileLock)?>(nil)

  /// Tries of a lock that others hold for moments only, and microseconds in between.
  private static let tries = (probed: 3, fence: 250, pause: UInt32(2000))

  /// - Parameters:
  ///   - journal: opened for writing.
  ///   - candidate: this process.
  package init(
    _ directory: CoordinationDirectory, _ journal: Journal, candidate: LeaseHolder, time: any TimeSource
  ) {
    self.directory = directory
    self.journal = journal
    self.candidate = candidate
    self.time = time
  }

  package func look() throws(DSLError) -> LeaseSight {
    let record = try journal.leader()
    if lock.withLock({ $0 != nil }) { return LeaseSight(record: record, isLocked: true) }
    return LeaseSight(record: record, isLocked: Self.isLocked(directory))
  }

  /// Whether some process holds the engine's lock; `nil` when this user cannot tell. The lock is shared for an instant,
  /// never taken, and its file not created.
  package static func isLocked(_ directory: CoordinationDirectory) -> Bool? {
    do throws(FileError) {
      guard try directory.files.status(directory.engineLock) != nil else { return false }
      let shared = try directory.files.lock(directory.engineLock, exclusive: false, wait: false)
      shared?.unlock()
      return shared == nil
    } catch {
      return nil
    }
  }

  package func acquire(over seen: LeaseSight, durationSeconds: Double) throws(DSLError) -> LeaseRecord? {
    let holdsLock = try takeLock()
    // Seen free and taken in between: somebody else was faster.
    guard holdsLock || seen.isLocked != false else { return nil }
    var record: LeaseRecord?
    defer { if record == nil { dropLock() } }
    // No commit of the predecessor is under way while the term begins: see `Fence`.
    guard let fence = try exclusive(directory.fenceLock, tries: Self.tries.fence) else {
      throw DSLError(
        .locked,
        "the lease of \(seen.record?.holder.name ?? "the last leader") has lapsed, but it is stopped in a commit",
        fix: "let that process go on, or end it")
    }
    defer { fence.unlock() }
    record = try journal.beginTerm(
      candidate, over: seen.record, durationSeconds: durationSeconds, holdsLock: holdsLock, wall: time.now,
      monotonic: time.monotonicSeconds)
    if let record { journal.lead(record.epoch) }
    return record
  }

  package func renew(epoch: Int64) throws(DSLError) -> LeaseRecord? {
    guard epoch == journal.epoch else { return nil }
    let holdsLock = try takeLock()
    let record = try journal.prolongTerm(
      epoch, holdsLock: holdsLock, wall: time.now, monotonic: time.monotonicSeconds)
    if record == nil { dropLock() }
    return record
  }

  package func release(epoch: Int64) throws(DSLError) {
    guard epoch > 0, epoch == journal.epoch else { return }
    defer { dropLock() }
    try journal.endTerm(epoch, wall: time.now)
  }

  /// Lets go of the lock, as a candidate that no longer leads must.
  package func dropLock() {
    lock.withLock { held in
      held?.unlock()
      held = nil
    }
  }

  /// Whether this candidate has the lock, after trying to get it.
  private func takeLock() throws(DSLError) -> Bool {
    if lock.withLock({ $0 != nil }) { return true }
    // Whoever only asks whether an engine acts shares it for some microseconds.
    guard let taken = try exclusive(directory.engineLock, tries: Self.tries.probed) else { return false }
    lock.withLock { $0 = taken }
    return true
  }

  private func exclusive(_ path: String, tries: Int) throws(DSLError) -> (any FileLock)? {
    do throws(FileError) {
      for attempt in 0..<tries {
        if attempt > 0 { usleep(Self.tries.pause) }
        if let lock = try directory.files.lock(path, exclusive: true, wait: false) { return lock }
      }
      return nil
    } catch {
      throw error.asDSLError
    }
  }
}

extension DirectoryElection {
  /// Begins a term now, or says who leads: for programs that act once.
  ///
  /// - Throws: `locked` while another leads whose lease has not lapsed; `io`.
  package func acquireNow(durationSeconds: Double) throws(DSLError) -> LeaseRecord {
    var sight = try look()
    for _ in 0..<Self.tries.probed {
      let standing = LeaseWatch.standing(
        of: sight, for: candidate, now: time.monotonicSeconds, wall: time.now)
      guard standing.isOpen else { break }
      if let record = try acquire(over: sight, durationSeconds: durationSeconds) { return record }
      sight = try look()
    }
    let holder = sight.record.map { ": \($0.holder.name), epoch \($0.epoch)" } ?? ""
    throw DSLError(
      .locked, "another engine acts on \(directory.path)\(holder)",
      fix: "wait until it has ended, or stop it; its lock ends with its process")
  }
}
