/// How many free thousandths of GPU typical pods could not use, by the measure of Weng et al. (ATC 2023, section 4.1).
///
/// A pod that needs no GPU, or fits nowhere on the node, counts all that is free; any other counts what is free on
/// GPUs that are too full for it. Tables make one look at a node cost a few additions a kind of GPU demand.
package struct Fragmentation: Sendable {
  /// Shapes that differ in CPU only.
  private struct Group: Sendable {
    var gpuMilli: Int16
    var gpuCount: UInt8
    /// The share of pods of this group that a rank of CPU lets in.
    var sharesByRank: [Double]
  }

  /// Distinct CPU demands, ascending: a node's rank is how many it meets.
  private let cpuSteps: [Int32]
  /// By GPU model.
  private let groups: [[Group]]

  package init(_ typical: TypicalPods, models: Int) {
    let steps = Set(typical.entries.filter { $0.shape.gpuCount > 0 }.map(\.shape.cpuMilli)).sorted()
    cpuSteps = steps
    groups = (0..<models).map { model in
      var groups: [Group] = []
      for entry in typical.entries where entry.shape.gpuCount > 0 {
        guard entry.shape.models.contains(UInt8(model)) else { continue }
        let index =
          groups.firstIndex { $0.gpuMilli == entry.shape.gpuMilli && $0.gpuCount == entry.shape.gpuCount }
          ?? groups.count
        if index == groups.count {
          groups.append(
            Group(
              gpuMilli: entry.shape.gpuMilli, gpuCount: entry.shape.gpuCount,
              sharesByRank: Array(repeating: 0, count: steps.count + 1)))
        }
        for rank in 0...steps.count where rank > 0 && steps[rank - 1] >= entry.shape.cpuMilli {
          groups[index].sharesByRank[rank] += entry.share
        }
      }
      return groups.sorted { ($0.gpuMilli, $0.gpuCount) < ($1.gpuMilli, $1.gpuCount) }
    }
  }

  /// The rank of free CPU.
  func rank(_ cpuMilli: Int32) -> Int {
    var (low, high) = (0, cpuSteps.count)
    while low < high {
      let middle = (low + high) / 2
      if cpuSteps[middle] <= cpuMilli { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Thousandths of GPU on a node that typical pods could use, weighted by how often they come.
  ///
  /// - Parameters:
  ///   - cpuMilli: free CPU.
  ///   - idle: free thousandths of each GPU of the node.
  ///   - model: its model.
  func usable(cpuMilli: Int32, idle: IdleGPUs, model: UInt8) -> Double {
    let rank = rank(cpuMilli)
    var sum = 0.0
    for group in groups[Int(model)] {
      let share = group.sharesByRank[rank]
      if share == 0 { continue }
      var (free, count): (Int, UInt8) = (0, 0)
      for gpu in 0..<idle.count where idle[gpu] >= group.gpuMilli {
        free += Int(idle[gpu])
        count += 1
      }
      if count >= group.gpuCount { sum += share * Double(free) }
    }
    return sum
  }

  /// Fragmented thousandths of GPU of a node.
  package func amount(of state: FleetState, on node: Int) -> Double {
    let idle = state.idle[node]
    return Double(idle.total)
      - usable(cpuMilli: state.cpu[node], idle: idle, model: state.capacity[node].model)
  }
}
