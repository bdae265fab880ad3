import CClusterSim

/// Where things are in an observation of 35 floats, each from 0 to 1.
package enum ObservationLayout {
  /// CPU, memory and priority of the 3×3 cells around the agent, row by row, the agent's own at 12, 13 and 14.
  package static let view = 0..<27
  /// The agent's row and column as shares of the height and width.
  package static let row = 27
  package static let column = 28
  /// The budget as a share of a full one.
  package static let budget = 29
  /// Means over all cells.
  package static let meanCPU = 30
  package static let meanMemory = 31
  /// The share of cells whose CPU or memory is above `hot_line`.
  package static let hotShare = 32
  /// Steps done as a share of `max_steps`.
  package static let time = 33
  /// The largest memory of a critical cell.
  package static let risk = 34
  /// Floats of an observation.
  package static let count = 35
}

extension World {
  /// Writes what the agent sees.
  ///
  /// Everything is a whole number divided by another, once: the same bits on every machine with IEEE 754 floats.
  @inline(__always)
  func observe(_ state: EpisodeState, _ cells: Cells, _ out: UnsafeMutablePointer<Float>) {
    let k = constants
    let (h, w) = (k.height, k.width)
    let rows = (
      (state.row == 0 ? h &- 1 : state.row &- 1) &* w, state.row &* w,
      (state.row == h &- 1 ? 0 : state.row &+ 1) &* w
    )
    let columns = (
      state.column == 0 ? w &- 1 : state.column &- 1, state.column,
      state.column == w &- 1 ? 0 : state.column &+ 1
    )
    see(rows.0, columns, cells, out)
    see(rows.1, columns, cells, out + 9)
    see(rows.2, columns, cells, out + 18)
    let full = Float(k.cells) * 32768
    out[ObservationLayout.row] = Float(state.row) / Float(h)
    out[ObservationLayout.column] = Float(state.column) / Float(w)
    out[ObservationLayout.budget] = Float(state.budget) / Float(k.budget)
    out[ObservationLayout.meanCPU] = Float(state.sums.cpu) / full
    out[ObservationLayout.meanMemory] = Float(state.sums.memory) / full
    out[ObservationLayout.hotShare] = Float(state.sums.hot) / Float(k.cells)
    out[ObservationLayout.time] = Float(state.step) / Float(k.maxSteps)
    out[ObservationLayout.risk] = Float(state.sums.worst_critical) * 0x1p-15
  }

  @inline(__always)
  private func see(
    _ row: Int, _ columns: (Int, Int, Int), _ cells: Cells, _ out: UnsafeMutablePointer<Float>
  ) {
    seeCell(row &+ columns.0, cells, out)
    seeCell(row &+ columns.1, cells, out + 3)
    seeCell(row &+ columns.2, cells, out + 6)
  }

  @inline(__always)
  private func seeCell(_ cell: Int, _ cells: Cells, _ out: UnsafeMutablePointer<Float>) {
    out[0] = Float(cells.cpu[cell]) * 0x1p-15
    out[1] = Float(cells.memory[cell]) * 0x1p-15
    out[2] = Float(cells.priority[cell]) * 0x1p-14
  }
}
