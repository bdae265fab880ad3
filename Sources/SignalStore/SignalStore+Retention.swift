import Coordination
package import DSLBase
import GRDB
import Telemetry

/// How long telemetry is kept.
package struct SignalRetention: Sendable, Equatable {
  /// Seconds after its arrival.
  package var ageSeconds: Double
  /// Bytes of packed telemetry; the oldest goes first.
  package var bytes: Int64

  package init(ageSeconds: Double = 7 * 86_400, bytes: Int64 = 1 << 30) {
    self.ageSeconds = ageSeconds
    self.bytes = bytes
  }
}

/// What upkeep did.
package struct SignalUpkeep: Sendable, Equatable {
  /// Records that were too old, or too many.
  package var expired = 0
  /// Segments that were joined into fewer.
  package var joined = 0
}

extension SignalStore {
  /// Segments of fewer bytes are joined, so that many small requests do not make many rows.
  private static let small = 256 << 10
  /// Small segments from which on they are joined, and how many at once.
  private static let many = 32
  private static let atOnce = 256

  /// Removes what is too old or too much, joins small segments, and gives room back.
  ///
  /// - Throws: `invalidState` on a store opened for reading; `locked`, `io`.
  /// - Complexity: O(what is removed or joined).
  @discardableResult
  package func keep(_ retention: SignalRetention, now: Timestamp) throws(DSLError) -> SignalUpkeep {
    var upkeep = SignalUpkeep()
    upkeep.expired = try store.write(.normal) { db in
      let oldest = now.adding(seconds: -retention.ageSeconds).nanoseconds
      var expired = try Self.remove(db, "received < \(oldest)")
      var total = try db.first("SELECT coalesce(sum(bytes), 0) FROM segments") { $0.int(0) } ?? 0
      while total > retention.bytes {
        // By arrival, in steps: what is removed is what exceeds the limit and little more.
        let surplus = total - retention.bytes
        var sum: Int64 = 0
        var last: Int64 = 0
        try db.forEach("SELECT id, bytes FROM segments ORDER BY received, id") { row in
          last = row.int(0)
          sum += row.int(1)
          return sum < surplus
        }
        expired += try Self.remove(
          db, "(received, id) <= (SELECT received, id FROM segments WHERE id = \(last))")
        total -= sum
      }
      if expired > 0 { try db.add(expired, to: "expired") }
      return expired
    }
    for signal in OTLPSignal.allCases { upkeep.joined += try join(signal) }
    if upkeep.expired > 0 || upkeep.joined > 0 { try store.shrink() }
    _ = try store.boundLog()
    return upkeep
  }

  private static func remove(_ db: Database, _ condition: String) throws -> Int {
    let records =
      try db.first("SELECT coalesce(sum(records), 0) FROM segments WHERE \(condition)") { Int($0.int(0)) }
      ?? 0
    if records > 0 { try db.run("DELETE FROM segments WHERE \(condition)") }
    return records
  }

  /// Joins small segments of one kind, those that arrived first.
  ///
  /// - Returns: how many were joined.
  private func join(_ signal: OTLPSignal) throws(DSLError) -> Int {
    try store.write(.normal) { db in
      let count = try db.first(
        "SELECT count(*) FROM segments WHERE signal=? AND bytes<?", Int(signal.number), Self.small
      ) { $0.int(0) }
      guard let count, count >= Self.many else { return 0 }
      var ids: [Int64] = []
      var segments: [Segment] = []
      var bytes = 0
      try db.forEach(
        "SELECT \(Segment.columns) FROM segments WHERE signal=? AND bytes<? ORDER BY received, id LIMIT ?",
        Int(signal.number), Self.small, Self.atOnce
      ) { row in
        guard let segment = Segment(row) else { return true }
        ids.append(row.int(0))
        bytes += segment.bytes
        segments.append(segment)
        return bytes < 4 * Self.small
      }
      for id in ids { try db.run("DELETE FROM segments WHERE id=?", id) }
      try Segment(joining: segments, of: signal).insert(into: db)
      return ids.count
    }
  }
}
