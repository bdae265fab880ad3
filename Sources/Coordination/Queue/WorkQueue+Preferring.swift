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
    try store.write(.normal) { db in
      let hint = try db.cachedStatement(sql: "UPDATE items SET prefer=? WHERE id=? AND state IN (0, 1)")
      let note = try db.cachedStatement(
        sql:
          "INSERT INTO preferred VALUES (?,?,?) ON CONFLICT DO UPDATE SET boot=excluded.boot, seen_mono=excluded.seen_mono"
      )
      for one in assignment {
        try hint.execute(arguments: [one.agent, one.id])
        try note.execute(arguments: [one.agent, self.time.monotonicOrigin, self.time.monotonicSeconds])
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
    try store.write(.normal) { db in
      guard let ids else {
        try db.execute(sql: "UPDATE items SET prefer=NULL WHERE prefer IS NOT NULL; DELETE FROM preferred")
        return
      }
      let clear = try db.cachedStatement(sql: "UPDATE items SET prefer=NULL WHERE id=?")
      for id in ids { try clear.execute(arguments: [id]) }
    }
  }

  /// The ready items that an agent should have next, in order.
  func candidates(for agent: String, _ count: Int, _ db: Database) throws -> [ItemRow] {
    let free = try db.cachedStatement(
      sql: """
        SELECT \(ItemRow.columns) FROM items WHERE state=0 AND prefer IS NULL
        ORDER BY priority DESC, created, id LIMIT ?
        """)
    var found = try Row.fetchAll(free, arguments: [count]).map(ItemRow.init)
    let hints = try db.cachedStatement(
      sql: "SELECT 1 FROM items WHERE state=0 AND prefer IS NOT NULL LIMIT 1")
    guard try Int.fetchOne(hints) != nil else { return found }
    let preferred = try db.cachedStatement(
      sql: """
        SELECT \(ItemRow.columns) FROM items WHERE state=0 AND prefer=? ORDER BY priority DESC, created, id LIMIT ?
        """)
    for holder in try agentsToServe(agent, db) {
      found += try Row.fetchAll(preferred, arguments: [holder, count]).map(ItemRow.init)
    }
    found.sort { Self.precedes($0, $1, for: agent) }
    return Array(found.prefix(count))
  }

  /// The agents whose preferred items `agent` may take: itself, and those that have not claimed for a while.
  private func agentsToServe(_ agent: String, _ db: Database) throws -> [String] {
    let (boot, now) = (time.monotonicOrigin, time.monotonicSeconds)
    try db.cachedStatement(sql: "UPDATE preferred SET boot=?, seen_mono=? WHERE agent=?")
      .execute(arguments: [boot, now, agent])
    let silent = try db.cachedStatement(
      sql: """
        SELECT DISTINCT prefer FROM items WHERE state=0 AND prefer IS NOT NULL AND (prefer = ?1 OR NOT EXISTS
          (SELECT 1 FROM preferred WHERE agent = prefer AND boot = ?2 AND seen_mono > ?3)) ORDER BY prefer
        """)
    return try String.fetchAll(silent, arguments: [agent, boot, now - Self.preferenceSeconds])
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
