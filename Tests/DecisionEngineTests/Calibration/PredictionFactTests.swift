import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct PredictionFactTests {
  private let start = Timestamp(seconds: 1000)

  private func fact(
    _ type: DecisionType, _ metric: MetricName, _ direction: Prediction.Direction, at offset: Double = 0,
    rule: String = "r", settled: Double? = nil, within: Double = 60
  ) -> PredictionFact {
    PredictionFact(
      type: type, rule: rule,
      prediction: Prediction(metric: metric, direction: direction, withinSeconds: within),
      madeAt: start.adding(seconds: offset), settledAt: settled.map { start.adding(seconds: $0) })
  }

  private func outcome(
    _ verification: Verification, _ others: [PredictionFact] = [], after seconds: Double = 30
  ) -> PredictionOutcome {
    fact(.scaleUp, .activeAgents, .up)
      .outcome(verification, among: others, at: start.adding(seconds: seconds)).outcome
  }

  @Test func verdictsCount() {
    #expect(outcome(.met) == .hit)
    #expect(outcome(.missed) == .miss)
    #expect(outcome(.worse) == .miss)
    #expect(outcome(.unknown) == .unknown)
  }

  @Test func whatIsJudgedFarTooLateIsUnknown() {
    #expect(outcome(.met, after: 600) == .hit)
    #expect(outcome(.met, after: 601) == .unknown)
    let found = fact(.scaleUp, .activeAgents, .up).outcome(.missed, among: [], at: start.adding(seconds: 900))
    #expect(found.reason == "it was judged 900 s after it was made")
  }

  @Test func aHitThatAnotherMayHaveCausedIsUnknown() {
    let other = fact(.restart, .activeAgents, .up, at: 10)
    #expect(outcome(.met, [other]) == .unknown)
    #expect(outcome(.missed, [other]) == .miss, "it did not come even with help")
    #expect(outcome(.met, [fact(.scaleUp, .activeAgents, .up, at: 10)]) == .hit, "its own kind")
    #expect(outcome(.met, [fact(.scaleUp, .activeAgents, .up, at: 10, rule: "s")]) == .unknown)
    #expect(outcome(.met, [fact(.healthCheck, .activeAgents, .steady)]) == .hit, "it moves nothing")
    #expect(outcome(.met, [fact(.restart, .staleAgents, .up)]) == .hit, "another metric")
  }

  @Test func aMissThatAnotherMayHaveCausedIsUnknown() {
    let down = fact(.scaleDown, .activeAgents, .down, at: 10, rule: "shrink")
    #expect(outcome(.missed, [down]) == .unknown)
    #expect(outcome(.worse, [down]) == .unknown)
    #expect(outcome(.met, [down]) == .hit, "in spite of it")
    let found = fact(.scaleUp, .activeAgents, .up).outcome(
      .missed, among: [down], at: start.adding(seconds: 60))
    #expect(found.reason == "scale_down by shrink may have prevented it")
    let steady = fact(.optimize, .throughputPerMinute, .steady)
    let fall = fact(.scaleDown, .throughputPerMinute, .down)
    #expect(steady.outcome(.missed, among: [fall], at: start).outcome == .unknown)
  }

  @Test(
    arguments: [
      (-60.0, nil, false), (-59, nil, true), (-59, -1, false), (-59, 5, true), (30, nil, true),
      (31, nil, false),
    ] as [(Double, Double?, Bool)])
  func onlyWhatWasAtWorkMeanwhileInterferes(at offset: Double, settled: Double?, interferes: Bool) {
    let other = fact(.restart, .activeAgents, .up, at: offset, settled: settled)
    #expect(outcome(.met, [other]) == (interferes ? .unknown : .hit))
  }
}
