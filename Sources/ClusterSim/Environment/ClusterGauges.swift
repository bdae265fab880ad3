import CClusterSim

/// What the cluster shows of itself in one state, in shares and counts: the observation of ``ObservationLayout`` and the
/// counters of the episode, and nothing that lies out of view.
package struct ClusterGauges: Sendable, Hashable {
  /// A cell in view.
  package struct Cell: Sendable, Hashable {
    package var row: Int
    package var column: Int
    /// Shares from 0 to 1.
    package var cpu: Double
    package var memory: Double
    /// 0.2, 0.5, or 1 for a critical one, in 1/16384.
    package var priority: Double

    package var isCritical: Bool { priority == 1 }
  }

  package let height: Int
  package let width: Int
  /// Steps done.
  package let step: Int
  /// Cells that ran out of memory so far.
  package let ooms: Int
  /// Cells with CPU or memory above `hot_line`, and that line.
  package let hot: Int
  package let hotLine: Double
  /// Shares from 0 to 1: of a full budget; means over all cells; the largest of a critical cell.
  package let budget: Double
  package let meanCPU: Double
  package let meanMemory: Double
  package let criticalMemory: Double
  /// The nine cells around the agent, row by row; its own is the fifth. Small grids show a cell more than once.
  package let view: [Cell]
  /// The cell in view, without the own one, that ``HeuristicPolicy`` would walk to, and its need: memory, and 0.15 more for a
  /// critical one.
  package let neediest: Int
  package let need: Double
  /// How the episode ended; `none` while it goes on.
  package let cause: EndCause

  package var cells: Int { height * width }
  /// The cell that the agent stands on.
  package var own: Cell { view[4] }

  package init(_ sight: Sight) {
    let (state, constants, seen) = (sight.episode.pointee, sight.constants, sight.observation)
    (height, width) = (constants.height, constants.width)
    (step, ooms, hot) = (state.step, state.ooms, Int(state.sums.hot))
    hotLine = Double(constants.physics.hot_line) / 32768
    budget = constants.budget == 0 ? 0 : Double(state.budget) / Double(constants.budget)
    let full = Double(constants.cells) * 32768
    (meanCPU, meanMemory) = (Double(state.sums.cpu) / full, Double(state.sums.memory) / full)
    criticalMemory = Double(state.sums.worst_critical) / 32768
    var view: [Cell] = []
    view.reserveCapacity(9)
    for place in 0..<9 {
      view.append(
        Cell(
          row: (state.row + place / 3 - 1 + constants.height) % constants.height,
          column: (state.column + place % 3 - 1 + constants.width) % constants.width,
          cpu: Double(seen[3 * place]), memory: Double(seen[3 * place + 1]),
          priority: Double(seen[3 * place + 2])))
    }
    self.view = view
    let worst = HeuristicPolicy.neediest(seen, above: -1)
    (neediest, need) = (worst.place, Double(worst.need))
    cause = state.cause
  }
}
