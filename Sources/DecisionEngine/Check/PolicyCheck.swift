import DSLBase

/// Looks for the faults of a policy before it acts: over a grid of states, and in the loop that it closes.
///
/// The grid answers exactly for the states it has. The closed loop is a search over some starts and loads
/// (`FleetModel`): what it finds is real under that model, and finding nothing is no proof. Each finding that has a
/// state comes with what derives it again (`PolicyTrace`).
package enum PolicyCheck {
  /// Checks an engine's policy under its health model, limits and gates.
  ///
  /// - Complexity: O(states of the grid · size of the policy).
  package static func run(
    _ engine: DecisionEngine, gates: GateSettings = GateSettings(), grid: CheckGrid = .documented
  ) -> PolicyReport {
    let census = GridCensus(engine, grid)
    let loops = LoopSearch(engine, gates: gates.modelled.checking(engine.policy), arrivals: grid.arrivals)
    var findings = deadZones(census, engine) + loops.findings
    findings += neverFires(census, engine) + shadowed(census, engine) + blocked(census, engine, gates)
    findings += needApproval(engine, gates) + contradictions(census, engine) + notProduced(census, engine)
    var numbers: [PolicyFinding.Kind: Int] = [:]
    for place in findings.indices {
      let kind = findings[place].kind
      numbers[kind, default: 0] += 1
      findings[place].id = "\(kind.rawValue)-\(numbers[kind] ?? 0)"
      if findings[place].proof == nil, let state = findings[place].state {
        findings[place].proof = PolicyTrace(start: state)
      }
    }
    return PolicyReport(
      policy: engine.policy.name, gridStates: grid.count, allStates: grid.count * grid.situations.count,
      loops: loops.loops, shares: census.shares.filter { $0.health != .unknown }, findings: findings)
  }

  private static func deadZones(_ census: GridCensus, _ engine: DecisionEngine) -> [PolicyFinding] {
    [HealthState.critical, .degraded].compactMap { health in
      let zones = CheckState.Situation.allCases.compactMap { situation in
        census.silent[GridCensus.Zone(health: health, situation: situation)]
      }
      guard let first = zones.first, let smallest = first.smallest else { return nil }
      let tally = census.shares[health.number]
      let share =
        tally.states > 0
        ? " (\(percent(tally.silent, of: tally.states)) of the \(health) states of the grid)" : ""
      var finding = PolicyFinding(
        .deadZone,
        "in \(first.count.counted("\(health) state")) no rule matches and the policy says no reason" + share,
        state: smallest, states: first.count)
      let sampleHealth = engine.assess(CheckState.sample.observation()).metrics.healthState
      if census.isSampleSilent, sampleHealth == health { finding.sample = .sample }
      return finding
    }
  }

  private static func neverFires(_ census: GridCensus, _ engine: DecisionEngine) -> [PolicyFinding] {
    engine.policy.rules.enumerated().compactMap { index, rule in
      guard census.matched[index] == 0 else { return nil }
      return PolicyFinding(.neverFires, rules: [rule.name], "rule \(rule.name) matches in no state")
    }
  }

  private static func shadowed(_ census: GridCensus, _ engine: DecisionEngine) -> [PolicyFinding] {
    engine.policy.rules.enumerated().compactMap { index, rule in
      guard census.matched[index] > 0, census.chosen[index].count == 0, let entry = census.superseded[index]
      else {
        return nil
      }
      let winner = engine.policy.rules[entry.by].name
      return PolicyFinding(
        .shadowed, rules: [rule.name, winner],
        "rule \(rule.name) matches in \(entry.tally.count.counted("state")), and in each another has precedence, "
          + "such as \(winner)",
        state: entry.tally.smallest, states: entry.tally.count)
    }
  }

  private static func blocked(
    _ census: GridCensus, _ engine: DecisionEngine, _ gates: GateSettings
  ) -> [PolicyFinding] {
    engine.policy.rules.enumerated().filter { $0.element.confidence < gates.requiredConfidence }.map {
      index, rule in
      var finding = blocked(rule, gates)
      (finding.state, finding.states) = (census.chosen[index].smallest, census.chosen[index].count)
      return finding
    }
  }

  private static func blocked(_ rule: Policy.Rule, _ gates: GateSettings) -> PolicyFinding {
    let (has, needs) = NumberText.pair(rule.confidence, gates.requiredConfidence)
    return PolicyFinding(
      .blocked, rules: [rule.name],
      "rule \(rule.name) has the confidence \(has) at best, and the gate asks for \(needs)")
  }

  /// What is wrong with rules whatever they are asked about: their confidence is below the gate's, or people have to
  /// approve all that they decide.
  package static func withoutStates(_ engine: DecisionEngine, gates: GateSettings) -> [PolicyFinding] {
    engine.policy.rules.filter { $0.confidence < gates.requiredConfidence }.map { blocked($0, gates) }
      + needApproval(engine, gates)
  }

  private static func needApproval(_ engine: DecisionEngine, _ gates: GateSettings) -> [PolicyFinding] {
    var approval = gates.approval
    approval.rules.merge(engine.policy.approvers) { max($0, $1) }
    return engine.policy.rules.compactMap { rule in
      let decision = Decision(
        id: rule.name, type: rule.type, priority: rule.priority, description: "", rationale: "",
        confidence: rule.confidence, target: rule.target, createdAt: Timestamp(seconds: 0), rule: rule.name)
      guard let demand = approval.demand(decision) else { return nil }
      let people = demand.approvers == 1 ? "a person" : "\(demand.approvers) people"
      return PolicyFinding(
        .needsApproval, rules: [rule.name],
        "nothing that rule \(rule.name) decides is done before \(people) approved it: \(demand.reason); "
          + "the closed loop takes it as approved")
    }
  }

  private static func contradictions(_ census: GridCensus, _ engine: DecisionEngine) -> [PolicyFinding] {
    let pairs = census.opposed.sorted { ($0.key.first, $0.key.second) < ($1.key.first, $1.key.second) }
    return pairs.map { pair, tally in
      let names = [engine.policy.rules[pair.first].name, engine.policy.rules[pair.second].name]
      return PolicyFinding(
        .contradiction, rules: names,
        "rules \(names[0]) and \(names[1]) want to scale \(engine.policy.rules[pair.first].target) in opposite "
          + "directions in \(tally.count.counted("state"))",
        state: tally.smallest, states: tally.count)
    }
  }

  private static func notProduced(_ census: GridCensus, _ engine: DecisionEngine) -> [PolicyFinding] {
    let produced = engine.policy.rules.indices.filter { census.chosen[$0].count > 0 }
    let types = Set(produced.map { engine.policy.rules[$0].type })
    return DecisionType.all.filter { !types.contains($0) }.map { type in
      PolicyFinding(.notProduced, "no state leads to a decision of type \(type)")
    }
  }

  private static func percent(_ part: Int, of whole: Int) -> String {
    guard whole > 0 else { return "0 %" }
    let tenths = (part * 2000 + whole) / (2 * whole)
    return "\(tenths / 10).\(tenths % 10) %"
  }
}

extension GateSettings {
  /// The gates as a model of the loop has them: what people have to approve is taken as approved, else the loop would
  /// never close, and a dry run would leave nothing to look at.
  package var modelled: GateSettings {
    var gates = self
    gates.dryRun = false
    gates.approval = GateSettings.Approval()
    return gates
  }
}
