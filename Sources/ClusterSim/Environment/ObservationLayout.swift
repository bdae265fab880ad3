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
