import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct ReplayTests {
  private let observation = CheckState.sample.observation(at: Timestamp(seconds: 1_700_000_000))

  private func engine(_ name: String = "default") throws -> DecisionEngine {
    DecisionEngine(policy: try Policy.builtIn(name))
  }

  private func journaled(_ engine: DecisionEngine) -> [JSONValue] {
    engine.decide(engine.assess(observation), cycle: "c-1").decisions.map(\.json)
  }

  @Test func theSameInputsGiveTheSameDecisions() throws {
    let engine = try engine()
    let read = try journaled(engine).map { try JSONParser.parse($0.text()) }
    #expect(read.count == 2)
    let back = try Observation(json: try JSONParser.parse(engine.assess(observation).json.text()))
    #expect(Replay.compare(engine, back, cycle: "c-1", journaled: read) == [])
    #expect(Replay.compare(engine, back, cycle: "c-1", journaled: read.reversed()) == [])
  }

  @Test func theFirstDifferingFieldIsNamed() throws {
    let engine = try engine()
    var decisions = journaled(engine)
    var first = try #require(decisions[0].object)
    first["confidence"] = 0.9499999999999998
    first["rationale"] = "other"
    decisions[0] = .object(first)
    let differences = Replay.compare(engine, observation, cycle: "c-1", journaled: decisions)
    #expect(differences.map(\.kind) == ["changed"])
    #expect(
      differences.first?.text.hasPrefix("changed scale_up_critical: rationale is \"other\" in the journal")
        == true)
    first["rationale"] = journaled(engine)[0]["rationale"]
    decisions[0] = .object(first)
    #expect(
      Replay.compare(engine, observation, cycle: "c-1", journaled: decisions).map(\.text) == [
        "changed scale_up_critical: confidence is 0.9499999999999998 in the journal and 0.95 now"
      ])
  }

  @Test func anotherCycleHasOtherIds() throws {
    let engine = try engine()
    let differences = Replay.compare(engine, observation, cycle: "c-2", journaled: journaled(engine))
    #expect(differences.count == 2)
    #expect(differences.allSatisfy { $0.text.contains(": id is \"d-") })
  }

  @Test func aNestedFieldIsNamedWithItsPath() throws {
    let a: JSONValue = ["parameters": ["target_agents": 5, "x": 1]]
    let b: JSONValue = ["parameters": ["target_agents": 6]]
    #expect(Replay.firstDifference(a, b, path: "")?.0 == "parameters.target_agents")
    #expect(Replay.firstDifference(["a": 1], ["a": 1, "b": 2], path: "")?.0 == "b")
    #expect(Replay.firstDifference(["a": 1], ["a": 1.0], path: "")?.0 == "a", "bit for bit, as written")
    #expect(Replay.firstDifference(a, a, path: "") == nil)
  }

  @Test func anotherPolicyAddsDropsAndChanges() throws {
    let engine = try engine()
    let none = Replay.compare(
      try self.engine("dslmodel"), observation, cycle: "c-1", journaled: journaled(engine), byRule: true)
    #expect(none.map(\.kind) == ["dropped", "dropped"])
    #expect(none.map(\.rule) == ["scale_up_critical", "thin_telemetry"])
    let more = Replay.compare(engine, observation, cycle: "c-1", journaled: [], byRule: true)
    #expect(more.map(\.kind) == ["added", "added"])
    var bounded = engine
    bounded.limits = FleetLimits(maxAgents: 4)
    let changed = Replay.compare(
      bounded, observation, cycle: "c-1", journaled: journaled(engine), byRule: true)
    #expect(
      changed.map(\.text) == [
        "changed scale_up_critical: parameters.target_agents is 5 in the journal and 4 now"
      ])
  }

  @Test func conditionsAreReadFromSettings() throws {
    let settings: JSONValue = [
      "policy": "default", "limits.min_agents": 2, "limits.max_agents": 7, "limits.scale_factor": 1.5,
      "health": [
        "thresholds": ["degraded": 0.2, "healthy": 0.5, "optimal": 0.8],
        "terms": [["metric": "active_agents", "weight": 1.0, "saturate_at": 5.0]],
      ],
    ]
    let conditions = try JournaledConditions(settings: settings)
    #expect(conditions.policy == "default")
    #expect(conditions.limits == FleetLimits(minAgents: 2, maxAgents: 7, scaleFactor: 1.5))
    #expect(conditions.health.thresholds.healthy == 0.5)
    #expect(conditions.health.terms == [.init(.activeAgents, weight: 1, shape: .saturating(at: 5))])
    #expect(throws: DSLError.self) { try JournaledConditions(settings: ["policy": "default"]) }
  }
}
