package import DSLBase
import GRDB

/// What a journal keeps, as points in time and numbers.
package struct JournalRetention: Sendable, Equatable {
  /// Cycles without a decision that began before this are forgotten.
  package var idleBefore: Timestamp
  /// Cycles and decisions before this are forgotten.
  package var allBefore: Timestamp
  /// Decisions from this time on that can still be undone are kept, whatever else says.
  package var undoableSince: Timestamp
  /// Rows forgotten in one go at most; the rest waits for the next.
  package var limit: Int
  /// The newest verdicts that are kept with their decisions: what confidence is calibrated by.
  package var verdicts = 500

  package init(idleBefore: Timestamp, allBefore: Timestamp, undoableSince: Timestamp, limit: Int) {
    self.idleBefore = idleBefore
    self.allBefore = allBefore
    self.undoableSince = undoableSince
    self.limit = limit
  }
}

/// What was forgotten, and why older rows stay.
package struct JournalPruned: Sendable, Equatable {
  package var cycles = 0
  package var decisions = 0
  /// Texts of policies by which no cycle that is left decided.
  package var policies = 0
  /// Whether nothing was left over for the next time.
  package var isComplete = true
  /// Old decisions that stay because they can still be undone.
  package var keptUndoable = 0
  /// Old decisions that stay because they have no outcome yet.
  package var keptUnfinished = 0

  package init() {}
}

extension Journal {
  /// The name under which `state` holds what was forgotten in all.
  static let prunedKey = "pruned"

  /// Forgets old cycles and decisions with all that belongs to them, in one transaction.
  ///
  /// What stays, however old: decisions without an outcome; executed ones that were not undone, from `undoableSince` on;
  /// the newest verdicts with their decisions; a decision whose undo is under way; and the cycles of all these. Times
  /// that gates and verification still look at are the caller's to spare.
  ///
  /// - Throws: `io`, `locked`, `corrupt`; then nothing was forgotten.
  package func prune(_ retention: JournalRetention, now: Timestamp) throws(DSLError) -> JournalPruned {
    try writeLeading(.normal) { db in try Self.prune(retention, now, db) }
  }

  /// What `prune` would do; nothing is changed.
  ///
  /// - Complexity: the journal is copied into memory.
  package func pruning(_ retention: JournalRetention, now: Timestamp) throws(DSLError) -> JournalPruned {
    let copy = try StateDatabase(copying: store, migrations: JournalSchema.migrations)
    return try copy.write(.normal) { db in try Self.prune(retention, now, db) }
  }

  private static func prune(_ retention: JournalRetention, _ now: Timestamp, _ db: Database) throws
    -> JournalPruned
  {
    var pruned = JournalPruned()
    let limit = max(0, retention.limit)
    let decisions = try forgettable(retention, limit, db)
    for id in decisions {
      for table in ["steps", "undo", "verifications"] {
        try db.run("DELETE FROM \(table) WHERE decision=?", id)
      }
      try db.run("DELETE FROM decisions WHERE id=?", id)
    }
    let cycles = try db.rows(
      """
      SELECT id FROM cycles WHERE started_ns < ?
        AND NOT EXISTS (SELECT 1 FROM decisions WHERE decisions.cycle = cycles.id) ORDER BY started_ns LIMIT ?
      """, max(retention.idleBefore, retention.allBefore).nanoseconds, limit - decisions.count
    ) { $0.text(0) }
    for cycle in cycles { try db.run("DELETE FROM cycles WHERE id=?", cycle) }
    let policies = cycles.isEmpty ? [] : try unusedPolicies(db)
    for hash in policies { try db.run("DELETE FROM policies WHERE hash=?", hash) }
    let approvals = try oldApprovals(retention, limit, db)
    for id in approvals { try db.run("DELETE FROM approvals WHERE id=?", id) }
    try HashChain.forget(db, refs: decisions + cycles + policies + approvals + [prunedKey], at: now)
    pruned.decisions = decisions.count
    pruned.cycles = cycles.count
    pruned.isComplete = decisions.count + cycles.count < limit
    pruned.policies = policies.count
    pruned.keptUnfinished = try count("outcome IS NULL AND at_ns < ?", retention.allBefore, db)
    pruned.keptUndoable = try count(
      "\(isUndoable) AND at_ns < ? AND at_ns >= \(retention.undoableSince.nanoseconds)", retention.allBefore,
      db)
    try note(pruned, now, db)
    return pruned
  }

  /// Executed, and no attempt to undo it succeeded.
  private static let isUndoable = """
    outcome IN ('executed', 'stopped')
    AND NOT EXISTS (SELECT 1 FROM undo WHERE undo.decision = decisions.id AND undo.outcome = 'reverted')
    """

  private static func forgettable(_ retention: JournalRetention, _ limit: Int, _ db: Database) throws
    -> [String]
  {
    try db.rows(
      """
      SELECT id FROM decisions WHERE at_ns < ? AND outcome IS NOT NULL AND NOT (at_ns >= ? AND \(isUndoable))
        AND id NOT IN (SELECT decision FROM verifications ORDER BY seq DESC LIMIT ?)
        AND id IS NOT (SELECT json_extract(value, '$.decision') FROM state WHERE key = ?)
      ORDER BY at_ns, seq LIMIT ?
      """, retention.allBefore.nanoseconds, retention.undoableSince.nanoseconds, retention.verdicts,
      undoMark, limit
    ) { $0.text(0) }
  }

  private static func count(_ condition: String, _ before: Timestamp, _ db: Database) throws -> Int {
    Int(
      try db.first("SELECT count(*) FROM decisions WHERE \(condition)", before.nanoseconds) { $0.int(0) } ?? 0
    )
  }

  /// Requests for approval that are over.
  private static func oldApprovals(_ retention: JournalRetention, _ limit: Int, _ db: Database) throws
    -> [String]
  {
    try db.rows(
      "SELECT id FROM approvals WHERE NOT open AND changed_ns < ? ORDER BY seq LIMIT ?",
      retention.allBefore.nanoseconds, limit
    ) { $0.text(0) }
  }

  private static func unusedPolicies(_ db: Database) throws -> [String] {
    try db.rows(
      """
      SELECT hash FROM policies
      WHERE NOT EXISTS (SELECT 1 FROM cycles WHERE cycles.policy_hash = policies.hash)
      """
    ) { $0.text(0) }
  }

  /// Adds to what was forgotten in all, so that a reader of the journal knows that it is no longer whole.
  private static func note(_ pruned: JournalPruned, _ now: Timestamp, _ db: Database) throws {
    let before = try db.first("SELECT value FROM state WHERE key=?", prunedKey) { $0.text(0) }
    let total = try before.map { try Row.json($0, "state \(prunedKey)") }
    let note: JSONValue = [
      "at": now.json, "cycles": .int((total?["cycles"]?.int ?? 0) + pruned.cycles),
      "decisions": .int((total?["decisions"]?.int ?? 0) + pruned.decisions),
      "complete": .bool(pruned.isComplete),
    ]
    try remember(prunedKey, note, db)
  }
}
