import Coordination
package import DSLBase
package import DecisionEngine

extension EngineAnalysis {
  /// The payload of `dsl auto analyze`.
  ///
  /// - Parameter directory: the coordination directory, as it was named.
  package func json(directory: String) -> JSONValue {
    let observation = status.observation
    return [
      "coordination_dir": .string(directory), "metrics": observation.metrics.json,
      "decisions": .array(verdicts.map(\.json)), "silence": .optional(decisions.silence),
      "considered": .array(decisions.considered.map(\.json)),
      "evidence": .array(observation.evidence.map(\.json)), "blind": .optional(observation.blind),
      "problems": status.snapshot.problemsJSON, "problem_count": .int(status.snapshot.problemCount),
      "control": status.control.json,
    ]
  }
}

extension Verdict {
  /// The decision's members, then what the gates say.
  package var json: JSONValue {
    var object = decision.json.object ?? [:]
    object["gate"] = [
      "passed": .bool(passed), "refused_by": .optional(refusal?.gate.rawValue),
      "reason": .optional(refusal?.reason),
      "observed": .optional(refusal?.observed), "required": .optional(refusal?.required),
      "free_at": refusal?.freesAt?.json ?? .null,
    ]
    return .object(object)
  }
}

extension Consideration {
  /// Rule, type and what became of it.
  package var json: JSONValue {
    var object: JSONObject = ["rule": .string(rule), "type": .optional(type?.rawValue)]
    switch outcome {
    case .matched(let id):
      object["outcome"] = "matched"
      object["decision_id"] = .string(id)
    case .superseded(let by):
      object["outcome"] = "superseded"
      object["by"] = .string(by)
    case .failed(let mismatch):
      object["outcome"] = "failed"
      object["condition"] = .string(mismatch.subject)
      object["observed"] = .string(mismatch.observed)
      object["required"] = .string(mismatch.required)
    case .unusable(let reason):
      object["outcome"] = "unusable"
      object["reason"] = .string(reason)
    }
    return .object(object)
  }
}
