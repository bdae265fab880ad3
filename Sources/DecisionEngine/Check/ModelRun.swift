import DSLBase

/// A closed loop with the engine that acts, and everything that it decided: the proof of a finding.
struct ModelRun {
  struct Cycle {
    var id: String
    var observation: Observation
    var set: DecisionSet
    var verdicts: [Verdict]
    var step: LoopStep
  }

  private(set) var cycles: [Cycle] = []
  private(set) var history = LoopHistory()
  /// The state after the last cycle.
  private(set) var end: CheckState

  /// Runs the loop.
  ///
  /// - Parameters:
  ///   - conditions: `nil` for a single look at the state, after which nothing moves.
  ///   - cycles: how many.
  init(
    _ engine: DecisionEngine, gates: GateSettings, _ start: CheckState,
    _ conditions: FleetModel.Conditions?, cycles count: Int
  ) {
    end = start
    guard let conditions else {
      look(engine, gates, start, [])
      return
    }
    var fleet = FleetModel(start, conditions)
    var past: [PastActionFact] = []
    for _ in 0..<count {
      look(engine, gates, fleet.state, past)
      act(on: &fleet, &past)
      fleet.advance()
    }
    end = fleet.state
  }

  private mutating func look(
    _ engine: DecisionEngine, _ gates: GateSettings, _ state: CheckState, _ past: [PastActionFact]
  ) {
    let number = cycles.count
    let time = Timestamp(seconds: Double(number) * FleetModel.cycleSeconds)
    let id = "check-\(number)"
    let observation = engine.assess(state.observation(at: time))
    let set = engine.decide(observation, cycle: id)
    let verdicts = Gate.judge(set.decisions, settings: gates, history: GateHistory(past: past), now: time)
    let step = LoopStep(
      cycle: number, agents: state.agents, starting: state.asked, work: state.work,
      completed: state.completed, telemetry: state.telemetry, health: observation.metrics.healthScore ?? 0,
      state: observation.metrics.healthState, passed: [],
      refused: verdicts.compactMap { verdict in
        verdict.refusal.map { "\(verdict.decision.rule): \($0.gate.rawValue)" }
      })
    cycles.append(Cycle(id: id, observation: observation, set: set, verdicts: verdicts, step: step))
    history.append(state, .neutral)
  }

  private mutating func act(on fleet: inout FleetModel, _ past: inout [PastActionFact]) {
    let last = cycles.count - 1
    let time = cycles[last].observation.at
    for verdict in cycles[last].verdicts where verdict.passed {
      let decision = verdict.decision
      past.append(PastActionFact(type: decision.type, target: decision.target, at: time))
      let target = decision.parameters["target_agents"]?.double ?? .nan
      if let direction = fleet.perform(decision, target: target) { history.setDirection(direction) }
      let isScaling = ActionDirection(of: decision.type) != .neutral && target.magnitude < 1e6
      let text = isScaling && decision.target == "fleet" ? " → \(Int(target))" : ""
      cycles[last].step.passed.append(decision.rule + text)
    }
  }
}
