import DSLBase

/// A policy, its gates and a model of a fleet, turn by turn: the same gates as the real loop, on the same history.
/// Fast, for searching; `ModelRun` is the same with the engine that acts.
struct ClosedLoop {
  /// Cycles by which a run that passed the maximum goes on, to show that nothing stops it.
  static let beyond = 2

  private let machine: PolicyMachine
  private let gates: GateSettings
  /// One decision a rule, with everything that the gates look at.
  private let prototypes: [Decision]

  init(_ engine: DecisionEngine, gates: GateSettings) {
    machine = PolicyMachine(engine)
    self.gates = gates
    prototypes = engine.policy.rules.map { rule in
      Decision(
        id: rule.name, type: rule.type, priority: rule.priority, description: "", rationale: "",
        confidence: rule.confidence, target: rule.target, createdAt: Timestamp(seconds: 0), rule: rule.name)
    }
  }

  /// Runs the loop from a state, until its horizon, until nothing changes any more, or until just beyond the maximum.
  func run(_ start: CheckState, _ conditions: FleetModel.Conditions, cycles: Int) -> LoopHistory {
    var history = LoopHistory()
    var fleet = FleetModel(start, conditions)
    var past: [PastActionFact] = []
    let maximum = max(machine.engine.limits.maxAgents, start.agents)
    var rest = cycles
    while rest > 0 {
      let before = fleet.state
      if before.agents > maximum { rest = min(rest, Self.beyond + 1) }
      machine.ask(before)
      let time = Timestamp(seconds: Double(history.count) * FleetModel.cycleSeconds)
      history.append(before, act(on: &fleet, time, &past))
      rest -= 1
      fleet.advance()
      let isSettled = conditions.later == nil || history.count > FleetModel.Conditions.stepCycle
      if isSettled, fleet.state == before, machine.answer.chosen.isEmpty { break }
    }
    return history
  }

  private func act(
    on fleet: inout FleetModel, _ time: Timestamp, _ past: inout [PastActionFact]
  ) -> ActionDirection {
    let chosen = machine.answer.chosen
    guard !chosen.isEmpty else { return .neutral }
    let verdicts = Gate.judge(
      chosen.map { prototypes[$0] }, settings: gates, history: GateHistory(past: past), now: time)
    var scaled = ActionDirection.neutral
    for (rule, verdict) in zip(chosen, verdicts) where verdict.passed {
      past.append(
        PastActionFact(type: verdict.decision.type, target: verdict.decision.target, at: time))
      if let direction = fleet.perform(verdict.decision, target: machine.target(rule)) { scaled = direction }
    }
    return scaled
  }
}

extension FleetModel {
  /// Carries a decision out as far as the model knows it.
  ///
  /// - Parameter target: its `target_agents`; NaN when it has none.
  /// - Returns: the direction in which it changed the fleet, if it did.
  mutating func perform(_ decision: Decision, target: Double) -> ActionDirection? {
    let direction = ActionDirection(of: decision.type)
    guard direction != .neutral, decision.target == "fleet", target.magnitude < 1e6 else { return nil }
    let before = state
    scale(direction, to: Int(target))
    return state == before ? nil : direction
  }
}
