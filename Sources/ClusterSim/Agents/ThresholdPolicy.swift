/// A rule of the kind that a horizontal autoscaler follows: it knows aggregates alone, compares them with targets, scales
/// when one is above, and then waits for a stabilization window (Kubernetes, "Horizontal Pod Autoscaling").
///
/// Where it has nothing to scale it walks up and down, the nearest to doing nothing that there is: moves are free.
package struct ThresholdPolicy: Policy {
  package let name = "threshold"
  /// The largest memory of a critical cell, and the share of hot cells, above which it scales.
  let riskTarget: Float = 0.9
  let hotTarget: Float = 0.3
  /// Steps between two scalings.
  let window = 10
  private var waitsUntil: [Int] = []

  package init() {}

  package mutating func begin(_ i: Int, of count: Int) {
    if waitsUntil.count != count { waitsUntil = Array(repeating: 0, count: count) }
    waitsUntil[i] = 0
  }

  package mutating func act(_ i: Int, _ sight: Sight) -> UInt8 {
    let seen = sight.observation
    let isAbove =
      seen[ObservationLayout.risk] > riskTarget || seen[ObservationLayout.hotShare] > hotTarget
    guard isAbove, sight.step >= waitsUntil[i] else {
      return Action.waiting(step: sight.step).rawValue
    }
    waitsUntil[i] = sight.step + window
    return Action.scale.rawValue
  }
}
