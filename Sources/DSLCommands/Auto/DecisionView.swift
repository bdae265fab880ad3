import Coordination
import DSLBase

/// How journaled decisions are shown.
enum DecisionView {
  /// One decision in a list.
  static func summary(_ entry: JournaledDecision) -> JSONValue {
    [
      "id": .string(entry.id), "cycle": .string(entry.cycle), "type": .string(entry.type),
      "target": .string(entry.target), "priority": entry.decision["priority"] ?? .null,
      "description": entry.decision["description"] ?? .null,
      "confidence": entry.decision["confidence"] ?? .null, "at": entry.at.json,
      "outcome": .optional(entry.outcome?.rawValue), "message": .string(entry.message),
      "gate": .optional(entry.refusal?.gate), "duration_ms": .optional(entry.durationMs),
      "undone": .bool(entry.isUndone), "verdict": entry.verdict ?? .null,
    ]
  }

  /// Everything that is known of one.
  static func whole(_ entry: JournaledDecision) -> JSONValue {
    var object = summary(entry).object ?? [:]
    object["decision"] = entry.decision
    object["finished_at"] = entry.finishedAt?.json ?? .null
    if let refusal = entry.refusal {
      object["refusal"] = [
        "gate": .string(refusal.gate), "reason": .string(refusal.reason),
        "observed": .optional(refusal.observed), "required": .optional(refusal.required),
      ]
    }
    object["steps"] = .array(
      entry.steps.map { step in
        [
          "number": .int(step.number), "step": step.step, "receipt": step.receipt ?? .null,
          "performed_at": step.performedAt?.json ?? .null,
        ]
      })
    object["undo"] = .array(
      entry.undo.map { attempt in
        [
          "at": attempt.at.json, "by": .string(attempt.by), "outcome": .string(attempt.outcome.rawValue),
          "reason": .string(attempt.reason),
          "steps": .array(attempt.steps.map { ["step": .int($0.step), "result": $0.result] }),
        ]
      })
    return .object(object)
  }

  /// A cycle as it stands in the journal.
  static func summary(_ cycle: JournaledCycle) -> JSONValue {
    var object: JSONObject = [
      "id": .string(cycle.record.id), "started_at": cycle.record.startedAt.json,
      "backend": .string(cycle.record.backend), "policy": .string(cycle.record.policyName),
      "policy_hash": .string(cycle.record.policyHash), "engine_version": .string(cycle.record.engineVersion),
      "trace_id": .optional(cycle.record.traceID), "metrics": cycle.record.metrics,
      "finished": .bool(cycle.result != nil),
    ]
    if let result = cycle.result {
      object["executed"] = .int(result.executed)
      object["failed"] = .int(result.failed)
      object["skipped"] = .int(result.skipped)
      object["duration_ms"] = .double(result.durationMs)
      object["health_after"] = .optional(result.healthAfter)
      object["notes"] = .strings(result.notes)
    }
    return .object(object)
  }

  /// The list that follows a status; nothing when there is none.
  static func recent(_ entries: [JournaledDecision], _ paint: Paint) -> String {
    guard !entries.isEmpty else { return "" }
    return paint("Recent decisions\n", .strong) + table(entries, paint)
  }

  /// One line a decision.
  static func table(_ entries: [JournaledDecision], _ paint: Paint) -> String {
    var table = TextTable()
    for entry in entries {
      table.rows.append([
        "  " + String(entry.at.description.prefix(19)) + "Z", entry.id, entry.type, outcome(entry, paint),
        Shown.clipped(Shown.safe(entry.refusal?.reason ?? entry.message), 80),
      ])
    }
    return table.text(paint)
  }

  private static func outcome(_ entry: JournaledDecision, _ paint: Paint) -> String {
    if entry.isUndone { return paint("undone", .warning) }
    return switch entry.outcome {
    case .executed: paint("executed", .good)
    case .failed, .undoneAfterFailure: paint("failed", .bad)
    case .stopped: paint("stopped", .warning)
    case .nothingToDo: paint("nothing to do", .quiet)
    case .refused: paint("refused by \(entry.refusal?.gate ?? "a gate")", .warning)
    case nil: paint("unfinished", .warning)
    }
  }
}
