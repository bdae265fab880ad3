import DSLBase

/// The document's custom strategy: scale up by two when health is low and the queue is heavy.
struct HeavyQueueStrategy: DecisionStrategy {
  let name = "heavy-queue"

  func decide(_ observation: Observation) -> [DecisionProposal] {
    let metrics = observation.metrics
    guard let health = metrics.healthScore, health < 0.4, metrics.workQueueSize > 5 else { return [] }
    let proposal = DecisionProposal(
      type: DecisionType(rawValue: "emergency_scale"), priority: 10,
      description: "Call for help with \(metrics.workQueueSize) items",
      rationale: "Heavy queue load detected", parameters: ["queue": .int(metrics.workQueueSize)],
      confidence: 0.9)
    return [proposal]
  }
}

/// Carries out `emergency_scale`, a type of our own: here by printing, elsewhere by calling a cloud.
struct EmergencyHandler: DecisionHandler {
  func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    .steps([EffectStep(action: "call_for_help", target: decision.target, parameters: decision.parameters)])
  }

  func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    print("calling for help: \(step.parameters["queue"]?.int ?? 0) items wait")
    return ["called": true]
  }

  func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    .refused("a call cannot be taken back")
  }
}
