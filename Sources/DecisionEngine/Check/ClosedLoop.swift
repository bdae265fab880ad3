import DSLBase

/// A policy, its gates and a model of a fleet, turn by turn: the same gates as the real loop, on the same history.
struct ClosedLoop {
  /// What a run led to.
  struct Run {
    var steps: [LoopStep] = []
    /// The direction in which each cycle scaled the fleet.
    var directions: [ActionDirection] = []
    /// The first cycle with more agents than the maximum.
    var passedMaximum: Int?
  }

  /// Cycles of a run.
  static let horizon = 80
  /// Cycles by which a run that passed the maximum goes on, to show that nothing stops it.
  static let beyond = 2

  private var machine: PolicyMachine
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
  mutating func run(_ start: CheckState, _ conditions: FleetModel.Conditions) -> Run {
    var run = Run()
    var fleet = FleetModel(start, conditions)
    let maximum = max(machine.engine.limits.maxAgents, start.agents)
    var past: [PastActionFact] = []
    for cycle in 0..<Self.horizon {
      let now = Double(cycle) * FleetModel.cycleSeconds
      let before = fleet.state
      if before.agents > maximum, run.passedMaximum == nil { run.passedMaximum = cycle }
      let isLast = run.passedMaximum.map { cycle >= $0 + Self.beyond } ?? false
      machine.ask(before)
      var (step, direction) = act(on: &fleet, before, cycle, now, &past)
      if isLast { (step.passed, step.refused) = ([], []) }
      run.steps.append(step)
      run.directions.append(direction)
      if isLast { break }
      fleet.advance(to: now + FleetModel.cycleSeconds)
      if fleet.state == before, machine.answer.chosen.isEmpty { break }
    }
    return run
  }

  private func act(
    on fleet: inout FleetModel, _ state: CheckState, _ cycle: Int, _ now: Double,
    _ past: inout [PastActionFact]
  ) -> (LoopStep, ActionDirection) {
    var step = LoopStep(
      cycle: cycle, agents: state.agents, starting: state.asked, work: state.work, completed: state.completed,
      telemetry: state.telemetry, health: machine.score, state: machine.answer.state, passed: [], refused: [])
    var scaled = ActionDirection.neutral
    let time = Timestamp(seconds: now)
    let decisions = machine.answer.chosen.map { prototypes[$0] }
    let history = GateHistory(past: past)
    let verdicts =
      decisions.isEmpty ? [] : Gate.judge(decisions, settings: gates, history: history, now: time)
    for (rule, verdict) in zip(machine.answer.chosen, verdicts) {
      let decision = verdict.decision
      if let refusal = verdict.refusal {
        step.refused.append("\(decision.rule): \(refusal.gate.rawValue)")
        continue
      }
      past.append(PastActionFact(type: decision.type, target: decision.target, at: time))
      let direction = ActionDirection(of: decision.type)
      let target = machine.targets[rule]
      guard direction != .neutral, decision.target == "fleet", target.magnitude < 1e6 else {
        step.passed.append(decision.rule)
        continue
      }
      let before = fleet.state
      fleet.scale(direction, to: Int(target), now: now)
      if fleet.state != before { scaled = direction }
      step.passed.append("\(decision.rule) → \(Int(target))")
    }
    return (step, scaled)
  }
}
