package import DSLBase

extension PolicyFinding {
  /// Whether a run shows what the finding says.
  func isShown(by run: ModelRun, _ engine: DecisionEngine) -> Bool {
    guard let first = run.cycles.first else { return false }
    switch kind {
    case .deadZone:
      let health = first.observation.metrics.healthState
      return [.critical, .degraded].contains(health) && first.set.decisions.isEmpty
        && !engine.hasReason(first.observation)
    case .runaway:
      return quantity == .workQueueSize
        ? run.history.isBacklogGrowing(engine.limits.maxAgents)
        : run.history.passedMaximum(engine.limits.maxAgents) != nil
    case .limitCycle: return run.history.swing() != nil
    case .shadowed, .contradiction:
      return first.set.considered.contains { entry in
        guard case .superseded(let winner) = entry.outcome else { return false }
        return rules.contains(entry.rule) && rules.contains(winner)
      }
    case .blocked:
      return first.verdicts.contains {
        rules.contains($0.decision.rule) && $0.refusal?.gate == .confidence
      }
    case .neverFires, .needsApproval, .notProduced: return false
    }
  }
}

extension DecisionEngine {
  /// Whether the policy says in words why nothing is decided on a scored observation.
  package func hasReason(_ observation: Observation) -> Bool {
    var scope = Scope(observation, limits: limits, thresholds: health.thresholds)
    scope.bind(policy.bindings)
    return policy.silences.contains { $0.when.ask(scope) == .met }
  }
}
