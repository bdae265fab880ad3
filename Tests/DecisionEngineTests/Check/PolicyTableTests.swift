import DSLBase
import FoundationEssentials
import Testing

@testable import DecisionEngine

@Suite struct PolicyTableTests {
  private func run(_ text: String) throws -> [PolicyTable.Result] {
    try PolicyTable(yaml: text, file: "t.yaml").run(DecisionEngine(policy: try Policy.default))
  }

  private func example(_ name: String) throws -> String {
    let root = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
    return try String(contentsOfFile: root + "/examples/policies/" + name, encoding: .utf8)
  }

  @Test func theExampleHolds() throws {
    let table = try PolicyTable(yaml: try example("default.test.yaml"), file: "default.test.yaml")
    #expect(table.policy == "default")
    let results = table.run(DecisionEngine(policy: try Policy.default))
    #expect(results.count == 6)
    #expect(results.flatMap(\.problems) == [])
  }

  @Test func theExampleOfAPolicyIsClean() throws {
    let policy = try Policy(yaml: try example("night-shift.yaml"), file: "night-shift.yaml")
    var grid = CheckGrid()
    (grid.completed, grid.arrivals, grid.situations) = (0...2, [1], [.usual, .starting])
    let report = PolicyCheck.run(DecisionEngine(policy: policy), grid: grid)
    #expect(report.findings.filter(\.isFault).map(\.message) == [])
  }

  @Test func whatDiffersIsSaid() throws {
    let results = try run(
      """
      tests:
        - name: sample
          state: {active_agents: 2, work_queue_size: 8, completed_count: 3, telemetry_volume: 4}
          expect:
            - {rule: other, type: scale_down, priority: 9, target: queue, parameters: {target_agents: 4, x: 1}}
        - name: quiet
          state: {active_agents: 1}
          expect: []
          says: something else
      """)
    #expect(results.map(\.line) == [2, 6])
    #expect(results[0].problems[0].hasPrefix("the policy has no rule \"other\"; known: scale_up_critical, "))
    #expect(
      results[0].problems.dropFirst() == [
        "expected 1 decision, found scale_up_critical (scale_up), thin_telemetry (telemetry_enhance)",
        "decision 1: expected rule other, found scale_up_critical",
        "decision 1: expected type scale_down, found scale_up",
        "decision 1: expected priority 9, found 10", "decision 1: expected target queue, found fleet",
        "decision 1: expected target_agents 4, found 5", "decision 1: expected x 1, found null",
      ])
    #expect(
      results[1].problems == [
        "expected 0 decisions, found thin_telemetry (telemetry_enhance)",
        "expected it to say \"something else\", found \"\"",
      ])
  }

  @Test func whatIsNotMeasuredCanBeSet() throws {
    let results = try run(
      """
      tests:
        - name: expired claims
          state: {active_agents: 5, work_queue_size: 3, completed_count: 40, telemetry_volume: 20, expired_claims: 2}
          expect: [reclaim_work]
      """)
    #expect(results.flatMap(\.problems) == [])
  }

  @Test func mistakesHaveAPlace() throws {
    let error = #expect(throws: DSLError.self) {
      try run("tests:\n  - name: a\n    state: {active_agent: 1}\n    situation: unusual\n")
    }
    let message = try #require(error).message
    #expect(message.contains("t.yaml:3:13: tests[0].state: unknown key \"active_agent\""))
    #expect(message.contains("t.yaml:4:16: tests[0].situation: unknown value \"unusual\""))
    #expect(message.contains("t.yaml:2:5: tests[0]: give what to expect"))
  }
}
