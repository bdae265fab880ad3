import CClusterSim

/// What a learner takes for the state of the cells, from what it saw of them.
///
/// Memory only grows until somebody cleans, so a cell that was seen can be guessed at later: what it had, and its drift since. The drift of a
/// cell is learned from seeing it twice.
struct Belief {
  /// The drift of a cell of which nothing is known, a step.
  static let priorDrift: Float = 0.0007
  private let cells: Int
  private var memory: [Float]
  private var drift: [Float]
  private var seenAt: [Int32]

  init(cells: Int, environments: Int) {
    self.cells = cells
    memory = Array(repeating: 0, count: cells * environments)
    drift = Array(repeating: Self.priorDrift, count: cells * environments)
    seenAt = Array(repeating: -1, count: cells * environments)
  }

  mutating func begin(_ i: Int) {
    for cell in i * cells..<(i + 1) * cells {
      (memory[cell], drift[cell], seenAt[cell]) = (0, Self.priorDrift, -1)
    }
  }

  /// Takes in a cell that is in view.
  @inline(__always)
  mutating func see(_ i: Int, _ cell: Int, memory now: Float, step: Int) {
    let at = i &* cells &+ cell
    let past = seenAt[at]
    if past >= 0 {
      let since = Float(step &- Int(past))
      let gained = now - memory[at]
      if since > 0, gained >= 0 { drift[at] += min(0.1 * since, 1) * (gained / since - drift[at]) }
    }
    memory[at] = now
    seenAt[at] = Int32(step)
  }

  /// Steps since a cell was in view; nil where it never was.
  @inline(__always)
  func age(_ i: Int, _ cell: Int, step: Int) -> Int? {
    let past = seenAt[i &* cells &+ cell]
    return past < 0 ? nil : step &- Int(past)
  }

  /// The memory that a cell has by now, as far as one can tell.
  @inline(__always)
  func memory(_ i: Int, _ cell: Int, step: Int) -> Float {
    let at = i &* cells &+ cell
    return min(memory[at] + drift[at] * Float(step &- Int(seenAt[at])), 1)
  }

  /// Steps until a cell is full, as far as one can tell.
  @inline(__always)
  func deadline(_ i: Int, _ cell: Int, step: Int) -> Float {
    let at = i &* cells &+ cell
    return (1 - memory(i, cell, step: step)) / max(drift[at], 0.0001)
  }
}
