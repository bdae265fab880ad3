/// How much of the cluster a learner sees.
package enum View: String, Sendable, CaseIterable {
  /// The 3×3 cells around it, and where it is.
  case local
  /// The same, and the global aggregates: the observation.
  case globals
  /// The observation, and what it remembers of earlier ones.
  case memory
  /// Every cell, as they are.
  case full
}

/// The situation of an agent, read from its view.
struct Features {
  /// Its own cell.
  var ownMemory: Float = 0
  var ownCPU: Float = 0
  var isOwnCritical = false
  /// The neediest other cell that it knows: the first move to it, its distance in moves, memory.
  var targetMove = -1
  var targetDistance = 0
  var targetMemory: Float = 0
  var isTargetCritical = false
  /// The first move to the cell that was out of view the longest; -1 where the view has no memory.
  var searchMove = -1
  var budget: Float = 0
  var risk: Float = 0
  var hot: Float = 0
  var row = 0
  var column = 0
}

/// Reads features.
struct FeatureReader {
  /// What a critical cell's need counts more than its memory.
  static let criticalBonus: Float = 0.15
  let view: View
  private let height, width: Int
  private var belief: Belief

  init(_ view: View, height: Int, width: Int, environments: Int) {
    (self.view, self.height, self.width) = (view, height, width)
    belief = Belief(cells: height * width, environments: view == .memory ? environments : 0)
  }

  mutating func begin(_ i: Int) {
    if view == .memory { belief.begin(i) }
  }

  @inline(__always)
  mutating func read(_ i: Int, _ sight: Sight) -> Features {
    let seen = sight.observation
    var f = Features()
    (f.ownCPU, f.ownMemory, f.isOwnCritical) = (seen[12], seen[13], seen[14] == 1)
    (f.row, f.column) = (sight.row, sight.column)
    if view != .local {
      f.budget = seen[ObservationLayout.budget]
      f.risk = seen[ObservationLayout.risk]
      f.hot = seen[ObservationLayout.hotShare]
    }
    switch view {
    case .local, .globals: lookAround(seen, &f)
    case .memory: remember(i, sight, &f)
    case .full: lookEverywhere(sight, &f)
    }
    return f
  }

  @inline(__always)
  private func lookAround(_ seen: UnsafePointer<Float>, _ f: inout Features) {
    var most: Float = -1
    for place in 0..<9 where place != 4 {
      let isCritical = seen[3 &* place &+ 2] == 1
      let need = seen[3 &* place &+ 1] + (isCritical ? Self.criticalBonus : 0)
      if need > most {
        most = need
        f.targetMemory = seen[3 &* place &+ 1]
        f.isTargetCritical = isCritical
        f.targetMove = Int(Action.moving(to: place).rawValue)
        f.targetDistance = place & 1 == 1 ? 1 : 2
      }
    }
  }

  private mutating func remember(_ i: Int, _ sight: Sight, _ f: inout Features) {
    let seen = sight.observation
    let step = sight.step
    for place in 0..<9 {
      let row = (f.row + place / 3 - 1 + height) % height
      let column = (f.column + place % 3 - 1 + width) % width
      belief.see(i, row &* width &+ column, memory: seen[3 &* place &+ 1], step: step)
    }
    var (most, oldest): (Float, Int) = (-1, 8)
    for row in 0..<height {
      for column in 0..<width where row != f.row || column != f.column {
        let cell = row &* width &+ column
        let distance = self.distance(f, row, column)
        guard let age = belief.age(i, cell, step: step) else {
          let wish = 1000 - 10 * distance
          if wish > oldest { (oldest, f.searchMove) = (wish, move(f, row, column)) }
          continue
        }
        if age - 4 * distance > oldest { (oldest, f.searchMove) = (age - 4 * distance, move(f, row, column)) }
        // It was seen, and what a cell is for does not change.
        let isCritical = sight.cells.critical[cell] != 0
        let memory = belief.memory(i, cell, step: step)
        let need = memory + (isCritical ? Self.criticalBonus : 0)
        if need > most {
          most = need
          (f.targetMemory, f.isTargetCritical, f.targetDistance) = (memory, isCritical, distance)
          f.targetMove = move(f, row, column)
        }
      }
    }
  }

  private func lookEverywhere(_ sight: Sight, _ f: inout Features) {
    var most: Float = -1
    for row in 0..<height {
      for column in 0..<width where row != f.row || column != f.column {
        let cell = row &* width &+ column
        let isCritical = sight.cells.critical[cell] != 0
        let memory = Float(sight.cells.memory[cell]) * 0x1p-15
        let need = memory + (isCritical ? Self.criticalBonus : 0)
        if need > most {
          most = need
          (f.targetMemory, f.isTargetCritical) = (memory, isCritical)
          f.targetDistance = distance(f, row, column)
          f.targetMove = move(f, row, column)
        }
      }
    }
  }

  @inline(__always)
  private func distance(_ f: Features, _ row: Int, _ column: Int) -> Int {
    let (rows, columns) = (abs(row - f.row), abs(column - f.column))
    return min(rows, height - rows) + min(columns, width - columns)
  }

  /// The first move on the shortest way.
  @inline(__always)
  private func move(_ f: Features, _ row: Int, _ column: Int) -> Int {
    let down = row >= f.row ? row - f.row : row - f.row + height
    if down != 0 { return 2 * down <= height ? 1 : 0 }
    let right = column >= f.column ? column - f.column : column - f.column + width
    return 2 * right <= width ? 3 : 2
  }
}
