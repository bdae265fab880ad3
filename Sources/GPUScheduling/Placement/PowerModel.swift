/// Watts of a node by what of it is in use, as PWR has it (Lettich et al., "Power- and Fragmentation-aware Online Scheduling
/// for GPU Datacenters", CCGrid 2025, and `GetEnergyConsumptionNode` of its code): a GPU is at full power as soon as anything
/// has a part of it, and so is a CPU package as soon as one of its cores is in use; two virtual CPUs share a core.
package struct PowerModel: Sendable, Hashable {
  /// Watts of one GPU.
  package struct GPU: Sendable, Hashable {
    package var idle: Double
    package var full: Double

    package init(idle: Double, full: Double) {
      self.idle = idle
      self.full = full
    }
  }

  /// By model, as the fleet numbers them.
  private let gpus: [GPU]

  /// A CPU package: PWR's figures for machines whose CPU is not told, an Intel Xeon E5-2682 v4.
  private static var package: (cores: Int, idle: Double, full: Double) { (16, 15, 120) }

  package init(_ gpus: [GPU]) { self.gpus = gpus }

  /// With the figures that are known of models by their names (`GPUModel.known`).
  package init(models: [String]) {
    self.init(
      models.map {
        let model = GPUModel.known($0)
        return GPU(idle: model.idleWatts, full: model.fullWatts)
      })
  }

  /// Watts of a node.
  ///
  /// - Parameters:
  ///   - cpuMilli: free CPU.
  ///   - idle: free thousandths of each of its GPUs.
  package func watts(_ capacity: NodeCapacity, cpuMilli: Int32, idle: IdleGPUs) -> Double {
    let gpu = gpus[Int(capacity.model)]
    let free = idle.count(atLeast: 1000)
    let cores = (Int(capacity.cpuMilli) + 1999) / 2000
    let busy = cores - Int(cpuMilli) / 2000
    let packages = (cores + Self.package.cores - 1) / Self.package.cores
    let awake = (busy + Self.package.cores - 1) / Self.package.cores
    return gpu.idle * Double(free) + gpu.full * Double(idle.count - free)
      + Self.package.idle * Double(packages - awake) + Self.package.full * Double(awake)
  }

  /// Watts of all nodes.
  package func watts(_ state: FleetState) -> Double {
    (0..<state.nodeCount).reduce(0) { $0 + watts(of: state, on: $1) }
  }

  func watts(of state: FleetState, on node: Int) -> Double {
    watts(state.capacity[node], cpuMilli: state.cpu[node], idle: state.idle[node])
  }

  /// By how many watts a shape on some GPUs raises a node.
  func rise(_ shape: PodShape, on node: Int, gpus: UInt32, of state: FleetState) -> Double {
    var idle = state.idle[node]
    idle.add(-shape.gpuMilli, to: gpus)
    let capacity = state.capacity[node]
    return watts(capacity, cpuMilli: state.cpu[node] - shape.cpuMilli, idle: idle)
      - watts(capacity, cpuMilli: state.cpu[node], idle: state.idle[node])
  }
}
