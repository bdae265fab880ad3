import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct PolicyDiffTests {
  private var grid: CheckGrid {
    var grid = CheckGrid()
    (grid.agents, grid.work, grid.completed, grid.telemetry) = (0...6, 0...17, 0...3, 0...4)
    grid.situations = [.usual, .starting]
    return grid
  }

  @Test func aPolicyDoesNotDifferFromItself() throws {
    let engine = DecisionEngine(policy: try Policy.default)
    let diff = PolicyDiff(engine, engine, grid: grid)
    #expect(diff.compared == 2 * 7 * 18 * 4 * 2 && diff.differing == 0 && diff.changes.isEmpty)
  }

  @Test func oneChangedNumberIsFoundWhereItMatters() throws {
    let text = Policy.builtInTexts[1].text
    let changed = text.replacing("active_agents: {lt: 2}", with: "active_agents: {lt: 3}")
    let before = DecisionEngine(policy: try Policy(yaml: text, file: "a"))
    let after = DecisionEngine(policy: try Policy(yaml: changed, file: "b"))
    let diff = PolicyDiff(before, after, grid: grid)
    #expect(diff.changes.map(\.before) == [[], ["critical_queue"]])
    #expect(diff.changes.map(\.after) == [["critical_agents"], ["critical_agents", "critical_queue"]])
    #expect(diff.changes.allSatisfy { $0.example.agents == 2 })
    #expect(diff.changes[0].example.text == "2 agents, 2 items, 0 completed, 0 telemetry records")
    #expect(diff.differing == diff.changes.map(\.states).reduce(0, +))
  }

  @Test func aChangedTargetIsADifference() throws {
    let text = Policy.builtInTexts[1].text
    let changed = text.replacing("= active_agents + 1", with: "= active_agents + 2")
    let diff = PolicyDiff(
      DecisionEngine(policy: try Policy(yaml: text, file: "a")),
      DecisionEngine(policy: try Policy(yaml: changed, file: "b")), grid: grid)
    #expect(diff.changes.allSatisfy { $0.before == $0.after && $0.before.contains("degraded_completion") })
    #expect(diff.differing > 0)
  }

  @Test(arguments: [
    ("limit: = stuck_work", "limit: = stuck_work + 1"), ("limit: = stuck_work", "limit: 7"),
    ("action: reclaim,", "action: release,"), ("limit: = stuck_work}", "bound: = stuck_work}"),
  ])
  func everyParameterCounts(old: String, new: String) throws {
    let text = Policy.builtInTexts[0].text
    let before = DecisionEngine(policy: try Policy(yaml: text, file: "a"))
    let after = DecisionEngine(policy: try Policy(yaml: text.replacing(old, with: new), file: "b"))
    var grid = grid
    grid.situations = [.expired]
    let diff = PolicyDiff(before, after, grid: grid)
    #expect(diff.differing > 0 && diff.changes.allSatisfy { $0.before.contains("reclaim_work") })
    #expect(diff == PolicyDiff(before, after, grid: grid))
  }
}
