/// By how much placing a shape on a node reduces fragmentation there.
struct FragmentationGradient {
  private let fragmentation: Fragmentation
  private let shape: PodShape
  private let cpuAfter: Int32
  private let model: UInt8
  private let idle: IdleGPUs
  private let all: Int
  private let before: Double

  init(_ fragmentation: Fragmentation, _ shape: PodShape, _ node: Int, _ state: FleetState) {
    self.fragmentation = fragmentation
    self.shape = shape
    idle = state.idle[node]
    model = state.capacity[node].model
    cpuAfter = state.cpu[node] - shape.cpuMilli
    all = idle.total
    before = Double(all) - fragmentation.usable(cpuMilli: state.cpu[node], idle: idle, model: model)
  }

  /// For a pod that takes the same from each of some GPUs, one bit each.
  func reduction(on gpus: UInt32) -> Double {
    var after = idle
    after.add(-shape.gpuMilli, to: gpus)
    let fragmented =
      Double(all - shape.totalGPUMilli) - fragmentation.usable(cpuMilli: cpuAfter, idle: after, model: model)
    return before - fragmented
  }
}
