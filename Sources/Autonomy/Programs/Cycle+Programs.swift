package import DSLBase
package import DecisionEngine

extension Cycle {
  /// Scores what was seen, by the score program too where there is one.
  func scored(_ observation: Observation) async -> Observation {
    await programs?.scored(observation, engine.health) ?? engine.assess(observation)
  }

  /// This cycle with what was answered in it: each strategy's proposals in its place, the health model that the score
  /// came from, and both in what is journaled, so that a replay derives the same.
  ///
  /// - Parameters:
  ///   - remedies: what remediation proposes.
  ///   - notes: takes what programs did wrong, a sentence each.
  package func asking(
    _ observation: Observation, _ remedies: [AnsweredStrategy] = [], cycle: String, notes: inout [String]
  ) async -> Cycle {
    var turn = self
    if let programs {
      turn.engine.health = programs.effective(engine.health, observation)
      notes += programs.scoreNotes(observation)
    }
    let isScored = observation.blind == nil && observation.metrics.healthScore != nil
    var answers = isScored ? strategies.map { AnsweredStrategy(asking: $0, observation) } : []
    if let asked = await programs?.ask(observation, facts: facts(cycle), types: types) {
      answers += asked.answers
      notes += asked.notes
    }
    answers += remedies
    turn.strategies = answers
    guard case .object(var settings) = provenance.settings else { return turn }
    settings["health"] = turn.engine.health.json
    if !answers.isEmpty { settings[AnsweredStrategy.journalKey] = .array(answers.map(\.json)) }
    turn.provenance.settings = .object(settings)
    return turn
  }

  /// The decision types that backend or handlers can carry out.
  private var types: [DecisionType] {
    backend.supports + handlers.keys.sorted().filter { !backend.supports.contains($0) }
  }

  private func facts(_ cycle: String) -> JSONObject {
    let limits = engine.limits
    return [
      "cycle": .string(cycle), "policy": .string(provenance.policyName),
      "limits": [
        "min_agents": .int(limits.minAgents), "max_agents": .int(limits.maxAgents),
        "scale_factor": .double(limits.scaleFactor),
      ],
      "gates": [
        "min_confidence": .double(gates.forceConfidence ?? gates.minConfidence),
        "max_decisions_per_cycle": .int(gates.maxDecisionsPerCycle), "dry_run": .bool(gates.dryRun),
      ],
    ]
  }
}
