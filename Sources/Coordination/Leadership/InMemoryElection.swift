package import DSLBase
import Synchronization

/// A lease in memory, for candidates of one process: simulation, tests, backends without a directory.
package final class InMemoryLease: Sendable {
  struct State {
    var record: LeaseRecord?
    var locked: LeaseHolder?
  }

  let state = Mutex(State())

  /// A lease that nobody has had.
  package init() {}

  /// Lets go of the lock of a candidate, as its death would.
  package func kill(_ candidate: LeaseHolder) {
    state.withLock { if $0.locked == candidate { $0.locked = nil } }
  }
}

/// A candidate for a lease in memory.
package struct InMemoryElection: LeaderElection {
  package let candidate: LeaseHolder
  private let lease: InMemoryLease
  private let time: any TimeSource

  package init(_ lease: InMemoryLease, candidate: LeaseHolder, time: any TimeSource) {
    self.lease = lease
    self.candidate = candidate
    self.time = time
  }

  package func look() throws(DSLError) -> LeaseSight {
    lease.state.withLock { LeaseSight(record: $0.record, isLocked: $0.locked != nil) }
  }

  package func acquire(
    over seen: LeaseSight, durationSeconds: Double
  ) throws(DSLError) -> LeaseRecord? {
    lease.state.withLock { state in
      guard state.record == seen.record else { return nil }
      let holdsLock = state.locked == nil || state.locked == candidate
      guard holdsLock || seen.isLocked != false else { return nil }
      if holdsLock { state.locked = candidate }
      let record = LeaseRecord(
        holder: candidate, epoch: (state.record?.epoch ?? 0) + 1, acquired: time.now, renewed: time.now,
        renewedMonotonic: time.monotonicSeconds, durationSeconds: durationSeconds, holdsLock: holdsLock)
      state.record = record
      return record
    }
  }

  package func renew(epoch: Int64) throws(DSLError) -> LeaseRecord? {
    lease.state.withLock { state in
      guard var record = own(epoch, state) else {
        if state.locked == candidate { state.locked = nil }
        return nil
      }
      if state.locked == nil { state.locked = candidate }
      record.holdsLock = state.locked == candidate
      record.renewed = time.now
      record.renewedMonotonic = time.monotonicSeconds
      record.renewals += 1
      state.record = record
      return record
    }
  }

  package func release(epoch: Int64) throws(DSLError) {
    lease.state.withLock { state in
      if own(epoch, state) != nil { state.record?.released = time.now }
      if state.locked == candidate { state.locked = nil }
    }
  }

  private func own(_ epoch: Int64, _ state: InMemoryLease.State) -> LeaseRecord? {
    guard let record = state.record, record.epoch == epoch, record.holder == candidate, record.released == nil
    else { return nil }
    return record
  }
}
