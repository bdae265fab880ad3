package import Coordination
package import DSLBase

/// Who leads, as far as somebody who only looks can tell.
package struct LeaderStatus: Sendable, Equatable {
  /// The latest term; `nil` when nobody ever led.
  package var record: LeaseRecord?
  /// Whether the lease holds.
  package var standing: LeaseStanding
  /// Whether some process has the engine's lock; `nil` when this user cannot tell.
  package var isLocked: Bool?

  /// "leading", "expired" or "none".
  package var word: String {
    switch standing {
    case .held: "leading"
    case .lapsed: "expired"
    case .open: "none"
    }
  }

  /// Looks, without disturbing whoever leads.
  ///
  /// - Throws: when the journal cannot be read.
  package init(
    _ directory: CoordinationDirectory, _ journal: Journal?, host: String, time: any TimeSource
  ) throws {
    record = try journal?.leader()
    isLocked = DirectoryElection.isLocked(directory)
    standing = LeaseWatch.standing(
      of: LeaseSight(record: record, isLocked: isLocked),
      for: .current(host: host, bootID: time.monotonicOrigin),
      now: time.monotonicSeconds, wall: time.now)
  }

  /// All fields; `null` members where nobody ever led.
  package var json: JSONValue {
    var left: Double?
    if case .held(let seconds) = standing { left = seconds }
    return [
      "state": .string(word), "holder": .optional(record?.holder.name),
      "host": .optional(record?.holder.host), "pid": record.map { .int(Int($0.holder.pid)) } ?? .null,
      "epoch": record.map { .int(Int($0.epoch)) } ?? .null, "since": record?.acquired.json ?? .null,
      "renewed": record?.renewed.json ?? .null, "released": record?.released?.json ?? .null,
      "lease_s": .optional(record?.durationSeconds),
      "lease_left_s": .optional(left.map { ($0 * 1000).rounded() / 1000 }),
      "lock_held": isLocked.map { .bool($0) } ?? .null,
    ]
  }
}
