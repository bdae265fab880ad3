import DSLBase

/// Looks for starts and conditions under which the closed loop runs away or swings: the lightest load first, and of
/// the starts the smallest. What is found is made smaller as far as it stays, and then proved by the engine that acts.
struct LoopSearch {
  /// What a closed loop can do wrong.
  enum Fault: CaseIterable {
    /// More agents than the maximum.
    case fleet
    /// A queue that grows without end though the fleet could be made large enough.
    case queue
    /// Up, down and up again without end.
    case swing
  }

  /// Cycles of a run.
  static let horizon = 80
  /// Cycles for which a queue must go on growing.
  static let longHorizon = 320

  private(set) var findings: [PolicyFinding] = []
  private(set) var loops = 0
  private let loop: ClosedLoop
  private let engine: DecisionEngine
  private let gates: GateSettings
  private let canGrow: Bool

  /// - Parameter arrivals: loads, items a cycle; one set of runs each, and some that change from one to another.
  init(_ engine: DecisionEngine, gates: GateSettings, arrivals: [Int]) {
    loop = ClosedLoop(engine, gates: gates)
    self.engine = engine
    self.gates = gates
    canGrow = engine.policy.rules.contains { $0.type == .scaleUp && $0.target == "fleet" }
    var found: [Fault: PolicyFinding] = [:]
    for (conditions, starts) in Self.runs(arrivals) {
      for start in starts {
        if found.count == Fault.allCases.count { break }
        loops += 1
        let history = loop.run(start, conditions, cycles: Self.horizon)
        for fault in Fault.allCases where found[fault] == nil {
          guard shows(fault, history, conditions), isLasting(fault, start, conditions) else { continue }
          found[fault] = describe(fault, shrunk(fault, start, conditions), conditions)
        }
      }
    }
    findings = Fault.allCases.compactMap { found[$0] }
  }

  /// What is run: every load with every start, and every change of load with an idle fleet.
  private static func runs(_ arrivals: [Int]) -> [(FleetModel.Conditions, [CheckState])] {
    func conditions(_ load: Int, later: Int?) -> [FleetModel.Conditions] {
      [10.0, 90.0].flatMap { start in
        [1, 3].map {
          FleetModel.Conditions(arrivals: load, later: later, itemCycles: $0, startSeconds: start)
        }
      }
    }
    let starts = [0, 8, 40].flatMap { work in
      [0, 30].flatMap { completed in
        [0, 20].flatMap { telemetry in
          [0, 1, 2, 5, 10].map {
            CheckState(agents: $0, work: work, completed: completed, telemetry: telemetry)
          }
        }
      }
    }.sorted { CheckState.isSmaller($0, than: $1) }
    let idle = starts.filter { $0.work == 0 && $0.completed == 0 && $0.telemetry == 0 }
    let constant = arrivals.flatMap { conditions($0, later: nil) }.map { ($0, starts) }
    let stepped = zip(arrivals, arrivals.reversed()).filter { $0 != $1 }
      .flatMap { conditions($0, later: $1) }.map { ($0, idle) }
    return constant + stepped
  }

  private func shows(_ fault: Fault, _ history: LoopHistory, _ conditions: FleetModel.Conditions) -> Bool {
    let maximum = engine.limits.maxAgents
    let isBeyond = history.passedMaximum(maximum) != nil
    switch fault {
    case .fleet: return isBeyond
    case .swing: return !isBeyond && history.count >= Self.horizon && history.swing() != nil
    case .queue:
      let needed = conditions.lastArrivals * conditions.itemCycles
      return canGrow && !isBeyond && needed > 0 && needed < maximum && history.count >= Self.horizon
        && history.isBacklogGrowing(maximum)
    }
  }

  private func shows(_ fault: Fault, _ start: CheckState, _ conditions: FleetModel.Conditions) -> Bool {
    shows(fault, loop.run(start, conditions, cycles: Self.horizon), conditions)
      && isLasting(fault, start, conditions)
  }

  private func isLasting(_ fault: Fault, _ start: CheckState, _ conditions: FleetModel.Conditions) -> Bool {
    guard fault == .queue else { return true }
    return shows(.queue, loop.run(start, conditions, cycles: Self.longHorizon), conditions)
  }

