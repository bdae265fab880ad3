package import DSLBase
import GRDB

/// One measured prediction, as the ledger keeps it.
package struct LedgerEntry: Sendable, Equatable {
  /// The decision that made it.
  package var decision: String
  package var type: String
  /// The rule or strategy it came from.
  package var rule: String
  package var target: String
  /// The confidence with which it was carried out.
  package var confidence: Double
  /// "hit", "miss" or "unknown".
  package var outcome: String
  /// Why it is unknown; empty otherwise.
  package var reason: String
  /// The metric that was to tell.
  package var metric: String
  /// When the decision was made, and when its prediction was judged.
  package var madeAt: Timestamp
  package var judgedAt: Timestamp

  package init(
    decision: String, type: String, rule: String, target: String, confidence: Double, outcome: String,
    reason: String, metric: String, madeAt: Timestamp, judgedAt: Timestamp
  ) {
    self.decision = decision
    self.type = type
    self.rule = rule
    self.target = target
    self.confidence = confidence
    self.outcome = outcome
    self.reason = reason
    self.metric = metric
    self.madeAt = madeAt
    self.judgedAt = judgedAt
  }
}

/// The ledger of predictions: it outlives the decisions it is about, which are forgotten after their time.
extension Journal {
  /// The ledger's table, for the schema. `ref` is what the hash chain knows a row by: no other row's id looks like it.
  static let ledgerSchema = """
    CREATE TABLE ledger (
      seq INTEGER PRIMARY KEY, ref TEXT AS ('ledger-' || seq), decision TEXT NOT NULL UNIQUE,
      type TEXT NOT NULL, rule TEXT NOT NULL, target TEXT NOT NULL, confidence REAL NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
      metric TEXT NOT NULL, made_ns INTEGER NOT NULL, judged_ns INTEGER NOT NULL);
    """

  /// Enters what became of a prediction. The first entry for a decision holds: what came to light later tells of more
  /// than that decision.
  package func enter(_ entry: LedgerEntry) throws(DSLError) {
    try writeLeading { db in
      try db.cachedStatement(
        sql: """
          INSERT INTO ledger (decision, type, rule, target, confidence, outcome, reason, metric, made_ns, judged_ns)
          VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (decision) DO NOTHING
          """
      ).execute(arguments: [
        entry.decision, entry.type, entry.rule, entry.target, entry.confidence, entry.outcome, entry.reason,
        entry.metric, entry.madeAt.nanoseconds, entry.judgedAt.nanoseconds,
      ])
      guard db.changesCount == 1 else { return }
      let seq = db.lastInsertedRowID
      try HashChain.append(db, .ledger, "ledger-\(seq)", part: seq, at: entry.judgedAt)
    }
  }

  /// The latest entries, oldest first.
  ///
  /// - Parameter limit: how many.
  package func ledger(latest limit: Int) throws(DSLError) -> [LedgerEntry] {
    try store.read { db in
      let statement = try db.cachedStatement(
        sql: "SELECT * FROM (SELECT * FROM ledger ORDER BY seq DESC LIMIT ?) ORDER BY seq")
      return try Row.fetchAll(statement, arguments: [max(0, limit)]).map(LedgerEntry.init(row:))
    } ?? []
  }

  /// Forgets all but the latest entries.
  package func pruneLedger(keeping limit: Int) throws(DSLError) {
    try store.write(.normal) { db in
      let old = "FROM ledger WHERE seq <= (SELECT max(seq) FROM ledger) - ?"
      let gone = try db.rows("SELECT seq \(old)", Int64(max(0, limit))) { "ledger-\($0.int(0))" }
      guard !gone.isEmpty else { return }
      try db.run("DELETE \(old)", Int64(max(0, limit)))
      try HashChain.forget(db, refs: gone)
    }
  }
}

extension LedgerEntry {
  fileprivate init(row: Row) {
    self.init(
      decision: row["decision"], type: row["type"], rule: row["rule"], target: row["target"],
      confidence: row["confidence"], outcome: row["outcome"], reason: row["reason"], metric: row["metric"],
      madeAt: Timestamp(nanoseconds: row["made_ns"]), judgedAt: Timestamp(nanoseconds: row["judged_ns"]))
  }
}
