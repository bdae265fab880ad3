import DSLBase
import DecisionEngine
import Testing

@Suite struct DecisionEngineTests {
  struct Fixed: DecisionStrategy {
    var name = "extra"
    var proposals: [DecisionProposal]
    func decide(_ observation: Observation) -> [DecisionProposal] { proposals }
  }

  private let engine: DecisionEngine
  init() throws { engine = DecisionEngine(policy: try Policy.default) }

  @Test func blindnessDecidesNothing() {
    var observation = Fleet(pending: 200).observation
    observation.blind = "coordination does not exist"
    let scored = engine.assess(observation)
    #expect(scored.metrics.healthScore == nil)
    #expect(scored.metrics.healthState == .unknown)
    let extra = Fixed(proposals: [
      DecisionProposal(type: .scaleUp, priority: 10, rationale: "", confidence: 1)
    ])
    let set = engine.decide(scored, cycle: "c", strategies: [extra])
    #expect(
      set
        == DecisionSet(
          decisions: [], silence: "the engine is blind: coordination does not exist", considered: []))
  }

  @Test func aMissingTermDecidesNothing() {
    var observation = Fleet(pending: 200).observation
    observation.metrics[.telemetryVolume] = nil
    let set = engine.decide(engine.assess(observation), cycle: "c")
    #expect(set.decisions.isEmpty)
    #expect(set.silence == "health is unknown: not measured: telemetry_volume")
    let unscored = engine.decide(Fleet().observation, cycle: "c")
    #expect(unscored.silence == "health is unknown: the observation has no score")
  }

  @Test func idsAreTheSameInEveryProcess() {
    let set = engine.decide(Fleet(idle: 2, pending: 8, telemetry: 4))
    #expect(set.decisions.map(\.id) == ["d-3a5fe3daafba6be1", "d-2a0456beb7905911"])
    let other = engine.decide(
      engine.assess(Fleet(idle: 2, pending: 8, telemetry: 4).observation), cycle: "c2")
    #expect(Set(other.decisions.map(\.id)).isDisjoint(with: set.decisions.map(\.id)))
    #expect(
      DecisionID.make(cycle: "ab", rule: "c", type: .optimize, target: "t")
        != DecisionID.make(cycle: "a", rule: "bc", type: .optimize, target: "t"))
  }

  @Test func strategiesAreRankedWithThePolicy() {
    let extra = Fixed(proposals: [
      DecisionProposal(
        type: DecisionType(rawValue: "emergency_scale"), priority: 99, rationale: "queue overload",
        confidence: 0.9),
      DecisionProposal(type: .optimize, priority: 3, rationale: "why not", confidence: 1.5),
    ])
    let set = engine.decide(
      Fleet(idle: 2, pending: 8, telemetry: 20), strategies: [extra, Fixed(name: "mute", proposals: [])])
    #expect(set.summary == ["scale_up p10 ->5", "emergency_scale p10"])
    let second = set.decisions[1]
    #expect(
      (second.rule, second.description, second.createdAt) == (
        "extra", "emergency_scale fleet", Timestamp(seconds: 1_700_000_000)
      ))
    let outcomes = set.considered.suffix(3).map(\.outcome)
    #expect(
      outcomes == [
        .matched(second.id), .unusable("confidence 1.5 is not within 0 and 1"), .unusable("proposes nothing"),
      ])
  }

  @Test func ofContradictingDecisionsTheBestRankedIsTaken() throws {
    let extra = Fixed(proposals: [
      DecisionProposal(type: .scaleDown, priority: 10, rationale: "", confidence: 0.99),
      DecisionProposal(type: .scaleDown, priority: 1, rationale: "", confidence: 0.99, target: "other"),
    ])
    let set = engine.decide(Fleet(idle: 2, pending: 8, telemetry: 20), strategies: [extra])
    #expect(set.decisions.map(\.rule) == ["extra", "extra"])
    let critical = try #require(set.considered.first { $0.rule == "scale_up_critical" })
    #expect(critical.outcome == .superseded(by: "extra"))
  }

  @Test func eachRuleTellsWhatKeptItFromMatching() throws {
    let set = engine.decide(Fleet(idle: 3, pending: 1, telemetry: 20))
    func outcome(_ rule: String) throws -> String {
      let found = try #require(set.considered.first { $0.rule == rule })
      guard case .failed(let mismatch) = found.outcome else { return "\(found.outcome)" }
      return mismatch.description
    }
    #expect(try outcome("scale_up_critical") == "health_state is degraded, required critical")
    #expect(try outcome("scale_up_degraded") == "missing_hands is 0, required > 0")
    #expect(try outcome("scale_up_minimum") == "health_state is degraded, required one of healthy, optimal")
    #expect(try outcome("process_backlog") == "work_queue_size is 1, required > 10")
  }

  @Test func whatWasNotMeasuredMatchesNothing() throws {
    var observation = Fleet(idle: 8, completed: 20).observation
    observation.metrics[.idleAgents] = nil
    let set = engine.decide(engine.assess(observation), cycle: "c")
    #expect(set.decisions.isEmpty)
    let rule = try #require(set.considered.first { $0.rule == "scale_down_optimal" })
    #expect(
      rule.outcome
        == .failed(ConditionMismatch(subject: "removable_agents", observed: "unknown", required: "≥ 1")))
  }
}
