/// What came of offering pods one by one, by how much had been asked for.
package struct LoadCurve: Sendable, Equatable {
  /// What held at one whole percent of arrived load.
  package struct Point: Sendable, Equatable {
    /// Demand that had arrived, percent of the fleet's GPUs.
    package var load: Int
    /// Allocated GPU, percent of the fleet's: the mean over the arrivals at this load.
    package var allocation: Double
    /// Idle GPU that typical pods cannot use, percent of the fleet's: the mean over the arrivals at this load.
    package var fragmentation: Double
    /// Pods that had found no place.
    package var failed: Int
    /// Watts of all nodes: the mean over the arrivals at this load.
    package var watts: Double
  }

  private struct Sum: Equatable {
    var allocation = 0.0
    var fragmentation = 0.0
    var arrivals = 0
    var failed = 0
    var watts = 0.0
  }

  package private(set) var pods = 0
  package private(set) var failedPods = 0
  /// Thousandths of GPU that the pods without a place asked for.
  package private(set) var failedGPUMilli = 0
  private let capacity: Double
  private var sums: [Sum] = []
  private var arrivedMilli = 0

  init(capacityMilli: Int) { capacity = Double(max(capacityMilli, 1)) }

  mutating func arrive(
    _ shape: PodShape, placed: Bool, usedMilli: Int, fragmentedMilli: Double, watts: Double
  ) {
    pods += 1
    arrivedMilli += shape.totalGPUMilli
    if !placed {
      failedPods += 1
      failedGPUMilli += shape.totalGPUMilli
    }
    let load = Int((Double(arrivedMilli) / capacity * 100).rounded(.toNearestOrEven))
    while sums.count <= load { sums.append(Sum()) }
    sums[load].arrivals += 1
    // The published tables round each event to two decimals before they take the mean.
    sums[load].allocation += Self.rounded(Double(usedMilli) / capacity * 100)
    sums[load].fragmentation += Self.rounded(fragmentedMilli / capacity * 100)
    sums[load].failed = failedPods
    sums[load].watts += watts
  }

  /// By rising load; loads at which nothing arrived are left out.
  package var points: [Point] {
    sums.indices.compactMap { load in
      let sum = sums[load]
      guard sum.arrivals > 0 else { return nil }
      return Point(
        load: load, allocation: Self.rounded(sum.allocation / Double(sum.arrivals)),
        fragmentation: Self.rounded(sum.fragmentation / Double(sum.arrivals)), failed: sum.failed,
        watts: (sum.watts / Double(sum.arrivals)).rounded())
    }
  }

  /// What held at a load, or at the highest one below it at which something arrived.
  package func point(at load: Int) -> Point? { points.last { $0.load <= load } }

  private static func rounded(_ percent: Double) -> Double {
    (percent * 100).rounded(.toNearestOrEven) / 100
  }
}
