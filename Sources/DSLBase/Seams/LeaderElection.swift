/// Who leads, or wants to: a process that can be told from any other that ever had its number.
package struct LeaseHolder: Sendable, Hashable {
  /// The machine's name.
  package var host: String
  /// The process id.
  package var pid: Int32
  /// When the process started, in clock ticks since the machine booted.
  package var startTicks: UInt64
  /// The boot it belongs to: names the clock of `LeaseRecord.renewedMonotonic`.
  package var bootID: String

  package init(host: String, pid: Int32, startTicks: UInt64, bootID: String) {
    self.host = host
    self.pid = pid
    self.startTicks = startTicks
    self.bootID = bootID
  }

  /// For people: "db-1/4711".
  package var name: String { "\(host.isEmpty ? "localhost" : host)/\(pid)" }
}

/// The three times of a lease, as client-go names them (k8s.io/client-go/tools/leaderelection). Seconds.
package struct LeaseTiming: Sendable, Equatable {
  /// How long a lease holds after its last renewal: others wait that long before they take over.
  package var durationSeconds = 15.0
  /// How long a leader that cannot renew goes on before it steps down by itself; less than the duration.
  package var renewDeadlineSeconds = 10.0
  /// Time between two renewals, and between two looks of who stands by.
  package var retrySeconds = 2.0

  package init() {}

  /// - Throws: `invalidInput` unless retry < renew deadline < duration.
  package func validate() throws(DSLError) {
    guard retrySeconds > 0, retrySeconds < renewDeadlineSeconds, renewDeadlineSeconds < durationSeconds else {
      throw DSLError(
        .invalidInput,
        "leader.retry (\(retrySeconds) s) must be below leader.renew_deadline (\(renewDeadlineSeconds) s), "
          + "and that below leader.lease (\(durationSeconds) s)",
        fix: "the defaults are 2s, 10s and 15s")
    }
  }
}

/// One term of a leader, as it was last written down.
package struct LeaseRecord: Sendable, Equatable {
  package var holder: LeaseHolder
  /// The fencing epoch: one more with each term, for ever. What a leader does carries it, and what carries a lower one
  /// than the present is refused.
  package var epoch: Int64
  /// When the term began, and when it was last renewed, by the holder's wall clock: for people.
  package var acquired: Timestamp
  package var renewed: Timestamp
  /// When it was last renewed, by the holder's boot-time clock: comparable under the same boot id only.
  package var renewedMonotonic: Double
  /// How often it was renewed. Whoever cannot compare clocks watches this number change.
  package var renewals: Int64
  package var durationSeconds: Double
  /// Whether the holder has the lock that dies with its process as well. Not while a stopped predecessor still has it.
  package var holdsLock: Bool
  /// When the holder gave it up by itself; `nil` while it leads, and for ever when it died.
  package var released: Timestamp?

  package init(
    holder: LeaseHolder, epoch: Int64, acquired: Timestamp, renewed: Timestamp, renewedMonotonic: Double,
    renewals: Int64 = 0, durationSeconds: Double, holdsLock: Bool, released: Timestamp? = nil
  ) {
    self.holder = holder
    self.epoch = epoch
    self.acquired = acquired
    self.renewed = renewed
    self.renewedMonotonic = renewedMonotonic
    self.renewals = renewals
    self.durationSeconds = durationSeconds
    self.holdsLock = holdsLock
    self.released = released
  }
}

/// What one look at the lease found.
package struct LeaseSight: Sendable, Equatable {
  /// The latest term; `nil` when nobody ever led.
  package var record: LeaseRecord?
  /// Whether some process has the lock that dies with it; `nil` where there is no such lock, or nobody can tell.
  package var isLocked: Bool?

  package init(record: LeaseRecord?, isLocked: Bool?) {
    self.record = record
    self.isLocked = isLocked
  }
}

/// The seam to where a lease is kept: a coordination directory, memory, later a Kubernetes `Lease`.
///
/// It only stores and compares. When to ask, and when a lease counts as lapsed, `LeaseMachine` decides the same way for
/// all. Each implementation passes the contract in `Tests/CoordinationTests/Leadership/LeaderElectionContract.swift`: of
/// several that acquire over the same sight one wins; epochs only grow; who was superseded can neither renew nor release.
package protocol LeaderElection: Sendable {
  /// Who this candidate is.
  var candidate: LeaseHolder { get }
  /// Looks, without changing anything.
  func look() async throws(DSLError) -> LeaseSight
  /// Begins a term with the next epoch, if all is still as it was seen.
  ///
  /// - Returns: the term; `nil` when somebody was faster, or the predecessor renewed after all.
  /// - Throws: `io`, `locked`: then this candidate does not lead.
  func acquire(over seen: LeaseSight, durationSeconds: Double) async throws(DSLError) -> LeaseRecord?
  /// Prolongs a term of this candidate.
  ///
  /// - Returns: the term; `nil` when another began since.
  /// - Throws: `io`, `locked`: then whether it was prolonged is not known.
  func renew(epoch: Int64) async throws(DSLError) -> LeaseRecord?
  /// Ends a term of this candidate, so that the next need not wait. Does nothing when another began since.
  func release(epoch: Int64) async throws(DSLError)
}
