package import DSLBase
import GRDB

extension WorkQueue {
  /// Seconds without a claim after which an agent's preferred items are anybody's.
  static let preferenceSeconds = 5.0

  /// Says which agent should take which pending item. A hint: among equals the agent gets them first, and others leave
  /// them alone until the agent has not claimed anything for 5 s.
  ///
  /// Items that are not pending are passed over.
  package func prefer(_ assignment: [Preference]) throws(DSLError) {
    try store.write(.full) { db in
      for one in assignment {
        try db.run("UPDATE items SET prefer=? WHERE id=? AND state IN (0, 1)", one.agent, one.id)
        try db.run(
          """
          INSERT INTO preferred VALUES (?,?,?)
          ON CONFLICT DO UPDATE SET boot=excluded.boot, seen_mono=excluded.seen_mono
          """, one.agent, self.time.monotonicOrigin, self.time.monotonicSeconds)
      }
    }
  }

  /// The hints in force, by item id.
  package func preferences() throws(DSLError) -> [Preference] {
    try looking { db in
      try Row.fetchAll(
        db, sql: "SELECT id, prefer FROM items WHERE state >= 0 AND prefer IS NOT NULL ORDER BY id"
      )
      .map { Preference(id: $0[0], agent: $0[1]) }
    }
  }

  /// Takes hints back.
  ///
  /// - Parameter ids: whose; `nil` for all.
  package func clearPreferences(_ ids: [String]? = nil) throws(DSLError) {
    try store.write(.full) { db in
      guard let ids else {
        try db.execute(sql: "UPDATE items SET prefer=NULL WHERE prefer IS NOT NULL; DELETE FROM preferred")
        return
      }
      for id in ids { try db.run("UPDATE items SET prefer=NULL WHERE id=?", id) }
    }
  }

  private static let free = """
    SELECT \(ItemRow.columns) FROM items WHERE state=0 AND prefer IS NULL
    ORDER BY priority DESC, created, id LIMIT ?
    """
  private static let preferred = """
    SELECT \(ItemRow.columns) FROM items WHERE state=0 AND prefer=? ORDER BY priority DESC, created, id LIMIT ?
    """

  /// The ready items that an agent should have next, in order.
  func candidates(for agent: String, _ count: Int, _ db: Database) throws -> [ItemRow] {
    var found = try db.rows(Self.free, count, read: ItemRow.init)
    guard try db.any("SELECT 1 FROM items WHERE state=0 AND prefer IS NOT NULL LIMIT 1") else { return found }
    for holder in try agentsToServe(agent, db) {
      found += try db.rows(Self.preferred, holder, count, read: ItemRow.init)
    }
    found.sort { Self.precedes($0, $1, for: agent) }
    return Array(found.prefix(count))
  }

  /// The agents whose preferred items `agent` may take: itself, and those that have not claimed for a while.
  private func agentsToServe(_ agent: String, _ db: Database) throws -> [String] {
    let (boot, now) = (time.monotonicOrigin, time.monotonicSeconds)
    try db.run("UPDATE preferred SET boot=?, seen_mono=? WHERE agent=?", boot, now, agent)
    return try db.rows(
      """
      SELECT DISTINCT prefer FROM items WHERE state=0 AND prefer IS NOT NULL AND (prefer = ?1 OR NOT EXISTS
        (SELECT 1 FROM preferred WHERE agent = prefer AND boot = ?2 AND seen_mono > ?3)) ORDER BY prefer
      """, agent, boot, now - Self.preferenceSeconds
    ) { $0.text(0) }
  }

  /// The order of claiming: priority, then the agent's own, then age, then id.
  private static func precedes(_ one: ItemRow, _ other: ItemRow, for agent: String) -> Bool {
    let (mine, its) = (one.prefer == agent ? 0 : 1, other.prefer == agent ? 0 : 1)
    if one.priority != other.priority { return one.priority > other.priority }
    if mine != its { return mine < its }
    if one.created != other.created { return one.created < other.created }
    return one.id.utf8.lexicographicallyPrecedes(other.id.utf8)
  }
}
