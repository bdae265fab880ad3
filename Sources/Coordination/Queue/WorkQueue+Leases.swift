package import DSLBase
import GRDB

extension WorkQueue {
  /// Prolongs leases from now on. Also one that ran out, as long as nobody has taken the item.
  ///
  /// - Returns: the ids whose claim is lost; the work on them should stop.
  /// - Throws: `io`, `corrupt`, `locked`.
  package func renew(_ claims: [ClaimReference], leaseSeconds: Double) throws(DSLError) -> [String] {
    let lease = deadline(leaseSeconds)
    // Without a wait for the disk: a power failure ends the holder as well as the lease.
    return try store.write(.normal) { db in
      try claims.filter { claim in
        try db.run(
          "UPDATE items SET boot=?, due_mono=?, due_wall=? WHERE id=? AND state=2 AND epoch=? AND token=?",
          lease.boot, lease.monotonic, lease.wall.nanoseconds, claim.id, claim.epoch, claim.token)
        return db.changesCount == 0
      }.map(\.id)
    }
  }

  /// Notes how far the work on an item is.
  ///
  /// - Parameters:
  ///   - percent: 0…100.
  ///   - note: a few words; cut off at 1000 bytes.
  /// - Throws: `conflict` naming the present holder when the claim is lost; `invalidInput`.
  package func progress(_ claim: ClaimReference, percent: Double?, note: String?) throws(DSLError) {
    guard percent.map({ (0...100).contains($0) }) ?? true else {
      throw DSLError(.invalidInput, "the progress of item \(claim.id) must be from 0 to 100")
    }
    try store.write(.normal) { db in
      let item = try self.held(by: claim, db)
      try db.run(
        "UPDATE items SET percent=ifnull(?, percent), note=ifnull(?, note) WHERE key=?", percent,
        note.map { Self.bounded($0, 1000) }, item.key)
    }
  }

  /// Gives claims back unfinished; the attempt does not count. Claims that are already lost are passed over.
  package func release(_ claims: [ClaimReference]) throws(DSLError) {
    try store.write(.normal) { db in
      for claim in claims {
        guard let item = try Self.item(claim.id, db), item.isHeld(by: claim) else { continue }
        try Self.offer(item.key, attempts: item.attempts, db)
      }
    }
  }

  /// Ends claims whose lease has run out.
  ///
  /// The item is offered again; the lost attempt counts, and after the last one (`max_attempts` of its record, else
  /// `lostLeaseLimit`) it is parked as failed instead.
  ///
  /// - Returns: the claims ended.
  /// - Throws: `io`, `corrupt`, `locked`.
  package func reclaimExpired() throws(DSLError) -> [ReclaimedClaim] {
    let reclaimed = try store.write(.full) { db in try self.endDue(db) }
    if reclaimed.contains(where: \.parked) { finished(reclaimed.count { $0.parked }) }
    return reclaimed
  }

  private static let due = """
    SELECT key FROM items WHERE state>0 AND boot=?1 AND due_mono<=?2
    UNION ALL SELECT key FROM items WHERE state>0 AND boot<?1
    UNION ALL SELECT key FROM items WHERE state>0 AND boot>?1
    """
  private static let byKey = "SELECT \(ItemRow.columns) FROM items WHERE key=?"

  /// Ends what is due: waiting items become ready, claims without a lease end.
  func endDue(_ db: Database) throws -> [ReclaimedClaim] {
    let keys = try db.rows(Self.due, time.monotonicOrigin, time.monotonicSeconds) { $0.int(0) }
    var reclaimed: [ReclaimedClaim] = []
    for key in keys {
      guard let item = try db.first(Self.byKey, key, read: ItemRow.init), item.isDue(time) else { continue }
      guard item.state == .claimed, let agent = item.agent else {
        try Self.offer(item.key, attempts: item.attempts, db)
        continue
      }
      let attempts = item.attempts + 1
      let parked = attempts >= item.maxAttempts ?? Self.lostLeaseLimit
      if parked {
        try park(item, attempts, "lease lost \(attempts) times, last by agent \(agent)", db)
      } else {
        try Self.offer(item.key, attempts: attempts, db)
      }
      reclaimed.append(ReclaimedClaim(id: item.id, agent: agent, epoch: item.epoch, parked: parked))
    }
    return reclaimed.sorted { $0.id < $1.id }
  }

  /// Makes an item ready for whoever asks next.
  static func offer(_ key: Int64, attempts: Int, epochsPassed: Int64 = 0, _ db: Database) throws {
    try db.run(
      """
      UPDATE items SET state=0, attempts=?, epoch=epoch+?, boot=NULL, due_mono=NULL, due_wall=NULL, agent=NULL,
        token=NULL, claimed_wall=NULL, claimed_mono=NULL, percent=NULL, note=NULL, record=NULL WHERE key=?
      """, attempts, epochsPassed, key)
  }

  static func item(_ id: String, _ db: Database) throws -> ItemRow? {
    try db.first(byID, id, read: ItemRow.init)
  }

  private static let byID = "SELECT \(ItemRow.columns) FROM items WHERE id=?"

  /// The row of a claim.
  ///
  /// - Throws: `conflict` saying who holds the item now, when it is not this claim.
  func held(by claim: ClaimReference, _ db: Database) throws -> ItemRow {
    let item = try Self.item(claim.id, db)
    guard let item, item.isHeld(by: claim) else { throw try lost(claim, item, db) }
    return item
  }

  private func lost(_ claim: ClaimReference, _ item: ItemRow?, _ db: Database) throws -> DSLError {
    let name = FileName.shown(claim.id)
    let fix = "drop this result: the item is no longer this worker's"
    guard let item else {
      let finished = try db.any("SELECT 1 FROM outbox WHERE id=?", claim.id)
      let isDone =
        CoordinationDirectory.isSafe(id: claim.id)
        ? try directory.files.status(directory.record(.completed, claim.id)) != nil : false
      let why = finished || isDone ? "it is finished" : "there is no such item in the queue"
      return DSLError(.conflict, "claim \(claim.epoch) of item \(name) is not held", cause: why, fix: fix)
    }
    guard item.state == .claimed, let agent = item.agent else {
      return DSLError(
        .conflict, "claim \(claim.epoch) of item \(name) is lost", cause: "nobody holds it now", fix: fix)
    }
    let why = item.epoch == claim.epoch ? "the token is not the holder's" : "it passed on"
    return DSLError(
      .conflict,
      "claim \(claim.epoch) of item \(name) is lost: agent \(agent) holds it under epoch \(item.epoch)",
      cause: why, fix: fix)
  }

  /// Text cut off at a number of bytes, between characters.
  static func bounded(_ text: String, _ limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var result = ""
    var count = 0
    for character in text {
      count += character.utf8.count
      if count > limit - 3 { break }
      result.append(character)
    }
    return result + "…"
  }
}
