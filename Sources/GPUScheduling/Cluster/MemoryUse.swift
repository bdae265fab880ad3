/// Memory in use, as somebody measured it, MiB. What was not measured is not here, and is not zero.
package struct MemoryUse: Sendable, Hashable {
  /// By node: of each of its GPUs, whoever uses it.
  package var ofGPUs: [Int: [Int]] = [:]
  /// By node: of its main memory, whoever uses it.
  package var ofNode: [Int: Int] = [:]
  /// By pod: of each GPU that it has, or of its MIG instance.
  package var gpuOfPod: [String: Int] = [:]
  /// By pod: of its node's main memory.
  package var memoryOfPod: [String: Int] = [:]

  package init() {}
}

/// Memory that its users share: a GPU's, a MIG instance's, or a node's.
package struct MemoryPool: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case gpu(Int)
    case instance(gpu: Int, MIGInstance)
    case node
  }

  package var node: Int
  package var kind: Kind
  package var capacityMiB: Int
  package var usedMiB: Int
  /// Of that, what is known of single pods, MiB.
  package var users: [String: Int]
  /// Pods there of which nothing is known.
  package var unmeasured: [String]

  /// What no pod explains: the driver, the system, and pods that nobody measured.
  package var unexplainedMiB: Int { usedMiB - users.values.reduce(0, +) }

  package func percent(_ mebibytes: Int) -> Double { 100 * Double(mebibytes) / Double(capacityMiB) }

  /// The most that may be in use for a share of it, MiB.
  func bound(_ percent: Double) -> Int { Int((Double(capacityMiB) * percent / 100).rounded(.down)) }
}

extension ClusterState {
  /// Every memory of which something was measured, by node: GPUs, instances, then the node's own.
  ///
  /// A GPU's total that exceeds what its pods use is given to the one pod that nobody measured, if there is just one; of GPUs in
  /// MIG mode only instances are looked at, as their memories are apart.
  package var memoryPools: [MemoryPool] { cluster.nodes.indices.flatMap(memoryPools) }

  private func memoryPools(_ node: Int) -> [MemoryPool] {
    let (facts, use) = (cluster.nodes[node], cluster.memoryUse)
    let here = pods[node].compactMap { bindings[$0] }
    var pools: [MemoryPool] = []
    let capacity = cluster.model(of: facts)?.memoryMiB ?? 0
    for gpu in 0..<facts.topology.count {
      let users = here.filter { $0.gpus >> UInt32(gpu) & 1 == 1 }
      if facts.migGPUs >> UInt32(gpu) & 1 == 1 {
        pools += users.compactMap { instancePool($0, gpu: gpu) }
        continue
      }
      let total = use.ofGPUs[node].flatMap { $0.indices.contains(gpu) ? $0[gpu] : nil }
      guard capacity > 0,
        var pool = Self.pool(.gpu(gpu), node, capacity, total, users.map(\.pod), use.gpuOfPod)
      else { continue }
      if pool.unmeasured.count == 1, total != nil {
        pool.users[pool.unmeasured.removeLast()] = pool.unexplainedMiB
      }
      pools.append(pool)
    }
    if facts.memoryMiB > 0,
      let pool = Self.pool(
        .node, node, facts.memoryMiB, use.ofNode[node], here.map(\.pod), use.memoryOfPod)
    {
      pools.append(pool)
    }
    return pools
  }

  private func instancePool(_ binding: Binding, gpu: Int) -> MemoryPool? {
    guard let instance = binding.instance, let used = cluster.memoryUse.gpuOfPod[binding.pod],
      let geometry = layout(node: binding.node, gpu: gpu)?.geometry
    else { return nil }
    return MemoryPool(
      node: binding.node, kind: .instance(gpu: gpu, instance),
      capacityMiB: geometry.profiles[instance.profile].memoryMiB, usedMiB: used,
      users: [binding.pod: used], unmeasured: [])
  }

  /// - Returns: `nil` when nothing is known.
  private static func pool(
    _ kind: MemoryPool.Kind, _ node: Int, _ capacity: Int, _ total: Int?, _ pods: [String],
    _ measured: [String: Int]
  ) -> MemoryPool? {
    var users: [String: Int] = [:]
    for pod in pods { users[pod] = measured[pod] }
    guard total != nil || !users.isEmpty else { return nil }
    return MemoryPool(
      node: node, kind: kind, capacityMiB: capacity,
      usedMiB: max(total ?? 0, users.values.reduce(0, +)), users: users,
      unmeasured: pods.filter { users[$0] == nil })
  }
}
