import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct FlapGateTests {
  private let now = Timestamp(seconds: 100_000)

  private func settings(_ count: Int, _ window: Double = 600) -> GateSettings {
    GateSettings(
      maxDecisionsPerCycle: 100, cooldown: .init(up: 0, down: 0, other: 0),
      budget: .init(count: .max, windowSeconds: 1), flaps: .init(count: count, windowSeconds: window))
  }

  /// `u100 d50`: up 100 s ago, down 50 s ago.
  private func history(_ text: String) -> GateHistory {
    GateHistory(
      past: text.split(separator: " ").map { word in
        PastActionFact(
          type: word.hasPrefix("u") ? .scaleUp : .scaleDown, target: "fleet",
          at: now.adding(seconds: -(Double(word.dropFirst()) ?? 0)))
      })
  }

  @Test(arguments: [
    ("", 0, true, 0.0), ("u10", 0, true, 0), ("d10", 0, false, 590), ("d10", 1, true, 0),
    ("u30 d20", 1, false, 570), ("u30 d20", 2, true, 0), ("d30 u20", 1, true, 0),
    ("u500 d400 u300 d200", 3, false, 100), ("u500 u450 d400 u300 d200", 3, false, 150),
    ("u500 d400 u300 d200", 2, false, 200), ("u700 d400 u300 d200", 3, true, 0),
    ("u500 d400 u300 u200", 0, true, 0), ("d601", 0, true, 0), ("u100 d-50", 1, false, 500),
  ])
  func reversals(past: String, count: Int, passes: Bool, frees: Double) {
    let verdict = Gate.judge(
      [.sample(.scaleUp)], settings: settings(count), history: history(past), now: now)[0]
    #expect((verdict.refusal == nil) == passes, "\(past)")
    guard let refusal = verdict.refusal else { return }
    #expect(refusal.gate == .flap && refusal.required == Double(count))
    #expect(refusal.freesAt == now.adding(seconds: frees), "\(refusal.reason)")
  }

  @Test func itSaysWhichReversalItWouldBe() {
    let verdict = Gate.judge(
      [.sample(.scaleUp)], settings: settings(1), history: history("u30 d20"), now: now)[0]
    #expect(
      verdict.refusal?.reason
        == "it would be reversal 2 of fleet in the last 600 s, 1 are allowed; "
        + "next possible at \(now.adding(seconds: 570))")
    #expect(verdict.refusal?.observed == 2)
  }

  @Test func neutralTypesAndOtherTargetsAreNoReversals() {
    var past = history("u30 d20")
    #expect(Gate.judge([.sample(.restart)], settings: settings(0), history: past, now: now)[0].passed)
    past.past.append(PastActionFact(type: .restart, target: "fleet", at: now.adding(seconds: -1)))
    #expect(Gate.judge([.sample(.scaleDown)], settings: settings(0), history: past, now: now)[0].passed)
    let elsewhere = Decision.sample(.scaleUp, target: "queue")
    #expect(Gate.judge([elsewhere], settings: settings(0), history: past, now: now)[0].passed)
  }

  @Test func checksOfAPolicyLeaveTheFlapBudgetOut() throws {
    var gates = settings(0)
    gates.policyFlaps = [FlapBudget(count: 0, windowSeconds: 60)]
    #expect(gates.checking(try .default).flapBudgets == [.unlimited])
  }
}
