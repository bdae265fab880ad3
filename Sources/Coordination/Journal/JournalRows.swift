import DSLBase
import GRDB

extension Row {
  /// A column of ours that holds JSON.
  ///
  /// - Throws: `corrupt`.
  static func json(_ text: String, _ what: String) throws(DSLError) -> JSONValue {
    do {
      return try JSONParser.parse(text)
    } catch {
      throw DSLError(.corrupt, "journal: \(what) is not JSON", cause: "\(error)")
    }
  }

  func json(_ column: String) throws(DSLError) -> JSONValue {
    try Self.json(self[column], column)
  }

  func time(_ column: String) -> Timestamp? {
    let nanoseconds: Int64? = self[column]
    return nanoseconds.map { Timestamp(nanoseconds: $0) }
  }

  func outcome() throws(DSLError) -> DecisionOutcome? {
    let text: String? = self["outcome"]
    guard let text else { return nil }
    guard let outcome = DecisionOutcome(rawValue: text) else {
      throw DSLError(.corrupt, "journal: unknown outcome \"\(text)\"")
    }
    return outcome
  }
}

extension JournaledCycle {
  init(row: Row) throws {
    let seed: String = row["seed"]
    record = CycleRecord(
      id: row["id"], startedAt: Timestamp(nanoseconds: row["started_ns"]), backend: row["backend"],
      engineVersion: row["engine_version"], policyName: row["policy_name"], policyHash: row["policy_hash"],
      seed: UInt64(seed) ?? 0, settings: try row.json("settings"), observation: try row.json("observation"),
      metrics: try row.json("metrics"), traceID: row["trace_id"], dryRun: row["dry_run"], epoch: row["epoch"])
    let notes: String? = row["notes"]
    result = try notes.map { notes in
      CycleResult(
        executed: row["executed"], failed: row["failed"], skipped: row["skipped"],
        durationMs: row["duration_ms"], healthAfter: row["health_after"],
        notes: (try Row.json(notes, "notes").array ?? []).compactMap(\.string))
    }
  }
}

extension JournaledDecision {
  init(row: Row) throws {
    let message: String? = row["message"]
    let gate: String? = row["gate"]
    self.init(
      id: row["id"], cycle: row["cycle"], type: row["type"], target: row["target"],
      direction: row["direction"],
      decision: try row.json("decision"), at: Timestamp(nanoseconds: row["at_ns"]),
      outcome: try row.outcome(),
      message: message ?? "", durationMs: row["duration_ms"], finishedAt: row.time("finished_ns"),
      refusal: gate.map { gate in
        let reason: String? = row["reason"]
        return Refusal(gate: gate, reason: reason ?? "", observed: row["observed"], required: row["required"])
      })
    approval = row["approval"]
    epoch = (row["epoch"] as Int64?) ?? 0
    outcomeEpoch = row["outcome_epoch"]
  }
}

extension JournaledStep {
  init(row: Row) throws {
    let receipt: String? = row["receipt"]
    self.init(
      number: row["number"], step: try row.json("step"),
      receipt: try receipt.map { try Row.json($0, "receipt") },
      performedAt: row.time("performed_ns"))
  }
}

extension UndoAttempt {
  init(row: Row) throws {
    let word: String = row["outcome"]
    guard let outcome = UndoOutcome(rawValue: word) else {
      throw DSLError(.corrupt, "journal: unknown undo outcome \"\(word)\"")
    }
    let steps = try row.json("steps").array ?? []
    self.init(
      at: Timestamp(nanoseconds: row["at_ns"]), by: row["asked_by"], outcome: outcome, reason: row["reason"],
      steps: steps.map { UndoneStep(step: $0["step"]?.int ?? 0, result: $0["result"] ?? .null) })
  }
}
