/// The smart baseline: cleans where it stands when memory is high, throttles a runaway CPU, scales when a critical cell is about
/// to fail, walks to the worst cell in view, critical ones first, and patrols row by row when nothing is in view.
package struct HeuristicPolicy: Policy {
  package let name = "heuristic"
  /// Memory above which a cell is cleaned or walked to; a critical cell counts `criticalBonus` more in the latter.
  let memoryLine: Float = 0.7
  let criticalBonus: Float = 0.15
  /// CPU above which a cleaning is a full one, and above which a cell is throttled.
  let cpuLine: Float = 0.6
  let throttleLine: Float = 0.9
  let throttleBudget: Float = 0.3
  /// The largest memory of a critical cell above which it scales, and the budget that it does so with.
  let riskLine: Float = 0.9
  let scaleBudget: Float = 0.7

  package init() {}

  package func act(_ i: Int, _ sight: Sight) -> UInt8 {
    let seen = sight.observation
    let (cpu, memory) = (seen[12], seen[13])
    if memory > memoryLine { return (cpu > cpuLine ? Action.clean : .memoryClean).rawValue }
    let budget = seen[ObservationLayout.budget]
    if cpu > throttleLine, budget > throttleBudget { return Action.throttle.rawValue }
    if seen[ObservationLayout.risk] > riskLine, budget > scaleBudget { return Action.scale.rawValue }
    var (worst, place) = (memoryLine, -1)
    for cell in 0..<9 where cell != 4 {
      let isCritical = seen[3 * cell + 2] == 1
      let need = seen[3 * cell + 1] + (isCritical ? criticalBonus : 0)
      if need > worst { (worst, place) = (need, cell) }
    }
    guard place >= 0 else {
      return (sight.step % sight.width == sight.width - 1 ? Action.moveDown : .moveRight).rawValue
    }
    return Self.move(toward: place)
  }

  /// The first move to a cell of the 3×3 view: along its column first.
  static func move(toward place: Int) -> UInt8 {
    switch place {
    case 0, 1, 2: Action.moveUp.rawValue
    case 6, 7, 8: Action.moveDown.rawValue
    case 3: Action.moveLeft.rawValue
    default: Action.moveRight.rawValue
    }
  }
}
