import DSLBase
import DecisionEngine
import Testing

@Suite struct OriginalPolicyTests {
  private func decide(_ metrics: SystemMetrics) throws -> (SystemMetrics, DecisionSet) {
    let engine = DecisionEngine(policy: try Policy.dslmodel)
    let observation = Observation(at: Timestamp(seconds: 1), backend: "test", metrics: metrics)
    let scored = engine.assess(observation)
    return (scored.metrics, engine.decide(scored, cycle: "c1"))
  }

  @Test(arguments: HealthVector.all)
  func vectorsAreReproduced(vector: HealthVector) throws {
    let (metrics, set) = try decide(vector.metrics)
    #expect(metrics.healthScore?.bitPattern == vector.score.bitPattern)
    #expect(
      set.decisions.map {
        HealthVector.Expected($0.type.rawValue, $0.priority, target: $0.parameters["target_agents"]?.int)
      }
        == vector.decisions)
    #expect((set.silence == nil) == !vector.decisions.isEmpty)
  }

  /// The original code once more, as a table of its branches.
  private func original(_ a: Int, _ q: Int, _ rate: Double, _ t: Int, _ state: HealthState) -> [(
    String, Int, Int?, Double
  )] {
    let table: [(Bool, (String, Int, Int?, Double))] =
      switch state {
      case .critical: [(a < 2, ("scale_up", 10, 2, 0.95)), (q > 15, ("coordination_improve", 9, nil, 0.8))]
      case .degraded:
        [(rate < 0.4, ("scale_up", 7, a + 1, 0.8)), (q > 5, ("coordination_improve", 6, nil, 0.8))]
      case .healthy: [(rate < 0.8, ("optimize", 4, nil, 0.8))]
      case .optimal:
        [
          (a > 8 || (a > 3 && q == 0), ("scale_down", 2, Swift.max(2, a - 1), 0.8)),
          (t < 10, ("telemetry_enhance", 1, nil, 0.8)),
        ]
      case .unknown: []
      }
    return table.filter(\.0).map(\.1)
  }

  @Test func everyStateOfAGridDecidesAsTheOriginal() throws {
    let engine = DecisionEngine(policy: try Policy.dslmodel)
    for agents in [0, 1, 2, 3, 4, 5, 8, 9, 20] {
      for work in [0, 1, 3, 5, 6, 10, 15, 16, 40] {
        for completed in [0, 1, 4, 10, 30, 97] {
          for telemetry in [0, 4, 9, 10, 20] {
            let metrics = SystemMetrics(counts: agents, work, completed, telemetry)
            let scored = engine.assess(
              Observation(at: Timestamp(seconds: 1), backend: "test", metrics: metrics))
            let state = scored.metrics.healthState
            let found = engine.decide(scored, cycle: "c").decisions
            let wanted = original(agents, work, metrics.completionRate, telemetry, state)
            let place = "\(agents),\(work),\(completed),\(telemetry) \(state)"
            #expect(found.map(\.type.rawValue) == wanted.map(\.0), "\(place)")
            #expect(found.map(\.priority) == wanted.map(\.1), "\(place)")
            #expect(found.map { $0.parameters["target_agents"]?.int } == wanted.map(\.2), "\(place)")
            #expect(found.map(\.confidence) == wanted.map(\.3), "\(place)")
          }
        }
      }
    }
  }

  @Test func otherParametersAreThoseOfTheOriginal() throws {
    let (_, critical) = try decide(SystemMetrics(counts: 1, 16, 0, 0))
    #expect(
      critical.decisions.map { JSONValue.object($0.parameters).text() }
        == [#"{"target_agents":2}"#, #"{"action":"clear_old_work","max_age_hours":2}"#])
    let (_, degraded) = try decide(SystemMetrics(counts: 4, 6, 4, 10))
    #expect(degraded.decisions[0].parameters["action"] == "optimize_distribution")
    let (_, healthy) = try decide(SystemMetrics(counts: 5, 0, 0, 20))
    #expect(healthy.decisions[0].parameters["focus"] == "completion_rate")
    let (_, optimal) = try decide(SystemMetrics(counts: 5, 0, 10, 9))
    #expect(optimal.decisions[1].parameters["action"] == "increase_sampling")
  }

  @Test func aDeadZoneIsNamedAsSuch() throws {
    let (_, set) = try decide(SystemMetrics(counts: 2, 8, 3, 4))
    #expect(set.decisions.isEmpty)
    #expect(
      set.silence
        == "health is 0.2891 (critical): critical_agents does not match: active_agents is 2, required < 2")
  }
}
