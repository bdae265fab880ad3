package import DSLBase
import GRDB

extension Journal {
  /// Opens the journal for reading only.
  ///
  /// - Returns: `nil` when there is none.
  /// - Throws: `corrupt`, `io`.
  package static func openForReading(_ directory: CoordinationDirectory) throws -> Journal? {
    guard try directory.files.status(directory.journal) != nil else { return nil }
    return try Journal(directory: directory, access: .readOnly)
  }

  /// Decisions that were intended and have no outcome, oldest first: what a dead process left behind.
  package func unfinished() throws(DSLError) -> [JournaledDecision] {
    try store.read { db in
      try Self.complete(
        try Row.fetchAll(db, sql: "SELECT * FROM decisions WHERE outcome IS NULL ORDER BY seq"), db)
    } ?? []
  }

  /// Decisions, newest first unless told otherwise.
  package func decisions(_ filter: DecisionFilter) throws(DSLError) -> [JournaledDecision] {
    let (condition, values) = filter.sql
    let order = filter.oldestFirst ? "ASC" : "DESC"
    let arguments = values + [max(0, filter.limit), max(0, filter.offset)]
    let sql = """
      SELECT * FROM decisions WHERE \(condition) ORDER BY at_ns \(order), seq \(order) LIMIT ? OFFSET ?
      """
    return try store.read { db in
      try Self.complete(try Row.fetchAll(db, sql: sql, arguments: arguments), db)
    } ?? []
  }

  /// A decision by its id, or by a beginning of it that only one has.
  ///
  /// - Throws: `notFound`; `invalidInput` naming the candidates when several begin so.
  package func decision(_ id: String) throws(DSLError) -> JournaledDecision {
    let found = try store.read { db in
      try Self.complete(try Self.rows("decisions", beginning: id, db), db)
    }
    return try Self.only(found ?? [], id, "decision", \.id)
  }

  /// Cycles, newest first.
  package func cycles(_ filter: CycleFilter) throws(DSLError) -> [JournaledCycle] {
    let order = filter.oldestFirst ? "ASC" : "DESC"
    let sql = """
      SELECT * FROM cycles WHERE started_ns >= ? AND started_ns < ?
        AND (? OR EXISTS (SELECT 1 FROM decisions WHERE decisions.cycle = cycles.id))
      ORDER BY started_ns \(order), seq \(order) LIMIT ? OFFSET ?
      """
    return try store.read { db in
      try Row.fetchAll(
        db, sql: sql,
        arguments: [
          filter.since?.nanoseconds ?? .min, filter.until?.nanoseconds ?? .max, !filter.onlyWithDecisions,
          max(0, filter.limit), max(0, filter.offset),
        ]
      ).map(JournaledCycle.init(row:))
    } ?? []
  }

  /// When the newest cycles began, and how long they took: without their observations, which are many times as much to read.
  ///
  /// - Returns: newest first; `seconds` is `nil` of one that is under way, or was cut short.
  package func paces(limit: Int) throws(DSLError) -> [CyclePace] {
    let sql = """
      SELECT started_ns, trace_id, CASE WHEN notes IS NULL THEN NULL ELSE duration_ms END
      FROM cycles ORDER BY started_ns DESC, seq DESC LIMIT ?
      """
    return try store.read { db in
      try Row.fetchAll(db, sql: sql, arguments: [limit]).map { row in
        CyclePace(
          startedAt: Timestamp(nanoseconds: row[0]), traceID: row[1],
          seconds: (row[2] as Double?).map { $0 / 1000 })
      }
    } ?? []
  }

  /// A cycle by its id, or by a beginning of it that only one has.
  ///
  /// - Throws: as `decision(_:)`.
  package func cycle(_ id: String) throws(DSLError) -> JournaledCycle {
    let found = try store.read { db in
      try Self.rows("cycles", beginning: id, db).map(JournaledCycle.init(row:))
    }
    return try Self.only(found ?? [], id, "cycle", \.record.id)
  }

  /// The text of a policy by its hash, as it was when a cycle decided by it.
  ///
  /// - Returns: `nil` when the cycles of that policy are from before texts were kept, or were forgotten.
  package func policyText(hash: String) throws(DSLError) -> String? {
    try store.read { db in
      try db.first("SELECT text FROM policies WHERE hash=?", hash) { $0.text(0) }
    } ?? nil
  }

