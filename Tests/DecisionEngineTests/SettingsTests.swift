import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct SettingsTests {
  private func read<Value>(_ text: String, _ body: (YAMLNode, YAMLReader) -> Value?) throws -> (
    Value?, [String]
  ) {
    let node = try #require(try YAMLNode.document(in: text, file: "dsl.yaml"))
    let reader = YAMLReader(file: "dsl.yaml")
    let value = body(node, reader)
    return (value, reader.sortedProblems.map(\.description))
  }

  @Test func limitsAreRead() throws {
    let (limits, problems) = try read("{min_agents: 2, scale_factor: 1.5}") { FleetLimits.read($0, $1) }
    #expect(problems.isEmpty)
    #expect(limits == FleetLimits(minAgents: 2, maxAgents: 10, scaleFactor: 1.5))
    let (_, wrong) = try read("{min_agents: 20, max_agent: 8}") { FleetLimits.read($0, $1) }
    #expect(
      wrong == [
        "dsl.yaml:1:1: min_agents (20) is above max_agents (10)",
        #"dsl.yaml:1:18: unknown key "max_agent", did you mean "max_agents"?"#,
      ])
  }

  @Test func limitsHoldTogether() {
    #expect(FleetLimits(minAgents: 5, maxAgents: 2).maxAgents == 5)
    #expect(FleetLimits(minAgents: -1).minAgents == 0)
    #expect(FleetLimits(scaleFactor: .nan).scaleFactor == 1)
    #expect(FleetLimits(scaleFactor: -3).scaleFactor == 0.01)
  }

  @Test func gatesAreRead() throws {
    let text = """
      min_confidence: 80%
      dry_run: true
      max_decisions_per_cycle: 1
      cooldown: {up: 5s, down: 1m}
      budget: {count: 7, window: 10m}
      """
    let (settings, problems) = try read(text) { GateSettings.read($0, $1) }
    #expect(problems.isEmpty)
    #expect(
      settings
        == GateSettings(
          minConfidence: 0.8, dryRun: true, maxDecisionsPerCycle: 1,
          cooldown: GateSettings.Cooldown(up: 5, down: 60, other: 30),
          budget: GateSettings.Budget(count: 7, windowSeconds: 600)))
    let (none, wrong) = try read("{min_confidence: 2, budget: {window: 0s}}") { GateSettings.read($0, $1) }
    #expect(none == nil)
    #expect(
      wrong == [
        "dsl.yaml:1:18: min_confidence: must be from 0 to 1 (0% to 100%), found 2",
        "dsl.yaml:1:38: budget.window: must be from 1 to 31536000, found 0",
      ])
  }
}
