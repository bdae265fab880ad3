/// The smart baseline: cleans where it stands when memory is high, throttles a runaway CPU, scales when a critical cell is about
/// to fail, walks to the worst cell in view, critical ones first, and patrols row by row when nothing is in view.
package struct HeuristicPolicy: Policy {
  package let name = "heuristic"
  /// Memory above which a cell is cleaned or walked to; a critical cell counts `criticalBonus` more in the latter.
  let memoryLine: Float = 0.7
  static let criticalBonus: Float = 0.15
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
    let (_, place) = Self.neediest(seen, above: memoryLine)
    guard place >= 0 else { return Action.patrolling(step: sight.step, width: sight.width).rawValue }
    return Action.moving(to: place).rawValue
  }

  /// The cell of the view, without the own one, whose memory is largest, where that of a critical one counts more.
  ///
  /// - Returns: its need and its place, numbered row by row; the line and -1 where none is above the line.
  @inline(__always)
  static func neediest(_ seen: UnsafePointer<Float>, above line: Float) -> (need: Float, place: Int) {
    var (worst, place) = (line, -1)
    for cell in 0..<9 where cell != 4 {
      let isCritical = seen[3 * cell + 2] == 1
      let need = seen[3 * cell + 1] + (isCritical ? criticalBonus : 0)
      if need > worst { (worst, place) = (need, cell) }
    }
    return (worst, place)
  }
}
