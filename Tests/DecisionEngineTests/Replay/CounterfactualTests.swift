import DSLBase
import Testing

@testable import DecisionEngine

/// What another policy would have done: under its own limits.
@Suite struct CounterfactualTests {
  private func passed(_ limits: String) throws -> [[String]] {
    let text = """
      name: candidate
      \(limits)
      rules:
        - {name: tune, type: optimize, priority: 1, confidence: 0.9, when: {work_queue_size: {gt: 0}}, description: d, rationale: r}
      """
    let turns = (0..<6).map { number in
      Counterfactual.Turn(
        cycle: "c-\(number)",
        observation: CheckState.sample.observation(
          at: Timestamp(seconds: 1_700_000_000 + Double(600 * number))),
        executed: [])
    }
    let engine = DecisionEngine(policy: try Policy(yaml: text, file: "candidate.yaml"))
    return try #require(Counterfactual(turns, engine, gates: GateSettings())).cycles.map(\.passed)
  }

  @Test func theBudgetsOfTheCandidateHold() throws {
    #expect(try passed("") == Array(repeating: ["tune"], count: 6))
    #expect(
      try passed("budgets: [{direction: other, count: 2, window: 30m}]") == [
        ["tune"], ["tune"], [], ["tune"], ["tune"], [],
      ])
  }
}
