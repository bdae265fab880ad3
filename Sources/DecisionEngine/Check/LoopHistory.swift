import DSLBase

/// What a closed loop did, in numbers: what its faults are recognized by.
struct LoopHistory: Equatable {
  /// Agents, those that are starting, live items, and the direction of scaling, cycle by cycle.
  private(set) var agents: [Int] = []
  private(set) var starting: [Int] = []
  private(set) var work: [Int] = []
  private(set) var directions: [ActionDirection] = []

  var count: Int { agents.count }

  mutating func append(_ state: CheckState, _ direction: ActionDirection) {
    agents.append(state.agents)
    starting.append(state.asked)
    work.append(state.work)
    directions.append(direction)
  }

  /// Notes that the last cycle scaled the fleet.
  mutating func setDirection(_ direction: ActionDirection) { directions[count - 1] = direction }

  /// The first cycle with more agents than the maximum, or than there were to begin with.
  func passedMaximum(_ maximum: Int) -> Int? {
    guard let first = agents.first else { return nil }
    let limit = max(maximum, first)
    return agents.firstIndex { $0 > limit }
  }

  /// The cycles of one swing, from a step up to the next one after a step down, when the second half of the run turns
  /// at least three times.
  func swing() -> ClosedRange<Int>? {
    let tail = directions.indices.suffix(count / 2).filter { directions[$0] != .neutral }
    let turns = zip(tail, tail.dropFirst()).filter { directions[$0] != directions[$1] }
    guard turns.count >= 3, let up = turns.first(where: { directions[$0.1] == .up })?.1,
      let again = turns.first(where: { $0.1 > up && directions[$0.1] == .up })?.1
    else { return nil }
    return up...again
  }

  /// Whether in the second half the queue grows, and does not grow more slowly in the end, while the fleet stays below
  /// its maximum and nothing asks for more of it.
  func isBacklogGrowing(_ maximum: Int) -> Bool {
    let (half, quarter, last) = (count / 2, count * 3 / 4, count - 1)
    guard count >= 8, directions[quarter...].allSatisfy({ $0 != .up }) else { return false }
    let isBelow = (half..<count).allSatisfy { agents[$0] + starting[$0] < maximum }
    let (first, second) = (work[quarter] - work[half], work[last] - work[quarter])
    let isSteady = second * (quarter - half) * 10 >= first * (last - quarter) * 9
    return isBelow && first > 0 && isSteady
  }
}
