import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct HealthModelTests {
  @Test(arguments: HealthVector.all)
  func vectorsHoldToTheLastBit(vector: HealthVector) {
    let score = HealthModel.standard.score(vector.metrics)
    #expect(score.value?.bitPattern == vector.score.bitPattern)
    #expect(score.state == vector.state)
    #expect(score.missing.isEmpty)
  }

  @Test(arguments: [
    (0.0, HealthState.critical), (0.3.nextDown, .critical), (0.3, .degraded), (0.6.nextDown, .degraded),
    (0.6, .healthy), (0.9.nextDown, .healthy), (0.9, .optimal), (1, .optimal),
  ])
  func statesBeginAtTheirThreshold(score: Double, state: HealthState) {
    #expect(HealthModel.standard.state(of: score) == state)
  }

  @Test func theSampleIsExplainedTermByTerm() {
    let score = HealthModel.standard.score(SystemMetrics(counts: 2, 8, 3, 4))
    #expect(
      score.explanation
        == "0.2891 critical = 0.1091 completion_rate + 0.12 active_agents + 0.04 work_queue_size + 0.02 telemetry_volume"
    )
    #expect(score.parts.map(\.value) == [3.0 / 11, 2, 8, 4])
    #expect(score.parts.map(\.shaped) == [3.0 / 11, 0.4, 1 - 0.8, 0.2])
  }

  @Test(arguments: [MetricName.completionRate, .activeAgents, .workQueueSize, .telemetryVolume])
  func whatIsNotMeasuredLeavesTheScoreUnknown(name: MetricName) {
    for absent in [nil, Double.nan, .infinity] {
      var metrics = SystemMetrics(counts: 5, 0, 10, 20)
      metrics[name] = absent
      let score = HealthModel.standard.score(metrics)
      #expect(score.value == nil)
      #expect(score.state == .unknown)
      #expect(score.missing == [name])
      #expect(score.explanation == "unknown: not measured: \(name)")
    }
  }

  @Test func aScoreWithoutTermsIsUnknown() {
    #expect(HealthModel(terms: []).score(SystemMetrics()).state == .unknown)
  }

  @Test func aCustomScoreIsAFewLines() throws {
    let text = """
      thresholds: {healthy: 50%}
      terms:
        - {metric: completion_rate, weight: 0.5, shape: value}
        - {metric: work_queue_size, weight: 0.5, inverse_at: 5}
      """
    let node = try #require(try YAMLNode.document(in: text, file: "dsl.yaml"))
    let reader = YAMLReader(file: "dsl.yaml")
    let model = try #require(HealthModel.read(node, reader))
    try reader.finish()
    #expect(model.thresholds == HealthModel.Thresholds(degraded: 0.3, healthy: 0.5, optimal: 0.9))
    let score = model.score(SystemMetrics(counts: 0, 4, 4, 0))
    #expect(score.value == 0.5 * 0.5 + 0.5 * (1 - 4.0 / 5))
    #expect(score.state == .degraded)
  }

  @Test func aWrongScoreIsRefusedLineByLine() throws {
    let text = """
      thresholds: {degraded: 0.7}
      terms:
        - {metric: complete_rate, weight: 0.5, shape: value}
        - {metric: active_agents, weight: 2, saturate_at: 0}
        - {metric: active_agents, weight: 0.1}
        - {metric: active_agents, weight: 0.1, saturate_at: 5, inverse_at: 5}
        - {weigth: 1, shape: cube}
      """
    let node = try #require(try YAMLNode.document(in: text, file: "dsl.yaml"))
    let reader = YAMLReader(file: "dsl.yaml")
    #expect(HealthModel.read(node, reader) == nil)
    #expect(
      reader.sortedProblems.map(\.description) == [
        "dsl.yaml:1:13: thresholds: thresholds must ascend: degraded < healthy < optimal",
        #"dsl.yaml:3:14: terms[0].metric: unknown metric "complete_rate", did you mean "completion_rate"?"#,
        "dsl.yaml:4:37: terms[1].weight: must be from 0 to 1, found 2",
        "dsl.yaml:4:53: terms[1].saturate_at: must be greater than 0, found 0",
        "dsl.yaml:5:5: terms[2]: give one of: shape: value, saturate_at: N, inverse_at: N",
        "dsl.yaml:6:5: terms[3]: give one of: shape: value, saturate_at: N, inverse_at: N",
        #"dsl.yaml:7:5: terms[4]: "metric" is missing"#,
        #"dsl.yaml:7:5: terms[4]: "weight" is missing"#,
        #"dsl.yaml:7:6: terms[4]: unknown key "weigth", did you mean "weight"?"#,
        #"dsl.yaml:7:24: terms[4].shape: unknown value "cube"; known: value"#,
      ])
  }
}
