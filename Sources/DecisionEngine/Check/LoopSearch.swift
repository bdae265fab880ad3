import DSLBase

/// Looks for starts and conditions under which the closed loop runs away or swings, the smallest first.
struct LoopSearch {
  private(set) var runaway: PolicyFinding?
  private(set) var limitCycle: PolicyFinding?
  private(set) var loops = 0
  private var loop: ClosedLoop
  private let limits: FleetLimits
  private let ruleNames: [String]

  private static let starts: [CheckState] = [0, 8, 40].flatMap { work in
    [0, 30].flatMap { completed in
      [0, 20].flatMap { telemetry in
        [0, 1, 2, 5, 10].map {
          CheckState(agents: $0, work: work, completed: completed, telemetry: telemetry)
        }
      }
    }
  }

  /// - Parameter arrivals: items a cycle that stay the same throughout a run; one set of runs each.
  init(_ engine: DecisionEngine, gates: GateSettings, arrivals: [Int]) {
    loop = ClosedLoop(engine, gates: gates)
    limits = engine.limits
    ruleNames = engine.policy.ruleNames
    let conditions = arrivals.flatMap { arrivals in
      [10.0, 90.0].flatMap { start in
        [1, 3].map { FleetModel.Conditions(arrivals: arrivals, itemCycles: $0, startSeconds: start) }
      }
    }
    for conditions in conditions {
      for start in Self.starts {
        if runaway != nil, limitCycle != nil { return }
        loops += 1
        let run = loop.run(start, conditions)
        if runaway == nil, run.passedMaximum != nil { runaway = describe(runaway: run, conditions) }
        if limitCycle == nil { limitCycle = swing(run, conditions) }
      }
    }
  }

  /// Told from where growth becomes regular: from there on the same rules pass in every cycle.
  private func describe(runaway run: ClosedLoop.Run, _ conditions: FleetModel.Conditions) -> PolicyFinding {
    let acting = run.steps.dropLast()
    let pattern = acting.last.map { Self.rules($0) } ?? []
    let regular = acting.lastIndex { Self.rules($0) != pattern && !$0.passed.isEmpty }.map { $0 + 1 } ?? 0
    let steps = Self.renumbered(run.steps[regular...])
    let (first, last) = (steps[0], steps[steps.count - 1])
    let message =
      "the fleet grows from \(first.agents) to \(last.agents) agents in \(steps.count - 1) cycles, "
      + "past its maximum of \(limits.maxAgents), with \(Self.text(conditions, work: first.work))"
    return PolicyFinding(
      .runaway, rules: inOrder(steps), message, state: Self.state(first), trace: steps)
  }

  /// Told for one period: from a step in one direction to the next in the same, after one in the other.
  private func swing(_ run: ClosedLoop.Run, _ conditions: FleetModel.Conditions) -> PolicyFinding? {
    guard run.passedMaximum == nil, run.steps.count == ClosedLoop.horizon else { return nil }
    let tail = run.directions.indices.suffix(ClosedLoop.horizon / 2).filter { run.directions[$0] != .neutral }
    let turns = zip(tail, tail.dropFirst()).filter { run.directions[$0] != run.directions[$1] }
    guard turns.count >= 3 else { return nil }
    guard let up = turns.first(where: { run.directions[$0.1] == .up })?.1,
      let again = turns.first(where: { $0.1 > up && run.directions[$0.1] == .up })?.1
    else { return nil }
    let steps = Self.renumbered(run.steps[up...min(again, run.steps.count - 1)])
    let sizes = steps.map { $0.agents + $0.starting }
    let message =
      "the fleet swings between \(sizes.min() ?? 0) and \(sizes.max() ?? 0) agents every \(steps.count - 1) "
      + "cycles, with \(Self.text(conditions, work: steps[0].work))"
    return PolicyFinding(
      .limitCycle, rules: inOrder(steps), message, state: Self.state(steps[0]), trace: steps)
  }

  private func inOrder(_ steps: [LoopStep]) -> [String] {
    let named = Set(steps.flatMap(Self.scalers))
    return ruleNames.filter(named.contains)
  }

  private static func rules(_ step: LoopStep) -> [String] {
    step.passed.map { String($0.prefix { $0 != " " }) }
  }

  /// The rules that scaled the fleet.
  private static func scalers(_ step: LoopStep) -> [String] {
    step.passed.filter { $0.contains(" → ") }.map { String($0.prefix { $0 != " " }) }
  }

  private static func renumbered(_ steps: ArraySlice<LoopStep>) -> [LoopStep] {
    steps.enumerated().map { index, step in
      var step = step
      step.cycle = index
      return step
    }
  }

  private static func state(_ step: LoopStep) -> CheckState {
    CheckState(
      agents: step.agents, work: step.work, completed: step.completed, telemetry: step.telemetry)
  }

  private static func text(_ conditions: FleetModel.Conditions, work: Int) -> String {
    let load =
      conditions.arrivals == 0
      ? (work == 0 ? "no work at all" : "no new work") : "\(conditions.arrivals) new items a cycle"
    return load + ", agents up \(NumberText.short(conditions.startSeconds)) s after they were asked for, "
      + "items of \(conditions.itemCycles) cycle\(conditions.itemCycles == 1 ? "" : "s")"
  }
}
