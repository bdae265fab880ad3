import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct LoopHistoryTests {
  private func history(
    _ agents: [Int], work: [Int]? = nil, _ directions: [Int: ActionDirection] = [:]
  ) -> LoopHistory {
    var history = LoopHistory()
    for (cycle, count) in agents.enumerated() {
      let state = CheckState(agents: count, work: work?[cycle] ?? 0, completed: 0, telemetry: 0)
      history.append(state, directions[cycle] ?? .neutral)
    }
    return history
  }

  @Test func theMaximumIsPassedBeyondItAndBeyondTheStart() {
    #expect(history([2, 3, 4]).passedMaximum(3) == 2)
    #expect(history([5, 5, 4]).passedMaximum(3) == nil, "what was there to begin with does not count")
    #expect(history([5, 6]).passedMaximum(3) == 1)
    #expect(history([]).passedMaximum(3) == nil)
  }

  @Test func aSwingNeedsThreeTurnsInTheSecondHalf() {
    let agents = Array(repeating: 3, count: 20)
    #expect(
      history(agents, [10: .up, 12: .down, 14: .up, 17: .down]).swing() == nil, "it did not go up again")
    #expect(history(agents, [11: .up, 12: .down, 14: .up, 17: .down, 19: .up]).swing() == 14...19)
    #expect(history(agents, [11: .up, 12: .down]).swing() == nil)
    #expect(history(agents, [1: .up, 2: .down, 3: .up, 4: .down, 5: .up]).swing() == nil, "it came to rest")
  }

  @Test func aBacklogGrowsWhenItDoesNotSlowDownAndNothingAnswers() {
    let agents = Array(repeating: 3, count: 16)
    let growing = Array(0..<16)
    #expect(history(agents, work: growing).isBacklogGrowing(10))
    #expect(!history(agents, work: growing).isBacklogGrowing(3), "the fleet is at its maximum")
    #expect(!history(agents, work: growing, [13: .up]).isBacklogGrowing(10), "the policy answers")
    #expect(history(agents, work: growing, [2: .up]).isBacklogGrowing(10))
    let slowing = [0, 8, 14, 18, 20, 22, 23, 24, 25, 26, 26, 27, 27, 27, 27, 27]
    #expect(!history(agents, work: slowing).isBacklogGrowing(10))
    #expect(!history([1, 2], work: [1, 2]).isBacklogGrowing(10), "too short to tell")
  }
}
