import DSLBase
import RandomPolicies
import Testing

@testable import DecisionEngine

/// The machine that checks use answers as the engine that acts, in everything that a check looks at.
@Suite struct PolicyMachineTests {
  /// A metric that joins the catalogue moves the slots behind it.
  @Test func theScoreStandsBehindTheMetrics() {
    #expect(PolicyMachine.names.firstIndex(of: "health_score") == CheckState.scoreSlot)
    #expect(CheckState.scoreSlot == MetricCatalog.standard.names.count)
  }

  private func states(_ count: Int, seed: UInt64) -> [CheckState] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      CheckState(
        agents: Int.random(in: 0...12, using: &random), work: Int.random(in: 0...40, using: &random),
        completed: Int.random(in: 0...60, using: &random), telemetry: Int.random(in: 0...25, using: &random),
        situation: CheckState.Situation.allCases.randomElement(using: &random) ?? .usual)
    }
  }

  private func compare(_ engine: DecisionEngine, _ states: [CheckState], _ note: String) -> Int {
    let machine = PolicyMachine(engine)
    var decided = 0
    for state in states {
      let observation = engine.assess(state.observation())
      let set = engine.decide(observation, cycle: "c")
      machine.ask(state)
      let place = "\(note): \(state.text)"
      #expect(machine.answer.state == observation.metrics.healthState, "\(place)")
      if let score = observation.metrics.healthScore {
        #expect(machine.score.bitPattern == score.bitPattern, "\(place)")
      }
      let names = engine.policy.ruleNames
      #expect(machine.answer.chosen.map { names[$0] } == set.decisions.map(\.rule), "\(place)")
      let superseded = set.considered.compactMap { entry -> String? in
        if case .superseded(let winner) = entry.outcome { "\(entry.rule) by \(winner)" } else { nil }
      }
      let found = machine.answer.superseded.map { "\(names[$0.rule]) by \(names[$0.by])" }
      #expect(found.sorted() == superseded.sorted(), "\(place)")
      for (rule, decision) in zip(machine.answer.chosen, set.decisions) {
        guard let target = decision.parameters["target_agents"]?.double else { continue }
        #expect(machine.target(rule) == target, "\(place)")
      }
      decided += set.decisions.count
      guard set.decisions.isEmpty else { continue }
      var scope = Scope(observation, limits: engine.limits, thresholds: engine.health.thresholds)
      scope.bind(engine.policy.bindings)
      let said = engine.policy.silences.firstIndex { $0.when.ask(scope) == .met }
      #expect(machine.answer.silence == said, "\(place)")
    }
    return decided
  }

  @Test(arguments: ["default", "dslmodel"])
  func shippedPoliciesAnswerAlike(name: String) throws {
    let engine = DecisionEngine(policy: try Policy.builtIn(name))
    #expect(compare(engine, states(1500, seed: 7), name) > 500)
  }

  @Test(arguments: [1, 2, 3, 20_250_627] as [UInt64])
  func randomPoliciesAnswerAlike(seed: UInt64) throws {
    var source = RandomPolicy(seed: seed, metrics: MetricCatalog.standard.names)
    var decided = 0
    for number in 0..<40 {
      let text = source.text()
      let policy = try Policy(yaml: text, file: "random.yaml")
      let engine = DecisionEngine(policy: policy, limits: FleetLimits(minAgents: 2, maxAgents: 7))
      decided += compare(engine, states(25, seed: seed &+ UInt64(number)), "seed \(seed), policy \(number)")
    }
    #expect(decided > 100, "seed \(seed): the policies are not all mute")
  }

  /// What is kept of a block must not show in the next state: in the order of a grid as state by state.
  @Test(arguments: [4, 5, 6] as [UInt64])
  func theOrderOfTheQuestionsDoesNotMatter(seed: UInt64) throws {
    var source = RandomPolicy(seed: seed, metrics: MetricCatalog.standard.names)
    var grid = CheckGrid()
    (grid.agents, grid.work, grid.completed, grid.telemetry) = (1...2, 0...3, 0...2, 0...8)
    for number in 0..<8 {
      let engine = DecisionEngine(policy: try Policy(yaml: source.text(), file: "random.yaml"))
      let machine = PolicyMachine(engine)
      var asked = 0
      grid.forEach(signature: machine.signature) { state, situations in
        machine.ask(state)
        for situation in situations {
          var state = state
          state.situation = situation
          let fresh = PolicyMachine(engine)
          fresh.ask(state)
          let place: Comment = "seed \(seed), policy \(number): \(state.text)"
          #expect(machine.answer.chosen == fresh.answer.chosen, place)
          #expect(machine.answer.matched == fresh.answer.matched, place)
          #expect(
            machine.answer.state == fresh.answer.state && machine.answer.silence == fresh.answer.silence,
            place)
          asked += 1
        }
      }
      #expect(asked == 2 * 4 * 3 * 3 * 8)
    }
  }
}