  /// The start with each count made as small as it can be with the others as they are.
  private func shrunk(
    _ fault: Fault, _ start: CheckState, _ conditions: FleetModel.Conditions
  ) -> CheckState {
    var smallest = start
    var isSmaller = true
    while isSmaller {
      isSmaller = false
      for count in [\CheckState.work, \.completed, \.telemetry, \.agents] {
        let now = smallest[keyPath: count]
        for value in [0, now / 2, now - 1] where value >= 0 && value < smallest[keyPath: count] {
          var candidate = smallest
          candidate[keyPath: count] = value
          guard shows(fault, candidate, conditions) else { continue }
          smallest = candidate
          isSmaller = true
        }
      }
    }
    return smallest
  }

  /// The finding, if the engine that acts does the same.
  private func describe(
    _ fault: Fault, _ start: CheckState, _ conditions: FleetModel.Conditions
  ) -> PolicyFinding? {
    var start = start
    var run = ModelRun(engine, gates: gates, start, conditions, cycles: Self.horizon)
    guard shows(fault, run.history, conditions) else { return nil }
    if fault == .fleet {
      run = pursue(start, conditions, run)
      // Told from where growth becomes regular, if that is a start of its own.
      let regular = Self.regular(run)
      let again = pursue(regular, conditions, run)
      if again.history.passedMaximum(engine.limits.maxAgents) != nil { (start, run) = (regular, again) }
    }
    let told: [LoopStep]
    switch fault {
    case .fleet: told = run.cycles.map(\.step)
    case .swing: told = run.history.swing().map { run.cycles[$0].map(\.step) } ?? []
    case .queue:
      told = run.cycles.map(\.step).filter { step in
        step.cycle % 8 == 0 || step.cycle == Self.horizon - 1 || step.passed.contains { $0.contains(" → ") }
      }
    }
    var finding = PolicyFinding(
      fault == .swing ? .limitCycle : .runaway, rules: scalers(run, told),
      message(fault, told, conditions), state: start, trace: told)
    finding.quantity = fault == .queue ? .workQueueSize : .activeAgents
    finding.proof = PolicyTrace(start: start, conditions: conditions, cycles: run.cycles.count)
    return finding
  }

  /// A run that ends just beyond the maximum.
  private func pursue(
    _ start: CheckState, _ conditions: FleetModel.Conditions, _ run: ModelRun
  ) -> ModelRun {
    let cycles = loop.run(start, conditions, cycles: Self.horizon).count
    return ModelRun(engine, gates: gates, start, conditions, cycles: cycles)
  }

  /// The state from which on the same rules pass in every cycle.
  private static func regular(_ run: ModelRun) -> CheckState {
    let acting = run.cycles.dropLast(ClosedLoop.beyond).map(\.step)
    func rules(_ step: LoopStep) -> [String] { step.passed.map { String($0.prefix { $0 != " " }) } }
    let pattern = acting.last.map(rules) ?? []
    let place = acting.lastIndex { rules($0) != pattern && !$0.passed.isEmpty }.map { $0 + 1 } ?? 0
    let step = run.cycles[min(place, run.cycles.count - 1)].step
    return CheckState(
      agents: step.agents, work: step.work, completed: step.completed, telemetry: step.telemetry)
  }

  /// The rules that scaled the fleet in the cycles told, in the order of the policy.
  private func scalers(_ run: ModelRun, _ told: [LoopStep]) -> [String] {
    var named: Set<String> = []
    for text in told.flatMap({ (step: LoopStep) -> [String] in step.passed }) where text.contains(" → ") {
      named.insert(String(text.prefix { $0 != " " }))
    }
    return engine.policy.ruleNames.filter(named.contains)
  }

  private func message(
    _ fault: Fault, _ told: [LoopStep], _ conditions: FleetModel.Conditions
  ) -> String {
    guard let first = told.first, let last = told.last else { return "" }
    let maximum = engine.limits.maxAgents
    let cycles = last.cycle - first.cycle
    let load = conditions.text(work: first.work)
    switch fault {
    case .fleet:
      return "the fleet grows from \(first.agents) to \(last.agents) agents in \(cycles) cycles, "
        + "past its maximum of \(maximum), with \(load)"
    case .swing:
      let sizes = told.map { $0.agents + $0.starting }
      return
        "the fleet swings between \(sizes.min() ?? 0) and \(sizes.max() ?? 0) agents every \(cycles) cycles, "
        + "with \(load)"
    case .queue:
      let needed = conditions.lastArrivals * conditions.itemCycles
      return
        "the queue grows from \(first.work) to \(last.work) items in \(cycles) cycles and on, while the fleet "
        + "stays at \(last.agents) agents; \(needed + 1) of at most \(maximum) would work it off; with \(load)"
    }
  }
}
