import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct TargetBudgetTests {
  private let now = Timestamp(seconds: 100_000)

  private func past(_ type: DecisionType, ago seconds: Double, target: String = "fleet") -> PastActionFact {
    PastActionFact(type: type, target: target, at: now.adding(seconds: -seconds))
  }

  private func settings(_ budget: GateSettings.Budget, _ policy: [TargetBudget] = []) -> GateSettings {
    var settings = GateSettings(
      maxDecisionsPerCycle: 100, maxConcurrent: 100, cooldown: .init(up: 0, down: 0, other: 0), budget: budget
    )
    settings.policyBudgets = policy
    return settings
  }

  private func refusal(
    _ decision: Decision, _ settings: GateSettings, _ past: [PastActionFact]
  ) -> GateRefusal? {
    Gate.judge([decision], settings: settings, history: GateHistory(past: past), now: now)[0].refusal
  }

  @Test func eachTargetAndDirectionHasItsOwn() throws {
    let settings = settings(.init(count: 100, windowSeconds: 600, up: 3, down: 1, other: 2))
    let history = [
      past(.scaleUp, ago: 500), past(.scaleUp, ago: 300), past(.scaleDown, ago: 599),
      past(.optimize, ago: 10), past(.restart, ago: 20), past(.scaleDown, ago: 100, target: "other"),
    ]
    #expect(refusal(.sample(.scaleUp), settings, history) == nil)
    let down = try #require(refusal(.sample(.scaleDown), settings, history))
    #expect(down.gate == .targetBudget && down.observed == 1 && down.required == 1)
    #expect(down.freesAt == now.adding(seconds: 1))
    #expect(
      down.reason
        == "1 actions down on fleet in the last 600 s, 1 are allowed; "
        + "next possible at \(now.adding(seconds: 1))")
    let neutral = try #require(refusal(.sample(.healthCheck), settings, history))
    #expect(neutral.observed == 2, "neutral types count together")
    #expect(neutral.freesAt == now.adding(seconds: 580), "when the oldest of them leaves")
    #expect(refusal(.sample(.scaleDown, target: "third"), settings, history) == nil)
  }

  @Test func policiesBringTheirOwnAndTheLatestSpeaks() throws {
    let policy = [
      TargetBudget(target: "fleet", direction: .down, count: 1, windowSeconds: 3600),
      TargetBudget(target: "queue", count: 0, windowSeconds: 60),
    ]
    let settings = settings(.init(count: 100, windowSeconds: 600, down: 1), policy)
    let history = [past(.scaleDown, ago: 100)]
    let down = try #require(refusal(.sample(.scaleDown), settings, history))
    #expect(down.freesAt == now.adding(seconds: 3500))
    let never = try #require(refusal(.sample(.optimize, target: "queue"), settings, []))
    #expect(never.freesAt == nil && never.reason.hasSuffix("; never possible"))
    #expect(settings.historySeconds == 3600)
  }

  @Test func thisCyclesDecisionsCount() {
    let settings = settings(.init(count: 100, windowSeconds: 600, other: 2))
    let decisions = (0..<3).map { Decision.sample(DecisionType(rawValue: "kind\($0)")) }
    let verdicts = Gate.judge(decisions, settings: settings, history: GateHistory(), now: now)
    #expect(verdicts.map(\.refusal?.gate) == [nil, nil, .targetBudget])
  }

  @Test(arguments: [(-1.0, true), (-600, true), (-601, false), (-1e9, false), (599, true), (600, false)])
  func aClockThatStepsNeitherUnlocksNorLocksForever(ago: Double, held: Bool) {
    let settings = settings(.init(count: 100, windowSeconds: 600, up: 1))
    let found = refusal(.sample(.scaleUp), settings, [past(.scaleUp, ago: ago)])
    #expect((found?.gate == .targetBudget) == held)
    if ago < 0, held { #expect(found?.freesAt == now.adding(seconds: 600 - ago)) }
  }

  @Test func theYAMLOfAPolicy() throws {
    let text = """
      name: p
      budgets:
        - {target: fleet, direction: down, count: 4, window: 10m}
        - {count: 9, window: 1h}
        - {direction: other, count: 2, window: 30s}
      flaps: [{count: 2, window: 30m}]
      rules:
        - {name: r, type: optimize, priority: 1, confidence: 0.8, when: {active_agents: 1}, description: d, rationale: r}
      """
    let policy = try Policy(yaml: text, file: "p.yaml")
    #expect(
      policy.budgets == [
        TargetBudget(target: "fleet", direction: .down, count: 4, windowSeconds: 600),
        TargetBudget(count: 9, windowSeconds: 3600),
        TargetBudget(direction: .neutral, count: 2, windowSeconds: 30),
      ])
    #expect(policy.flaps == [FlapBudget(count: 2, windowSeconds: 1800)])
    #expect(GateSettings().adding(policy).flapBudgets.count == 2)
    let bad = text.replacing("direction: other, count: 2", with: "direction: sideways, cuont: 2")
    let error = #expect(throws: DSLError.self) { try Policy(yaml: bad, file: "p.yaml") }
    #expect(error?.message.contains("budgets[2].direction: unknown value \"sideways\"") == true)
    #expect(error?.message.contains("did you mean \"count\"") == true)
    #expect(error?.message.contains("\"count\" is missing") == true)
  }
}
