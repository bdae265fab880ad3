/// The most CPU and GPU that any node of the published experiments has, by which two of the policies normalise.
private enum Largest {
  static let cpuMilli = 128_000.0
  static let gpuMilli = 8000.0
}

/// Least left over: half CPU, half GPU, in whole percents.
package struct BestFitPolicy: PlacementPolicy {
  package init() {}

  package func score(_ shape: PodShape, on node: Int, of state: FleetState) -> PlacementScore {
    let cpu = Double(state.cpu[node] - shape.cpuMilli) / Largest.cpuMilli * 0.5
    let gpu = Double(state.idle[node].total - shape.totalGPUMilli) / Largest.gpuMilli * 0.5
    return PlacementScore(
      Int32((1 - (cpu + gpu)) * 100), gpu: state.gpu(for: shape, on: node))
  }
}

/// The smaller the dot product of what is free and what is asked for, the better, in whole percents (Grandl et
/// al., "Multi-resource packing for cluster schedulers", SIGCOMM 2014, as the published experiments use it).
package struct DotProductPolicy: PlacementPolicy {
  package init() {}

  package func score(_ shape: PodShape, on node: Int, of state: FleetState) -> PlacementScore {
    let cpu = Double(state.cpu[node]) / Largest.cpuMilli * (Double(shape.cpuMilli) / Largest.cpuMilli)
    let gpu =
      Double(state.idle[node].total) / Largest.gpuMilli
      * (Double(shape.totalGPUMilli) / Largest.gpuMilli)
    return PlacementScore(
      Int32(100 * (1 - (cpu + gpu) / 2)), gpu: state.gpu(for: shape, on: node))
  }
}

/// Shared GPUs first, then free GPUs of nodes in use, then idle nodes.
package struct GPUPackingPolicy: PlacementPolicy {
  package init() {}

  package func score(_ shape: PodShape, on node: Int, of state: FleetState) -> PlacementScore {
    guard shape.gpuCount > 0 else { return PlacementScore(0) }
    let free = state.idle[node].count(atLeast: 1000)
    let tightest = state.gpu(for: shape, on: node)
    if free == state.idle[node].count { return PlacementScore(Int32(max(33 - free, free)), gpu: tightest) }
    if shape.isShare {
      let left = Int(state.idle[node][Int(tightest)])
      if left < 1000 { return PlacementScore(Int32(max(100 - left / 10 / 10, 50)), gpu: tightest) }
    }
    return PlacementScore(Int32(max(50 - Int(shape.gpuCount), 33)), gpu: tightest)
  }
}

/// Nodes that hold only pods of the same GPU count first, then mixed ones with some, then idle ones, then others.
package struct GPUClusteringPolicy: PlacementPolicy {
  package init() {}

  package func score(_ shape: PodShape, on node: Int, of state: FleetState) -> PlacementScore {
    guard shape.gpuCount > 0 else { return PlacementScore(0) }
    let first = node * FleetState.classStride
    var kinds = 0
    for kind in first..<first + FleetState.classStride where state.classes[kind] > 0 { kinds += 1 }
    let same = state.classes[first + shape.gpuClass] > 0
    let base = same ? (kinds == 1 ? 75 : 50) : (kinds == 0 ? 25 : 0)
    let fullness = 25 * (8000 - state.idle[node].total) / 8000
    return PlacementScore(
      Int32(base + fullness), gpu: state.gpu(for: shape, on: node))
  }
}

extension FleetState {
  /// The GPU on which a share is put: the fullest that has room.
  fileprivate func gpu(for shape: PodShape, on node: Int) -> UInt8 {
    shape.isShare ? UInt8(idle[node].tightest(shape.gpuMilli) ?? 0) : 0
  }
}
