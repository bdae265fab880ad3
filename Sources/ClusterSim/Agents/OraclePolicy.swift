import CClusterSim

/// Sees every cell, and its hidden leak: what could be had at best, not what an operator could do.
///
/// Earliest deadline first: the deadline of a cell is when it will be full at its present drift. The agent walks to the cell with the least
/// slack (deadline less the way there), cleans a cell when its slack is small, and scales when it would come too late.
package struct OraclePolicy: Policy {
  package let name = "oracle"
  /// Cells whose deadline is later than this are left alone, in steps.
  let horizon = 60
  /// A cell that the agent stands on is cleaned when its deadline is below this, in steps.
  let patience = 40

  package init() {}

  package func act(_ i: Int, _ sight: Sight) -> UInt8 {
    let k = sight.constants
    let own = sight.row * k.width + sight.column
    var (target, least, isLate) = (-1, Int.max, false)
    for cell in 0..<k.cells {
      let deadline = steps(toFull: cell, sight)
      guard deadline < horizon else { continue }
      let isCritical = sight.cells.critical[cell] != 0
      let way = distance(from: (sight.row, sight.column), to: cell, sight)
      // A critical cell that runs out ends the episode; another costs what some steps bring.
      let slack = deadline - way + (isCritical ? 0 : horizon)
      if isCritical, deadline <= way { isLate = true }
      if slack < least { (target, least) = (cell, slack) }
    }
    if isLate, sight.episode.pointee.budget >= k.scaleCost { return Action.scale.rawValue }
    if steps(toFull: own, sight) < patience { return Action.memoryClean.rawValue }
    guard target >= 0, target != own else {
      return sight.step % 2 == 0 ? Action.moveUp.rawValue : Action.moveDown.rawValue
    }
    return move(toward: target, sight)
  }

  /// Steps until a cell is out of memory, at its leak and its mean CPU.
  private func steps(toFull cell: Int, _ sight: Sight) -> Int {
    let k = sight.constants
    let leak = Int(sight.cells.leak[cell])
    let coupled = Int(sight.cells.base[cell]) * Int(k.physics.coupling) / 32768
    let drift = leak + leak * coupled / 32768
    guard drift > 0 else { return .max / 2 }
    return (Int(FixedConstants.full) - Int(sight.cells.memory[cell])) * 16 / drift
  }

  private func distance(from place: (Int, Int), to cell: Int, _ sight: Sight) -> Int {
    let (rows, columns) = (abs(cell / sight.width - place.0), abs(cell % sight.width - place.1))
    return min(rows, sight.height - rows) + min(columns, sight.width - columns)
  }

  private func move(toward cell: Int, _ sight: Sight) -> UInt8 {
    let down = (cell / sight.width - sight.row + sight.height) % sight.height
    if down != 0 { return (2 * down <= sight.height ? Action.moveDown : .moveUp).rawValue }
    let right = (cell % sight.width - sight.column + sight.width) % sight.width
    return (2 * right <= sight.width ? Action.moveRight : .moveLeft).rawValue
  }
}
