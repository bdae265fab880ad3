import DSLBase
import DecisionEngine
import Testing

@Suite struct GateTests {
  private let now = Timestamp(seconds: 10_000)

  private func past(_ type: DecisionType, ago seconds: Double, target: String = "fleet") -> PastActionFact {
    PastActionFact(type: type, target: target, at: now.adding(seconds: -seconds))
  }

  private func judge(
    _ decisions: [Decision], _ settings: GateSettings = GateSettings(), _ history: GateHistory = GateHistory()
  ) -> [GateName?] {
    Gate.judge(decisions, settings: settings, history: history, now: now).map(\.refusal?.gate)
  }

  @Test(arguments: [
    (0.6, nil), (0.55, "confidence 0.55 is below 0.60"), (0.599, "confidence 0.599 is below 0.6"),
    (Double.nan, "confidence nan is below 0.60"),
  ])
  func confidence(value: Double, reason: String?) {
    let verdict = Gate.judge(
      [.sample(.optimize, confidence: value)], settings: GateSettings(), history: GateHistory(), now: now)[0]
    #expect(verdict.refusal?.reason == reason)
    if reason != nil { #expect(verdict.refusal?.required == 0.6) }
  }

  @Test func forcedConfidenceReplacesTheMinimumAndNothingElse() {
    let settings = GateSettings(minConfidence: 0.9, forceConfidence: 0.5)
    #expect(judge([.sample(.scaleUp, confidence: 0.55)], settings) == [nil])
    #expect(judge([.sample(.scaleUp, confidence: 0.45)], settings) == [.confidence])
    let history = GateHistory(past: [past(.scaleUp, ago: 1)])
    #expect(judge([.sample(.scaleUp, confidence: 0.55)], settings, history) == [.cooldown])
  }

  @Test(arguments: [
    (DecisionType.scaleUp, DecisionType.scaleUp, 29.0, true), (.scaleUp, .scaleUp, 30, false),
    (.scaleDown, .scaleDown, 119, true), (.scaleDown, .scaleDown, 120, false),
    (.scaleUp, .scaleDown, 119, true), (.scaleUp, .scaleDown, 120, false),
    (.scaleDown, .scaleUp, 31, true), (.scaleDown, .scaleUp, 120, false),
    (.optimize, .optimize, 29, true), (.optimize, .optimize, 30, false),
    (.optimize, .restart, 1, false), (.optimize, .scaleUp, 1, false), (.scaleUp, .optimize, 1, false),
  ])
  func cooldowns(type: DecisionType, before: DecisionType, ago: Double, held: Bool) {
    let history = GateHistory(past: [past(before, ago: ago)])
    #expect(judge([.sample(type)], GateSettings(), history) == [held ? .cooldown : nil])
    let elsewhere = GateHistory(past: [past(before, ago: ago, target: "queue")])
    #expect(judge([.sample(type)], GateSettings(), elsewhere) == [nil])
  }

  @Test func aCooldownTellsWhatItWaitsFor() {
    let history = GateHistory(past: [past(.scaleUp, ago: 100), past(.scaleDown, ago: 20)])
    let refusal = Gate.judge([.sample(.scaleUp)], settings: GateSettings(), history: history, now: now)[0]
      .refusal
    #expect(refusal?.reason == "scale_down of fleet was 20 s ago, scale_up waits 120 s after it")
    #expect(refusal?.observed == 20)
    #expect(refusal?.required == 120)
  }

  @Test(arguments: [(-1.0, true), (-30, true), (-31, false), (-1e9, false)])
  func historyInTheFutureNeitherUnlocksNorLocksForever(ago: Double, held: Bool) {
    let history = GateHistory(past: [past(.scaleUp, ago: ago)])
    #expect(judge([.sample(.scaleUp)], GateSettings(), history) == [held ? .cooldown : nil])
  }

  @Test func theBudgetCountsTheWindowAndThisCycle() {
    let settings = GateSettings(budget: GateSettings.Budget(count: 3, windowSeconds: 600))
    let history = GateHistory(past: [
      past(.restart, ago: 599), past(.restart, ago: 600), past(.optimize, ago: 50),
    ])
    let decisions: [Decision] = [.sample(.scaleUp), .sample(.healthCheck), .sample(.telemetryEnhance)]
    let verdicts = Gate.judge(decisions, settings: settings, history: history, now: now)
    #expect(verdicts.map(\.refusal?.gate) == [nil, .budget, .budget])
    #expect(verdicts[1].refusal?.reason == "3 actions in the last 600 s, the budget is 3")
  }

  @Test func onlySoManyPassACycle() {
    let decisions = (0..<4).map { Decision.sample(.optimize, target: "a\($0)") }
    #expect(judge(decisions) == [nil, nil, nil, .maxDecisions])
    let unsure = [Decision.sample(.restart, confidence: 0.1)] + decisions
    #expect(judge(unsure) == [.confidence, nil, nil, nil, .maxDecisions])
  }

  @Test func onlySoManyAreUnderWay() {
    let decisions = (0..<3).map { Decision.sample(.optimize, target: "a\($0)") }
    #expect(judge(decisions, GateSettings(), GateHistory(running: 3)) == [nil, nil, .maxConcurrent])
  }

  @Test func anotherLeaderHoldsEverything() {
    let verdicts = Gate.judge(
      [.sample(.scaleUp, confidence: 0)], settings: GateSettings(dryRun: true),
      history: GateHistory(otherHolder: "host-b, process 7"), now: now)
    #expect(verdicts[0].refusal?.gate == .leader)
    #expect(verdicts[0].refusal?.reason == "the loop is led by host-b, process 7")
  }

  @Test func aDryRunShowsWhatARealOneWouldDo() {
    let decisions = (0..<5).map {
      Decision.sample(.optimize, confidence: $0 == 1 ? 0.2 : 0.9, target: "a\($0)")
    }
    let real = judge(decisions)
    let dry = judge(decisions, GateSettings(dryRun: true))
    #expect(dry == real.map { $0 ?? .dryRun })
  }
}
