import DSLBase
import DecisionEngine
import Testing

@Suite struct DefaultPolicyTests {
  private func engine(_ limits: FleetLimits = FleetLimits()) throws -> DecisionEngine {
    DecisionEngine(policy: try Policy.default, limits: limits)
  }

  @Test func theSampleDirectoryScalesUp() throws {
    let engine = try engine()
    let metrics = SystemMetrics(counts: 2, 8, 3, 4)
    let evidence = ["agents", "work", "completed", "telemetry"].map {
      SourceEvidence(source: $0, status: .unverified)
    }
    let scored = engine.assess(
      Observation(at: Timestamp(seconds: 1), backend: "files", metrics: metrics, evidence: evidence))
    #expect(scored.metrics.healthScore == 0.28909090909090907)
    #expect(scored.metrics.healthState == .critical)
    let set = engine.decide(scored, cycle: "c1")
    #expect(set.summary == ["scale_up p10 ->5", "health_check p5", "telemetry_enhance p1"])
    #expect(set.decisions[0].confidence == 0.95)
    #expect(set.decisions[0].rationale == "Health 0.2891 is critical and 8 items wait for 2 agents")
  }

  /// State → decisions, a row for each rule and each reason to hold still.
  @Test(arguments: [
    (
      "critical with backlog", Fleet(idle: 2, pending: 8, telemetry: 4),
      ["scale_up p10 ->5", "telemetry_enhance p1"]
    ),
    ("200 pending, nobody there", Fleet(pending: 200, telemetry: 0), ["scale_up p10 ->4"]),
    ("asked for before", Fleet(starting: 4, pending: 200, telemetry: 0), []),
    (
      "on its way up", Fleet(busy: 4, pending: 196, telemetry: 0),
      ["scale_up p10 ->7", "coordination_improve p6", "telemetry_enhance p1"]
    ),
    ("at the maximum", Fleet(busy: 10, pending: 90), ["coordination_improve p6"]),
    ("one item, three idle", Fleet(idle: 3, pending: 1, telemetry: 10), []),
    ("two items, nobody there", Fleet(pending: 2, completed: 1), ["scale_up p7 ->2"]),
    ("degraded, rising", Fleet(busy: 3, pending: 7, completed: 8), ["scale_up p7 ->4"]),
    ("no work at all", Fleet(idle: 2, telemetry: 10), []),
    ("healthy but nobody there", Fleet(pending: 2, completed: 998), ["scale_up p8 ->1"]),
    ("over-provisioned", Fleet(idle: 8, completed: 20), ["scale_down p2 ->5"]),
    ("only idle ones go", Fleet(idle: 1, busy: 4, completed: 400), ["scale_down p2 ->4"]),
    ("all are busy", Fleet(busy: 8, completed: 400), ["optimize p4"]),
    ("an agent is starting", Fleet(idle: 8, starting: 1, completed: 20), []),
    ("idle below optimal", Fleet(idle: 3, completed: 20), ["scale_down p2 ->2"]),
    ("the last one stays", Fleet(idle: 1, completed: 20), []),
    ("healthy with work", Fleet(busy: 3, pending: 2, completed: 20), ["optimize p4"]),
    (
      "a backlog of fifteen", Fleet(busy: 5, pending: 10, completed: 100),
      ["coordination_improve p6", "optimize p4"]
    ),
    (
      "an expired claim", Fleet(idle: 2, completed: 100, expired: 1),
      ["coordination_improve p8", "optimize p4"]
    ),
    (
      "stale agents with work", Fleet(busy: 3, stale: 2, pending: 2, completed: 20),
      ["restart p8", "optimize p4"]
    ),
    ("stale agents without work", Fleet(idle: 1, stale: 2, completed: 20), []),
    ("unverified agents", Fleet(idle: 1, completed: 20, verified: false), ["health_check p5"]),
    ("thin telemetry", Fleet(idle: 1, completed: 20, telemetry: 3), ["telemetry_enhance p1"]),
  ])
  func decidesByTheTable(name: String, fleet: Fleet, expected: [String]) throws {
    let set = try engine().decide(fleet)
    #expect(set.summary == expected)
    #expect((set.silence == nil) == !expected.isEmpty)
  }

  @Test(arguments: [
    (Fleet(starting: 4, pending: 200), "4 agents that were asked for are starting"),
    (Fleet(idle: 3, pending: 1, telemetry: 10), "3 idle agents can take the 1 items that wait"),
    (Fleet(idle: 2, telemetry: 10), "there is no work"),
    (Fleet(stale: 2, telemetry: 10), "there is no work, so the 2 stale agents need no replacement"),
    (Fleet(busy: 3), "all 3 live items are being worked on"),
  ])
  func silenceHasAReason(fleet: Fleet, words: String) throws {
    let set = try engine().decide(fleet)
    #expect(set.decisions.isEmpty)
    #expect(set.silence?.contains(words) == true, "\(set.silence ?? "nil")")
  }

  @Test func theMaximumIsNamed() throws {
    let set = try engine(FleetLimits(maxAgents: 2)).decide(Fleet(busy: 2, pending: 3))
    #expect(
      set.silence == "health is 0.32 (degraded): 3 items wait, but the fleet is at its maximum of 2 agents")
  }

  @Test func theNumbersOfTheDocument() throws {
    let engine = try engine()
    let low = SystemMetrics(counts: 0, 9, 9, 0)
    var scored = engine.assess(Observation(at: Timestamp(seconds: 1), backend: "t", metrics: low))
    scored.metrics.healthScore = 0.2
    scored.metrics.healthState = .critical
    #expect(engine.decide(scored, cycle: "c").summary.first == "scale_up p10 ->3")

    let backlog = engine.decide(
      engine.assess(Fleet(busy: 5, pending: 10, completed: 100).observation), cycle: "c")
    #expect(backlog.decisions.first?.parameters["limit"]?.int == 10)
    #expect(backlog.decisions.first?.description == "Process 10 of 15 items")

    let many = try DecisionEngine(policy: Policy.default, limits: FleetLimits(maxAgents: 20, scaleFactor: 2))
      .decide(Fleet(idle: 8, completed: 20))
    #expect(many.summary == ["scale_down p2 ->2"])
  }

  @Test(arguments: [(1.0, 5), (2.0, 8), (3.0, 10), (0.5, 4)])
  func theFactorMultipliesTheStep(factor: Double, target: Int) throws {
    let set = try engine(FleetLimits(scaleFactor: factor)).decide(Fleet(idle: 2, pending: 30, telemetry: 20))
    #expect(set.decisions.first?.parameters["target_agents"]?.int == target)
  }

  @Test func evidenceLowersConfidence() throws {
    let engine = try engine()
    var observation = Fleet(idle: 8, completed: 20).observation
    observation.evidence = [
      SourceEvidence(source: "agents", status: .stale), SourceEvidence(source: "work", status: .corrupt),
    ]
    let decision = try #require(engine.decide(engine.assess(observation), cycle: "c").decisions.first)
    #expect(abs(decision.confidence - 0.8 * 0.9 * 0.5) < 1e-15)
  }
}