  /// Effects since a time, oldest first, unfinished ones included and refused ones not: what cooldowns and budgets
  /// count.
  package func actions(since time: Timestamp) throws(DSLError) -> [PastAction] {
    try store.read { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT id, type, target, direction, at_ns, outcome FROM decisions WHERE gate IS NULL AND at_ns >= ?
          ORDER BY at_ns, seq
          """)
      return try Row.fetchAll(statement, arguments: [time.nanoseconds]).map { row in
        PastAction(
          decision: row["id"], type: row["type"], target: row["target"], direction: row["direction"],
          at: Timestamp(nanoseconds: row["at_ns"]), outcome: try row.outcome())
      }
    } ?? []
  }

  /// Attempts to undo decisions that were noted after the one of that number, oldest first and at most `limit`, and the
  /// number of the newest there is: what somebody who looks again and again has not seen.
  package func undone(
    after number: Int64, limit: Int
  ) throws(DSLError) -> (newest: Int64, attempts: [UndoneDecision]) {
    try store.read { db in
      let newest = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM undo") ?? 0
      let statement = try db.cachedStatement(
        sql: """
          SELECT undo.decision, undo.asked_by, undo.outcome, decisions.type, decisions.target
          FROM undo JOIN decisions ON decisions.id = undo.decision
          WHERE undo.seq > ? ORDER BY undo.seq LIMIT ?
          """)
      let attempts = try Row.fetchAll(statement, arguments: [number, limit]).map { row in
        let word: String = row["outcome"]
        return UndoneDecision(
          decision: row["decision"], type: row["type"], target: row["target"], by: row["asked_by"],
          outcome: UndoOutcome(rawValue: word) ?? .partly)
      }
      return (newest, attempts)
    } ?? (0, [])
  }

  /// The value remembered under a name.
  package func state(_ key: String) throws(DSLError) -> JSONValue? {
    try store.read { db in
      let text = try String.fetchOne(db, sql: "SELECT value FROM state WHERE key=?", arguments: [key])
      return try text.map { try Row.json($0, "state \(key)") }
    } ?? nil
  }

  private static func rows(_ table: String, beginning prefix: String, _ db: Database) throws -> [Row] {
    let exact = try Row.fetchAll(db, sql: "SELECT * FROM \(table) WHERE id=?", arguments: [prefix])
    guard exact.isEmpty, !prefix.isEmpty else { return exact }
    return try Row.fetchAll(
      db, sql: "SELECT * FROM \(table) WHERE id >= ? AND id < ? ORDER BY id LIMIT 6",
      arguments: [prefix, prefix + "\u{10FFFF}"])
  }

  private static func only<Value>(
    _ found: [Value], _ id: String, _ what: String, _ name: (Value) -> String
  ) throws(DSLError) -> Value {
    guard let first = found.first else {
      throw DSLError(.notFound, "the journal has no \(what) \(id)", fix: "`dsl auto history` lists them")
    }
    guard found.count == 1 else {
      let names = found.prefix(5).map(name).joined(separator: ", ") + (found.count > 5 ? ", …" : "")
      throw DSLError(
        .invalidInput, "\(id) begins more than one \(what): \(names)", fix: "write more of the id")
    }
    return first
  }

  /// Adds steps, undo attempts and verdict to decisions.
  private static func complete(_ rows: [Row], _ db: Database) throws -> [JournaledDecision] {
    let steps = try db.cachedStatement(sql: "SELECT * FROM steps WHERE decision=? ORDER BY number")
    let undo = try db.cachedStatement(sql: "SELECT * FROM undo WHERE decision=? ORDER BY seq")
    let verdict = try db.cachedStatement(
      sql: "SELECT verdict FROM verifications WHERE decision=? ORDER BY seq DESC LIMIT 1")
    return try rows.map { row in
      var decision = try JournaledDecision(row: row)
      decision.steps = try Row.fetchAll(steps, arguments: [decision.id]).map(JournaledStep.init(row:))
      decision.undo = try Row.fetchAll(undo, arguments: [decision.id]).map(UndoAttempt.init(row:))
      decision.verdict = try String.fetchOne(verdict, arguments: [decision.id])
        .map { try Row.json($0, "verdict on \(decision.id)") }
      return decision
    }
  }
}
