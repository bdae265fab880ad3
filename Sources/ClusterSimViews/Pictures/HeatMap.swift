package import ClusterSim

/// A moment of an episode as a picture: the cells by one channel, critical ones framed, the agent a ring, cells that have just run out of
/// memory crossed out, and below them how far the episode is.
package struct HeatMap: Sendable {
  package enum Channel: String, Sendable, CaseIterable {
    case memory, cpu, priority
  }

  /// Pixels of a cell's side.
  package static let sides = 4...64
  private static let bar = 4

  private let channel: Channel
  private let side: Int
  /// Steps of the whole episode.
  private let steps: Int

  /// - Parameter side: pixels of a cell's side, 4 to 64.
  package init(_ channel: Channel, side: Int, steps: Int) {
    (self.channel, self.side, self.steps) = (channel, side, steps)
  }

  package func raster(_ frame: ClusterFrame) -> Raster {
    var raster = Raster(
      width: frame.width * side, height: frame.height * side + Self.bar, filled: Palette.ground)
    let values =
      switch channel {
      case .memory: frame.memory
      case .cpu: frame.cpu
      case .priority: frame.priority
      }
    for cell in values.indices {
      let (x, y) = (cell % frame.width * side, cell / frame.width * side)
      raster.fill(x..<x + side - 1, y..<y + side - 1, Palette.colour(permille: values[cell]))
    }
    for cell in frame.critical { outline(&raster, cell % frame.width, cell / frame.width) }
    for incident in frame.ooms { cross(&raster, incident.column, incident.row) }
    ring(&raster, frame.column, frame.row)
    let done = steps > 0 ? frame.width * side * frame.step / steps : 0
    raster.fill(0..<done, frame.height * side + 1..<frame.height * side + Self.bar, Palette.grey)
    return raster
  }

  private func outline(_ raster: inout Raster, _ column: Int, _ row: Int) {
    let (x, y, last) = (column * side, row * side, side - 2)
    for i in 0...last {
      raster.set(x + i, y, Palette.grey)
      raster.set(x + i, y + last, Palette.grey)
      raster.set(x, y + i, Palette.grey)
      raster.set(x + last, y + i, Palette.grey)
    }
  }

  private func cross(_ raster: inout Raster, _ column: Int, _ row: Int) {
    let (x, y, last) = (column * side, row * side, side - 2)
    for i in last / 5...last - last / 5 {
      for wide in 0...max(0, side / 12) {
        raster.set(x + i + wide, y + i, Palette.red)
        raster.set(x + last - i + wide, y + i, Palette.red)
      }
    }
  }

  private func ring(_ raster: inout Raster, _ column: Int, _ row: Int) {
    let middle = Double(side - 1) / 2
    let (outer, inner) = (Double(side) * 0.36, Double(side) * 0.2)
    for y in 0..<side {
      for x in 0..<side {
        let (dx, dy) = (Double(x) - middle, Double(y) - middle)
        let distance = (dx * dx + dy * dy).squareRoot()
        guard distance <= outer, distance > inner else { continue }
        let isEdge = distance > outer - 1 || distance < inner + 1
        raster.set(column * side + x, row * side + y, isEdge && side >= 12 ? Palette.ground : Palette.white)
      }
    }
  }
}
