import DSLBase
import DecisionEngine
import Testing

@Suite struct PredictionTests {
  private let engine: DecisionEngine
  init() throws { engine = DecisionEngine(policy: try Policy.default) }

  private func verify(_ before: Fleet, _ after: Fleet, seconds: Double, _ type: DecisionType) throws
    -> Verification
  {
    let first = engine.assess(before.observation)
    var second = engine.assess(after.observation)
    second.at = first.at.adding(seconds: seconds)
    let decision = try #require(engine.decide(first, cycle: "c").decisions.first { $0.type == type })
    let prediction = try #require(engine.predict(decision, first))
    return engine.verify(prediction, before: first, after: second)
  }

  @Test func scalingUp() throws {
    let before = Fleet(idle: 2, pending: 8)
    #expect(try verify(before, Fleet(busy: 5, pending: 3), seconds: 10, .scaleUp) == .met)
    #expect(try verify(before, Fleet(busy: 2, starting: 3, pending: 6), seconds: 10, .scaleUp) == .unknown)
    #expect(try verify(before, Fleet(busy: 2, pending: 6), seconds: 60, .scaleUp) == .missed)
    #expect(try verify(before, Fleet(pending: 8, completed: 0), seconds: 60, .scaleUp) == .worse)
  }

  @Test func removingIdleAgentsIsNoHarmAlthoughTheScoreFalls() throws {
    let before = Fleet(idle: 5, completed: 20)
    let after = Fleet(idle: 3, completed: 20)
    let scores = [before, after].map { engine.assess($0.observation).metrics.healthScore ?? 0 }
    #expect(scores[1] < scores[0] - 0.1)
    #expect(try verify(before, after, seconds: 10, .scaleDown) == .met)
    #expect(try verify(before, Fleet(completed: 20), seconds: 10, .scaleDown) == .worse)
  }

  @Test func newWorkIsNotBlamedOnTheDecision() throws {
    let before = Fleet(idle: 5, completed: 20)
    let burst = Fleet(busy: 3, pending: 100, completed: 20)
    #expect(engine.assess(burst.observation).metrics.healthState == .degraded)
    #expect(try verify(before, burst, seconds: 10, .scaleDown) == .met)
  }

  @Test func whatCannotBeSeenIsUnknown() throws {
    let first = engine.assess(Fleet(idle: 2, pending: 8).observation)
    let decision = try #require(engine.decide(first, cycle: "c").decisions.first)
    let prediction = try #require(engine.predict(decision, first))
    var blind = first
    blind.blind = "gone"
    #expect(engine.verify(prediction, before: first, after: blind) == .unknown)
    var partial = first
    partial.metrics[.activeAgents] = nil
    #expect(engine.verify(prediction, before: first, after: partial) == .unknown)
    #expect(engine.predict(.sample(DecisionType(rawValue: "own")), first) == nil)
  }

  @Test(arguments: [
    (DecisionType.coordinationImprove, MetricName.expiredClaims, Prediction.Direction.down),
    (.optimize, .throughputPerMinute, .steady), (.restart, .staleAgents, .down),
    (.healthCheck, .activeAgents, .steady), (.telemetryEnhance, .telemetryVolume, .up),
  ])
  func eachTypePredictsAMetric(type: DecisionType, metric: MetricName, direction: Prediction.Direction) throws
  {
    let observation = engine.assess(Fleet(idle: 2, completed: 20, expired: 1).observation)
    let prediction = try #require(engine.predict(.sample(type), observation))
    #expect((prediction.metric, prediction.direction) == (metric, direction))
    #expect(prediction.healthFloor == observation.metrics.healthScore.map { $0 - 0.05 })
  }
}
