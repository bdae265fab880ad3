package import DSLBase
import GRDB
import Synchronization

/// The engine's memory of what it saw, decided, did and undid: `.dsl/journal.sqlite`.
///
/// Every call is one transaction and durable when it returns. The order is the point: `intend` before the first effect,
/// `performed` after each, `finish` at the end; whatever a dead process left between is found by `unfinished`.
/// What a leader writes (`lead`) carries its epoch, and is refused in the same transaction once another term has begun.
/// Opened for reading, a journal that does not exist reads as an empty one, and nothing is created.
package final class Journal: Sendable {
  let store: StateDatabase
  /// The epoch of the term that writes belong to; 0 outside any.
  let fence = Atomic<Int64>(0)

  /// Opens the journal of a directory.
  ///
  /// - Throws: `unsupported` when a newer program wrote it; `corrupt`, `io`, `locked`.
  package init(directory: CoordinationDirectory, access: StateAccess) throws(DSLError) {
    store = try StateDatabase(
      "journal", path: directory.journal, directory: directory, access: access,
      migrations: JournalSchema.migrations, givesBack: true)
  }

  /// The name under which `state` notes an undo that was begun; its end removes it.
  package static let undoMark = "undo_in_progress"

  /// Notes the beginning of a cycle.
  ///
  /// - Parameter policyText: the text whose hash the cycle names; kept once, however many cycles it decides.
  /// - Throws: `conflict` when there is a cycle of that id.
  package func begin(_ cycle: CycleRecord, policyText: String? = nil) throws(DSLError) {
    try writeLeading { db in
      if let policyText {
        try db.run(
          "INSERT INTO policies (hash, name, text) VALUES (?,?,?) ON CONFLICT (hash) DO NOTHING",
          cycle.policyHash, cycle.policyName, policyText)
        if db.changesCount == 1 { try HashChain.append(db, .policy, cycle.policyHash) }
      }
      let known = try Row.fetchOne(db, sql: "SELECT 1 FROM cycles WHERE id=?", arguments: [cycle.id])
      guard known == nil else { throw DSLError(.conflict, "the journal already has a cycle \(cycle.id)") }
      try db.cachedStatement(
        sql: """
          INSERT INTO cycles (id, started_ns, backend, engine_version, policy_name, policy_hash, seed, settings,
            observation, metrics, trace_id, dry_run, epoch) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
          """
      ).execute(arguments: [
        cycle.id, cycle.startedAt.nanoseconds, cycle.backend, cycle.engineVersion, cycle.policyName,
        cycle.policyHash, String(cycle.seed), cycle.settings.text(), cycle.observation.text(),
        cycle.metrics.text(), cycle.traceID, cycle.dryRun, cycle.epoch,
      ])
      try HashChain.append(db, .cycle, cycle.id, at: cycle.startedAt)
    }
  }

  /// Notes how a cycle ended.
  ///
  /// - Parameter tally: counts that grow by it.
  /// - Throws: `notFound` when there is no such cycle.
  package func finishCycle(
    id: String, executed: Int, failed: Int, skipped: Int, durationMs: Double, healthAfter: Double?,
    notes: [String], tally: [TallyEntry] = []
  ) throws(DSLError) {
    try writeLeading { db in
      try db.cachedStatement(
        sql: """
          UPDATE cycles SET executed=?, failed=?, skipped=?, duration_ms=?, health_after=?, notes=? WHERE id=?
          """
      ).execute(arguments: [
        executed, failed, skipped, durationMs, healthAfter, JSONValue.strings(notes).text(), id,
      ])
      guard db.changesCount == 1 else { throw DSLError(.notFound, "the journal has no cycle \(id)") }
      try Self.count(tally, db)
      try HashChain.append(db, .cycleEnd, id)
    }
  }

  /// Notes what is about to be done, step by step, before any of it is.
  ///
  /// A decision that was refused before may be intended now, under the same id.
  ///
  /// - Parameter approval: the approval that it is carried out with; used up by this.
  /// - Throws: `conflict` when it was already intended, or the approval does not stand any more.
  package func intend(
    _ decision: JSONValue, id: String, cycle: String, type: String, target: String, direction: String,
    steps: [JSONValue], approval: String? = nil, at time: Timestamp
  ) throws(DSLError) {
    try writeLeading { db in
      try db.cachedStatement(
        sql: """
          INSERT INTO decisions (id, cycle, type, target, direction, decision, at_ns, epoch) VALUES (?,?,?,?,?,?,?,?)
          ON CONFLICT (id) DO UPDATE SET cycle=excluded.cycle, type=excluded.type, target=excluded.target,
            direction=excluded.direction, decision=excluded.decision, at_ns=excluded.at_ns, epoch=excluded.epoch,
            outcome=NULL,
            message=NULL, finished_ns=NULL, gate=NULL, reason=NULL, observed=NULL, required=NULL
          WHERE decisions.gate IS NOT NULL
          """
      ).execute(arguments: [id, cycle, type, target, direction, decision.text(), time.nanoseconds, epoch])
      guard db.changesCount == 1 else {
        throw DSLError(.conflict, "decision \(id) is already in the journal")
      }
      let insert = try db.cachedStatement(sql: "INSERT INTO steps (decision, number, step) VALUES (?,?,?)")
      for (number, step) in steps.enumerated() {
        try insert.execute(arguments: [id, number, step.text()])
      }
      if let approval { try Self.use(approval: approval, for: id, db, at: time) }
      try HashChain.append(db, .intent, id, at: time)
      // A refusal of the same decision is no longer its outcome.
      let known = try db.any("SELECT 1 FROM chain WHERE ref=? AND kind='outcome' LIMIT 1", id)
      if known { try HashChain.append(db, .outcome, id, at: time) }
    }
  }

  /// Notes that a step was performed, and what is there now.
  ///
  /// - Throws: `notFound` when no such step was intended.
  package func performed(
    decision id: String, step: Int, receipt: JSONValue, at time: Timestamp
  ) throws(DSLError) {
    try writeLeading { db in
      try db.cachedStatement(
        sql: "UPDATE steps SET receipt=?, performed_ns=?, epoch=? WHERE decision=? AND number=?"
      ).execute(arguments: [receipt.text(), time.nanoseconds, epoch, id, step])
      guard db.changesCount == 1 else {
        throw DSLError(.notFound, "the journal has no step \(step) of decision \(id)")
      }
      try HashChain.append(db, .step, id, part: Int64(step), at: time)
    }
  }

  /// Notes what became of an intended decision.
  ///
  /// - Throws: `notFound` when it was not intended; `conflict` when it already has an outcome.
  package func finish(
    decision id: String, outcome: DecisionOutcome, message: String, durationMs: Double, at time: Timestamp
  ) throws(DSLError) {
    try writeLeading { db in
      try db.cachedStatement(
        sql: """
          UPDATE decisions SET outcome=?, message=?, duration_ms=?, finished_ns=?, outcome_epoch=?
          WHERE id=? AND outcome IS NULL
          """
      ).execute(arguments: [outcome.rawValue, message, durationMs, time.nanoseconds, epoch, id])
      guard db.changesCount == 0 else { return try HashChain.append(db, .outcome, id, at: time) }
      let present = try String.fetchOne(db, sql: "SELECT outcome FROM decisions WHERE id=?", arguments: [id])
      guard let present else { throw DSLError(.notFound, "the journal has no decision \(id)") }
      throw DSLError(.conflict, "decision \(id) already ended: \(present)")
    }
  }

  /// Notes decisions that a gate held, in one transaction.
  ///
  /// - Throws: `conflict` when one of them was carried out.
  package func refused(_ entries: [RefusedDecision]) throws(DSLError) {
    guard !entries.isEmpty else { return }
    try writeLeading { db in
      let insert = try db.cachedStatement(
        sql: """
          INSERT INTO decisions (id, cycle, type, target, direction, decision, at_ns, outcome, message, finished_ns,
            gate, reason, observed, required) VALUES (?,?,?,?,'',?,?,'refused',?,?,?,?,?,?)
          ON CONFLICT (id) DO UPDATE SET at_ns=excluded.at_ns, message=excluded.message,
            finished_ns=excluded.finished_ns, gate=excluded.gate, reason=excluded.reason,
            observed=excluded.observed, required=excluded.required
          WHERE decisions.gate IS NOT NULL
          """)
      for entry in entries {
        try insert.execute(arguments: [
          entry.id, entry.cycle, entry.type, entry.target, entry.decision.text(), entry.at.nanoseconds,
          entry.reason, entry.at.nanoseconds, entry.gate, entry.reason, entry.observed, entry.required,
        ])
        guard db.changesCount == 1 else {
          throw DSLError(.conflict, "decision \(entry.id) was carried out and cannot be refused")
        }
        try HashChain.append(db, .intent, entry.id, at: entry.at)
        try HashChain.append(db, .outcome, entry.id, at: entry.at)
      }
    }
  }

  /// Notes an attempt to undo a decision. Earlier attempts are kept.
  ///
  /// - Throws: `notFound` when there is no such decision.
  package func undone(
    decision id: String, steps: [UndoneStep], outcome: UndoOutcome, reason: String, at time: Timestamp,
    by asker: String
  ) throws(DSLError) {
    let results = JSONValue.array(steps.map { ["step": .int($0.step), "result": $0.result] })
    try writeLeading { db in
      try Self.require(decision: id, db)
      try db.cachedStatement(
        sql:
          "INSERT INTO undo (decision, at_ns, asked_by, outcome, reason, steps, epoch) VALUES (?,?,?,?,?,?,?)"
      ).execute(arguments: [id, time.nanoseconds, asker, outcome.rawValue, reason, results.text(), epoch])
      try HashChain.append(db, .undo, id, part: db.lastInsertedRowID, at: time)
    }
  }

  /// Notes whether a decision had the effect that was predicted.
  ///
  /// - Parameter undoneBy: who undoes it for that, right afterwards: noted with the verdict, so that one which did harm is
  ///   undone though its engine dies in between.
  /// - Throws: `notFound` when there is no such decision.
  package func verified(
    decision id: String, _ verdict: JSONValue, undoneBy: String? = nil
  ) throws(DSLError) {
    try writeLeading { db in
      try Self.require(decision: id, db)
      try db.cachedStatement(sql: "INSERT INTO verifications (decision, verdict) VALUES (?,?)")
        .execute(arguments: [id, verdict.text()])
      try HashChain.append(db, .verification, id, part: db.lastInsertedRowID)
      if let undoneBy {
        try Self.remember(Self.undoMark, ["decision": .string(id), "by": .string(undoneBy)], db)
      }
    }
  }

  /// Remembers a small value under a name; `null` forgets it.
  package func setState(_ key: String, _ value: JSONValue) throws(DSLError) {
    try writeLeading { db in try Self.remember(key, value, db) }
  }

  static func remember(_ key: String, _ value: JSONValue, _ db: Database) throws {
    if value == .null {
      try db.run("DELETE FROM state WHERE key=?", key)
    } else {
      try db.run(
        "INSERT INTO state (key, value) VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value=excluded.value",
        key, value.text())
    }
    try HashChain.append(db, .state, key)
  }

  /// Moves the write-ahead log into the file. A writer does so by itself now and then; call it before a backup.
  package func checkpoint() throws(DSLError) { try store.checkpoint() }

  private static func require(decision id: String, _ db: Database) throws {
    let known = try Row.fetchOne(db, sql: "SELECT 1 FROM decisions WHERE id=?", arguments: [id])
    guard known != nil else { throw DSLError(.notFound, "the journal has no decision \(id)") }
  }
}
