package import Coordination
package import DSLBase

extension JournaledDecision {
  /// One decision in a list.
  package var summary: JSONValue {
    [
      "id": .string(id), "cycle": .string(cycle), "type": .string(type),
      "target": .string(target), "priority": decision["priority"] ?? .null,
      "description": decision["description"] ?? .null,
      "confidence": decision["confidence"] ?? .null, "at": at.json,
      "outcome": .optional(outcome?.rawValue), "message": .string(message),
      "gate": .optional(refusal?.gate), "duration_ms": .optional(durationMs),
      "undone": .bool(isUndone), "verdict": verdict ?? .null,
    ]
  }

  /// Everything that is known of one.
  package var whole: JSONValue {
    var object = summary.object ?? [:]
    object["decision"] = decision
    object["finished_at"] = finishedAt?.json ?? .null
    if let refusal {
      object["refusal"] = [
        "gate": .string(refusal.gate), "reason": .string(refusal.reason),
        "observed": .optional(refusal.observed), "required": .optional(refusal.required),
      ]
    }
    object["steps"] = .array(
      steps.map { step in
        [
          "number": .int(step.number), "step": step.step, "receipt": step.receipt ?? .null,
          "performed_at": step.performedAt?.json ?? .null,
        ]
      })
    object["undo"] = .array(
      undo.map { attempt in
        [
          "at": attempt.at.json, "by": .string(attempt.by), "outcome": .string(attempt.outcome.rawValue),
          "reason": .string(attempt.reason),
          "steps": .array(attempt.steps.map { ["step": .int($0.step), "result": $0.result] }),
        ]
      })
    return .object(object)
  }
}

extension JournaledCycle {
  /// A cycle as it stands in the journal.
  package var summary: JSONValue {
    var object: JSONObject = [
      "id": .string(record.id), "started_at": record.startedAt.json,
      "backend": .string(record.backend), "policy": .string(record.policyName),
      "policy_hash": .string(record.policyHash), "engine_version": .string(record.engineVersion),
      "trace_id": .optional(record.traceID), "metrics": record.metrics,
      "finished": .bool(result != nil),
    ]
    if let result {
      object["executed"] = .int(result.executed)
      object["failed"] = .int(result.failed)
      object["skipped"] = .int(result.skipped)
      object["duration_ms"] = .double(result.durationMs)
      object["health_after"] = .optional(result.healthAfter)
      object["notes"] = .strings(result.notes)
    }
    return .object(object)
  }
}
