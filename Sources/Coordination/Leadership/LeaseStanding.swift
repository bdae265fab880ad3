package import DSLBase

/// Whether a lease that was seen still holds.
package enum LeaseStanding: Sendable, Equatable {
  /// Nobody has it: never taken, given up, or its holder is dead.
  case open
  /// Its holder did not renew in time; it may still have the lock, and may still believe to lead.
  case lapsed
  /// It holds; for so many seconds, as far as that can be told.
  case held(leftSeconds: Double?)

  /// Whether another may take over.
  package var isOpen: Bool {
    if case .held = self { false } else { true }
  }
}

/// What a candidate remembers of the lease between two looks: since when it has seen no change.
///
/// Clocks of different boots are not compared. A holder elsewhere is judged by what can be seen from here: whether its
/// lease changed within its duration, on the clock of here (client-go's rule, which tolerates any skew of the clocks).
package struct LeaseWatch: Sendable, Equatable {
  /// How much longer than its lease a single look waits, by wall clocks, where it cannot watch: clocks of machines that
  /// are kept in step differ by far less. Seconds.
  package static let skewAllowance = 60.0

  private var seen: (epoch: Int64, renewals: Int64)?
  private var since: Double?

  package init() {}

  package static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.since == rhs.since && lhs.seen?.epoch == rhs.seen?.epoch && lhs.seen?.renewals == rhs.seen?.renewals
  }

  /// Remembers what was seen just now.
  package mutating func note(_ record: LeaseRecord?, now: Double) {
    if let record, let seen, seen == (record.epoch, record.renewals) { return }
    seen = record.map { ($0.epoch, $0.renewals) }
    since = record.map { _ in now }
  }

  /// How the lease stands, for a candidate that has watched it.
  ///
  /// - Parameter now: the boot-time clock of the candidate, seconds.
  package func standing(of sight: LeaseSight, for me: LeaseHolder, now: Double) -> LeaseStanding {
    guard let record = sight.record else { return sight.isLocked == true ? .held(leftSeconds: nil) : .open }
    if let known = Self.known(record, sight, me, now) { return known }
    guard let since else { return .held(leftSeconds: record.durationSeconds) }
    return Self.rest(since + record.durationSeconds - now)
  }

  /// How the lease stands for somebody who looks once.
  ///
  /// - Parameter wall: the wall clock, for a holder of another boot.
  package static func standing(
    of sight: LeaseSight, for me: LeaseHolder, now: Double, wall: Timestamp
  ) -> LeaseStanding {
    guard let record = sight.record else { return sight.isLocked == true ? .held(leftSeconds: nil) : .open }
    if let known = known(record, sight, me, now) { return known }
    let left = record.durationSeconds + skewAllowance - wall.seconds(since: record.renewed)
    return left > 0 ? .held(leftSeconds: nil) : .lapsed
  }

  /// What needs no watching: a lease that was given up, a holder of this boot, and one that died with its boot.
  private static func known(
    _ record: LeaseRecord, _ sight: LeaseSight, _ me: LeaseHolder, _ now: Double
  ) -> LeaseStanding? {
    if record.released != nil { return .open }
    // Whoever had the lock and has it no longer is dead. A holder without it says nothing by its being free.
    let isDead = record.holdsLock && sight.isLocked == false
    if record.holder.bootID == me.bootID {
      return isDead ? .open : rest(record.renewedMonotonic + record.durationSeconds - now)
    }
    return isDead && record.holder.host == me.host ? .open : nil
  }

  private static func rest(_ seconds: Double) -> LeaseStanding {
    seconds > 0 ? .held(leftSeconds: seconds) : .lapsed
  }
}
