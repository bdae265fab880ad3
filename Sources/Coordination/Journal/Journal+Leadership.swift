package import DSLBase
import GRDB
import Synchronization

extension Journal {
  /// Terms of leaders that are kept, the latest.
  static let termLimit: Int64 = 1000

  /// The latest term; `nil` when nobody ever led.
  package func leader() throws(DSLError) -> LeaseRecord? {
    try store.read { db in try Self.latestTerm(db) } ?? nil
  }

  /// Begins a term with the next epoch, if the latest is still the one given.
  ///
  /// - Returns: `nil` when it is not.
  func beginTerm(
    _ holder: LeaseHolder, over seen: LeaseRecord?, durationSeconds: Double, holdsLock: Bool,
    wall: Timestamp, monotonic: Double
  ) throws(DSLError) -> LeaseRecord? {
    try store.write(.full) { db in
      guard try Self.latestTerm(db) == seen else { return nil }
      let record = LeaseRecord(
        holder: holder, epoch: (seen?.epoch ?? 0) + 1, acquired: wall, renewed: wall,
        renewedMonotonic: monotonic, durationSeconds: durationSeconds, holdsLock: holdsLock)
      try db.execute(
        sql: """
          INSERT INTO leadership (epoch, host, pid, start_ticks, boot_id, acquired_ns, renewed_ns, renewed_boot_s,
            renewals, duration_s, locked) VALUES (?,?,?,?,?,?,?,?,0,?,?)
          """,
        arguments: [
          record.epoch, holder.host, holder.pid, String(holder.startTicks), holder.bootID, wall.nanoseconds,
          wall.nanoseconds, monotonic, durationSeconds, holdsLock,
        ])
      try db.execute(
        sql: "DELETE FROM leadership WHERE epoch <= ?", arguments: [record.epoch - Self.termLimit])
      return record
    }
  }

  /// Begins a term above all there were and ends it at once: whoever led is superseded, and nobody leads.
  ///
  /// - Parameter epoch: what the term must be above too.
  /// - Returns: the epoch of that term.
  func passTerm(
    above epoch: Int64, by holder: LeaseHolder, wall: Timestamp, monotonic: Double
  ) throws(DSLError) -> Int64 {
    try store.write(.full) { db in
      let next = max(try Self.latestTerm(db)?.epoch ?? 0, epoch) + 1
      try db.execute(
        sql: """
          INSERT INTO leadership (epoch, host, pid, start_ticks, boot_id, acquired_ns, renewed_ns, renewed_boot_s,
            renewals, duration_s, locked, released_ns) VALUES (?,?,?,?,?,?,?,?,0,0,0,?)
          """,
        arguments: [
          next, holder.host, holder.pid, String(holder.startTicks), holder.bootID, wall.nanoseconds,
          wall.nanoseconds, monotonic, wall.nanoseconds,
        ])
      try db.execute(sql: "DELETE FROM leadership WHERE epoch <= ?", arguments: [next - Self.termLimit])
      return next
    }
  }

  /// Prolongs a term, if it is the latest and was not given up.
  ///
  /// Written so that it may be lost with the power: the leader is lost with it.
  ///
  /// - Returns: `nil` when it is not.
  func prolongTerm(
    _ epoch: Int64, holdsLock: Bool, wall: Timestamp, monotonic: Double
  ) throws(DSLError) -> LeaseRecord? {
    try store.write(.normal) { db in
      try db.cachedStatement(
        sql: """
          UPDATE leadership SET renewed_ns=?, renewed_boot_s=?, renewals=renewals+1, locked=?
          WHERE epoch=? AND released_ns IS NULL AND epoch=(SELECT max(epoch) FROM leadership)
          """
      ).execute(arguments: [wall.nanoseconds, monotonic, holdsLock, epoch])
      return db.changesCount == 1 ? try Self.latestTerm(db) : nil
    }
  }

  /// Notes that a leader gave its term up, if it is the latest.
  func endTerm(_ epoch: Int64, wall: Timestamp) throws(DSLError) {
    try store.write(.full) { db in
      try db.execute(
        sql: """
          UPDATE leadership SET released_ns=?
          WHERE epoch=? AND released_ns IS NULL AND epoch=(SELECT max(epoch) FROM leadership)
          """, arguments: [wall.nanoseconds, epoch])
    }
  }

  /// From now on every write of this object belongs to a term: it carries the epoch, and is refused in the same
  /// transaction when another term has begun.
  package func lead(_ epoch: Int64?) { fence.store(epoch ?? 0, ordering: .sequentiallyConsistent) }

  /// The epoch that writes carry; 0 outside any term.
  package var epoch: Int64 { fence.load(ordering: .sequentiallyConsistent) }

  /// - Throws: `superseded` when a term later than that of `lead` has begun.
  package func requireLeadership() throws(DSLError) {
    guard epoch > 0 else { return }
    _ = try store.read { db in try requireLeadership(db) }
  }

  /// A durable transaction of the leader.
  func writeLeading<Result>(
    _ durability: Durability = .full, _ body: (Database) throws -> Result
  ) throws(DSLError) -> Result {
    try store.write(durability) { db in
      try requireLeadership(db)
      return try body(db)
    }
  }

  private func requireLeadership(_ db: Database) throws {
    let epoch = epoch
    guard epoch > 0 else { return }
    let statement = try db.cachedStatement(sql: "SELECT max(epoch) FROM leadership")
    guard let latest = try Int64.fetchOne(statement), latest > epoch else { return }
    let leader = try Self.latestTerm(db)
    throw DSLError(
      .superseded, "the directory is led by \(leader?.holder.name ?? "another engine") with epoch \(latest)",
      cause: "this engine led with epoch \(epoch), and its lease has lapsed",
      fix: "nothing: what it had begun is settled by the new leader")
  }

  private static func latestTerm(_ db: Database) throws -> LeaseRecord? {
    let statement = try db.cachedStatement(sql: "SELECT * FROM leadership ORDER BY epoch DESC LIMIT 1")
    return try Row.fetchOne(statement).map(LeaseRecord.init(row:))
  }
}

extension LeaseRecord {
  init(row: Row) {
    let ticks: String = row["start_ticks"]
    self.init(
      holder: LeaseHolder(
        host: row["host"], pid: row["pid"], startTicks: UInt64(ticks) ?? 0, bootID: row["boot_id"]),
      epoch: row["epoch"], acquired: Timestamp(nanoseconds: row["acquired_ns"]),
      renewed: Timestamp(nanoseconds: row["renewed_ns"]), renewedMonotonic: row["renewed_boot_s"],
      renewals: row["renewals"], durationSeconds: row["duration_s"], holdsLock: row["locked"],
      released: row.time("released_ns"))
  }
}
