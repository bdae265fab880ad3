package import ClusterSim
import DSLBase
package import DecisionEngine

/// Looks for the faults of a policy on simulated clusters before it acts on one.
///
/// It plays validation episodes with the engine and the gates that act (``ClusterRun``), asks the rules along a random walk as
/// well, and makes what it finds small. All of it is search: what it finds happens under what `ClusterReport.assumptions` says,
/// and finding nothing is no proof.
package struct ClusterCheck {
  /// Who shows that something could have been avoided.
  package static let yardstick = "heuristic"
  /// Steps of waiting before an episode's second loop, and of the random walk.
  private static let neglect = 100
  private static let walk = 100
  /// How far apart the starts are that are tried for what takes long to show.
  private static let stride = 5
  /// Starts of which the loop is played anew, to find the smallest that still shows a fault.
  private static let tries = 8
  /// Steps that are told of a loop.
  private static let told = 8

  let mind: ClusterMind
  /// With what people have to approve.
  private let gates: GateSettings
  let configuration: ClusterConfiguration
  let seed: Int
  let interval: Double
  private var census: ClusterCensus
  private var found: [ClusterFault: Found] = [:]
  private var (loops, failed, yardstickFailed) = (0, 0, 0)

  /// Where a fault shows.
  private struct Found {
    var loops = 0
    var run: ClusterRun
    /// Steps of the run before it shows.
    var at: Int
  }

  /// - Parameters:
  ///   - gates: as configured.
  ///   - seed: of the episodes' keys.
  ///   - interval: seconds between cycles.
  package init(
    _ engine: DecisionEngine, _ gates: GateSettings, _ configuration: ClusterConfiguration, seed: Int,
    interval: Double
  ) {
    mind = ClusterMind(engine: engine, gates: gates.forCluster(engine).modelled)
    self.gates = gates
    (self.configuration, self.seed, self.interval) = (configuration, seed, interval)
    census = ClusterCensus(engine)
  }

  /// Plays so many episodes and tells what it finds.
  ///
  /// - Parameter progress: told the number of each episode that is over.
  /// - Throws: ``DSLError`` for a configuration or seed that is not valid; `CancellationError`.
  package mutating func run(episodes: Int, progress: (Int) -> Void = { _ in }) throws -> ClusterReport {
    for number in 0..<episodes {
      try Task.checkCancellation()
      try explore(number)
      progress(number + 1)
    }
    var findings = deadZones
    for fault in ClusterFault.allCases {
      guard let found = found[fault] else { continue }
      findings.append(try describe(fault, found))
    }
    findings += unsupported + timeless
    var numbers: [ClusterFinding.Kind: Int] = [:]
    for place in findings.indices {
      let kind = findings[place].kind
      numbers[kind, default: 0] += 1
      findings[place].id = "\(kind.rawValue)-\(numbers[kind] ?? 0)"
      try complete(&findings[place])
    }
    return ClusterReport(
      policy: mind.engine.policy.name, configuration: configuration, seed: seed, episodes: episodes,
      interval: interval, looks: census.looks, loops: loops, failed: failed, yardstickFailed: yardstickFailed,
      shares: census.shares.filter { $0.health != .unknown }, findings: findings)
  }

  // MARK: looking

  private mutating func explore(_ number: Int) throws {
    let start = ClusterStart(
      number: number, key: try KeySpace.validation.key(seed: seed, episode: number), level: 0, actions: [])
    try close(start)
    let waiting = try EpisodeWalk(start.open(configuration))
    while waiting.step < Self.neglect, !waiting.isOver {
      waiting.act(Action.waiting(step: waiting.step).rawValue)
    }
    if !waiting.isOver { try close(start.later(waiting.actions)) }
    try ask(start)
  }

  /// Closes the loop from a start, and looks for faults in it.
  private mutating func close(_ start: ClusterStart) throws {
    let run = try ClusterRun(mind, configuration, start, interval: interval)
    loops += 1
    let actions = run.track.actions
    for (place, step) in run.steps.enumerated() {
      census.note(step.turn, step: step.gauges.step, start.later(actions.prefix(place)))
    }
    if run.cause.isFailure { failed += 1 }
    if try ClusterTrack(start.open(configuration), HeuristicPolicy()).cause.isFailure { yardstickFailed += 1 }
    for fault in ClusterFault.allCases {
      guard let at = try place(of: fault, in: run) else { continue }
      var entry = found[fault] ?? Found(run: run, at: at)
      entry.loops += 1
      // Of those who fail, the one that does so soonest; of the others, the earliest.
      let isSmaller =
        fault == .fails ? run.steps.count < entry.run.steps.count : at < entry.at
      if isSmaller { (entry.run, entry.at) = (run, at) }
      found[fault] = entry
    }
  }

  /// Asks the rules along a random walk.
  private mutating func ask(_ start: ClusterStart) throws {
    let walk = try EpisodeWalk(start.open(configuration))
    var random = RandomPolicy()
    random.begin(0, of: 1)
    while walk.step < Self.walk, !walk.isOver {
      let turn = mind.turn(
        walk.gauges, episode: start.number, at: Timestamp(seconds: 0), cycle: "check-\(walk.step)")
      census.note(turn, step: walk.step, start.later(walk.actions))
      walk.act(random.act(0, walk.sight))
    }
  }

  /// The first step of a run from which a fault shows; `nil` where none does.
  private func place(of fault: ClusterFault, in run: ClusterRun) throws(DSLError) -> Int? {
    guard let steps = fault.steps else { return try shows(fault, run.track, from: run, at: 0) ? 0 : nil }
    guard run.track.count >= steps else { return nil }
    let stride = fault == .noRecovery || fault == .budgetExhausted ? Self.stride : 1
    var at = 0
    while at + steps <= run.track.count {
      if try shows(fault, run.track.from(at), from: run, at: at) { return at }
      at += stride
    }
    return nil
  }

  private func shows(
    _ fault: ClusterFault, _ track: ClusterTrack, from run: ClusterRun, at: Int
  ) throws(DSLError) -> Bool {
    try shows(fault, track, run.start.later(run.track.actions.prefix(at)))
  }

  private func shows(
    _ fault: ClusterFault, _ track: ClusterTrack, _ start: ClusterStart
  ) throws(DSLError) -> Bool {
    let configuration = configuration
    return try fault.isShown(by: track, clean: configuration.cleanCost) { steps throws(DSLError) in
      try ClusterTrack(start.open(configuration), HeuristicPolicy(), steps: steps)
    }
  }

  // MARK: telling

  /// The fault from the smallest start that still shows it, in a loop of its own.
  private func describe(_ fault: ClusterFault, _ found: Found) throws(DSLError) -> ClusterFinding {
    let proof = try smallest(fault, found)
    let kind = ClusterFinding.Kind.allCases.first { $0.fault == fault } ?? .fails
    let told = fault == .fails ? Array(proof.steps.suffix(Self.told)) : Array(proof.steps.prefix(Self.told))
    let first = fault == .fails ? proof.steps.count - told.count : 0
    var rules: [String] = []
    for step in proof.steps {
      guard let rule = step.turn.decision?.rule, !rules.contains(rule) else { continue }
      rules.append(rule)
    }
    var finding = ClusterFinding(
      kind, rules: mind.engine.policy.ruleNames.filter(rules.contains),
      try message(fault, proof) + heldText(proof)
        + "; shown by \(found.loops) of \(loops.counted("loop"))")
    finding.start = proof.start
    finding.states = found.loops
    finding.cycles = proof.steps.count
    finding.trace = told.enumerated().map { ClusterLoopStep(first + $0.offset, $0.element, proof.start) }
    return finding
  }

  private func smallest(_ fault: ClusterFault, _ found: Found) throws(DSLError) -> ClusterRun {
    let run = found.run
    var tries = 0
    for at in candidates(fault, found) {
      let start = run.start.later(run.track.actions.prefix(at))
      if fault == .fails {
        // The last state from which the yardstick still saves it, without playing the policy for every one.
        guard try ClusterTrack(start.open(configuration), HeuristicPolicy()).cause == .timeLimit else {
          continue
        }
      }
      let again = try ClusterRun(
        mind, configuration, start, interval: interval, limit: fault.steps ?? .max)
      if try shows(fault, again.track, start) { return again }
      tries += 1
      if tries == Self.tries { break }
    }
    // The gates remember something that matters: from the loop's own start, then.
    return try ClusterRun(
      mind, configuration, run.start, interval: interval, limit: fault.steps.map { found.at + $0 } ?? .max)
  }

  private func candidates(_ fault: ClusterFault, _ found: Found) -> [Int] {
    fault == .fails ? Array((0..<max(1, found.run.steps.count)).reversed()) : [found.at]
  }

  private func message(_ fault: ClusterFault, _ proof: ClusterRun) throws(DSLError) -> String {
    let steps = fault.steps ?? .max
    let other = try ClusterTrack(proof.start.open(configuration), HeuristicPolicy(), steps: steps)
    func hot() -> String {
      let (policy, heuristic) = (proof.track.laterHot(steps), other.laterHot(steps))
      return
        "\(proof.track.hot[0]) cells are hot at first and \(Self.tenths(policy)) on average later, "
        + "where \(Self.yardstick) gets to \(Self.tenths(heuristic))"
    }
    switch fault {
    case .fails:
      return
        "the cluster fails (\(proof.cause.name)) \(proof.steps.count.counted("step")) after "
        + "\(proof.start.text), from where \(Self.yardstick) brings it to the time limit with the same noise"
    case .noRecovery:
      return "the cluster does not recover in \(steps) steps: \(hot())"
    case .limitCycle:
      let period = ClusterFault.period(proof.track.actions.prefix(steps)) ?? 1
      let names = proof.track.actions.prefix(period).compactMap { Action(rawValue: $0)?.name }
      return "\(names.joined(separator: ", ")), again and again for \(steps) steps: \(hot())"
    case .budgetExhausted:
      return
        "the budget pays for no clean in three of four of the last \(steps / 2) of \(steps) steps; that of "
        + "\(Self.yardstick) does in most of them"
    case .wastedActions:
      return "\(steps) interventions in a row are refused or relieve too little"
    }
  }

  private static func tenths(_ value: Double) -> String { NumberText.short((value * 10).rounded() / 10) }

  private func heldText(_ proof: ClusterRun) -> String {
    guard let most = proof.held.first else { return "" }
    return "; gate \(most.gate) held \(most.count.counted("decision")) back in these steps"
  }

  private var deadZones: [ClusterFinding] {
    [HealthState.critical, .degraded].compactMap { health in
      guard let tally = census.silent[health] else { return nil }
      var finding = ClusterFinding(
        .deadZone,
        "in \(tally.count.counted("\(health) state")) of \(census.looks) that were looked at no rule matches and the "
          + "policy says no reason")
      (finding.start, finding.states, finding.cycles) = (tally.first, tally.count, 1)
      return finding
    }
  }

  private var unsupported: [ClusterFinding] {
    mind.engine.policy.ruleTypes.compactMap { rule, type in
      guard ClusterChoice.types.contains(type) else {
        return ClusterFinding(
          .unsupported, rules: [rule], "rule \(rule) decides \(type), which a cluster cannot carry out")
      }
      guard let entry = census.unusable[rule] else { return nil }
      var finding = ClusterFinding(
        .unsupported, rules: [rule],
        "what rule \(rule) decides comes to nothing in \(entry.tally.count.counted("state")): \(entry.reason)"
      )
      (finding.start, finding.states, finding.cycles) = (entry.tally.first, entry.tally.count, 1)
      return finding
    }
  }

  /// What no state is needed for, and what the states that were looked at say of single rules.
  private var timeless: [ClusterFinding] {
    let findings = PolicyCheck.withoutStates(mind.engine, gates: gates).compactMap { finding in
      ClusterFinding.Kind(rawValue: finding.kind.rawValue).map {
        ClusterFinding($0, rules: finding.rules, finding.message)
      }
    }
    let rules = mind.engine.policy.ruleNames.enumerated().compactMap { index, rule -> ClusterFinding? in
      if census.matched[index] == 0 {
        return ClusterFinding(
          .neverFires, rules: [rule],
          "rule \(rule) matched in none of the \(census.looks) states that were looked at")
      }
      guard census.chosen[index] == 0, let winner = census.superseded[index] else { return nil }
      var finding = ClusterFinding(
        .shadowed, rules: [rule, winner.by],
        "rule \(rule) matched in \(winner.count.counted("state")), and in each another had precedence, such as "
          + winner.by)
      finding.states = winner.count
      return finding
    }
    return findings + rules
  }

  /// Adds what its start looks like.
  private func complete(_ finding: inout ClusterFinding) throws(DSLError) {
    guard let start = finding.start else { return }
    let walk = try EpisodeWalk(start.open(configuration))
    finding.seen = ClusterGlance(start, walk.gauges, digest: walk.digest)
    if finding.trace.isEmpty {
      let run = try ClusterRun(mind, configuration, start, interval: interval, limit: finding.cycles)
      finding.trace = run.steps.enumerated().map { ClusterLoopStep($0.offset, $0.element, start) }
    }
  }
}
