/// What keeps a workload's member from a node: the first filter that fails.
package struct Obstacle: Sendable, Hashable {
  /// The filters, in the order in which they are asked.
  package enum Filter: String, Sendable, Hashable, CaseIterable {
    case cordoned, selector, tenant, spot, avoids
    case gpuType = "gpu-type"
    case gpuMemory = "gpu-memory"
    case cost, cpu, memory, gpus, bandwidth, locality
  }

  package var filter: Filter
  /// In words, with figures.
  package var reason: String

  package init(_ filter: Filter, _ reason: String) {
    self.filter = filter
    self.reason = reason
  }

  /// Whether it would go if other pods went.
  package var isOfUse: Bool {
    switch filter {
    case .cpu, .memory, .gpus, .bandwidth, .locality, .avoids: true
    case .tenant, .cordoned, .selector, .spot, .gpuType, .gpuMemory, .cost: false
    }
  }
}

extension ClusterState {
  /// The first filter that keeps a member from a node, with its reason in words.
  ///
  /// - Parameter mask: the GPUs that may be used, one bit each.
  package func obstacle(_ workload: Workload, node: Int, mask: UInt32 = .max) -> Obstacle? {
    barrier(workload, node: node, mask: mask).map {
      Obstacle($0, reason($0, workload, node: node, mask: mask))
    }
  }

  /// The first filter that keeps a member from a node.
  func barrier(_ workload: Workload, node: Int, mask: UInt32) -> Obstacle.Filter? {
    if let fixed = fixedBarrier(workload, node: node) { return fixed }
    if workload.demand.cpuMilli > cpu[node] { return .cpu }
    if workload.demand.memoryMiB > memory[node] { return .memory }
    if capacity(for: workload, node: node, mask: mask, most: 1) > 0 { return nil }
    guard case .whole(let count) = workload.demand.gpu, workload.gigabytesPerSecond > 0 else { return .gpus }
    return (wholeGPUs(node) & mask).nonzeroBitCount >= count ? .bandwidth : .gpus
  }

  /// What no other pod's leaving would change, and whom it must not meet.
  private func fixedBarrier(_ workload: Workload, node: Int) -> Obstacle.Filter? {
    let demand = workload.demand
    if cluster.nodes[node].cordoned { return .cordoned }
    for (key, value) in demand.selector where cluster.nodes[node].labels[key] != value { return .selector }
    if !mayUse(workload.tenant, node: node) { return .tenant }
    if cluster.nodes[node].spot, workload.spot.objection != nil { return .spot }
    if !workload.avoids.isEmpty || avoiding > 0, avoided(workload, node: node) != nil { return .avoids }
    return gpuBarrier(workload, node: node)
  }

  /// Whether a filter keeps a member from a node whatever runs there and whatever its labels are.
  func isClosed(to workload: Workload, node: Int) -> Bool {
    let facts = cluster.nodes[node]
    if facts.cordoned || (facts.tenant != nil && facts.tenant != workload.tenant) { return true }
    return (facts.spot && workload.spot.objection != nil) || gpuBarrier(workload, node: node) != nil
  }

  /// Whether the labels of a node are those asked for, and whoever runs there is no other tenant who wants it alone.
  func mayEnter(_ workload: Workload, node: Int) -> Bool {
    if isolation == .node, !mayUse(workload.tenant, node: node) { return false }
    if workload.demand.selector.isEmpty { return true }
    return workload.demand.selector.allSatisfy { cluster.nodes[node].labels[$0.key] == $0.value }
  }

  /// What keeps a member from a kind of GPU.
  private func gpuBarrier(_ workload: Workload, node: Int) -> Obstacle.Filter? {
    let demand = workload.demand
    if demand.gpu == .none { return nil }
    guard let number = cluster.nodes[node].model else { return .gpuType }
    let model = cluster.models[number]
    if !demand.types.isEmpty, !demand.types.contains(where: { model.isMeant(by: $0) }) { return .gpuType }
    guard let memory = memoryGiven(demand, model) else { return .gpuType }
    if demand.gpuMemoryMiB > memory { return .gpuMemory }
    guard let limit = workload.maxCostPerHour, let cost = costPerMember(workload, node: node) else {
      return nil
    }
    return cost * Double(workload.members) > limit ? .cost : nil
  }

  /// Who is on a node that a workload avoids, or that avoids it.
  private func avoided(_ workload: Workload, node: Int) -> Workload? {
    pods[node].lazy.compactMap { bindings[$0]?.workload }.first {
      $0.name != workload.name && (workload.isKeptApart(from: $0) || $0.isKeptApart(from: workload))
    }
  }

  /// GPU memory that a share, an instance or a whole GPU of a model has; `nil` when there is no such instance.
  private func memoryGiven(_ demand: PodDemand, _ model: GPUModel) -> Int? {
    switch demand.gpu {
    case .none, .whole: return model.memoryMiB
    case .share(let milli): return model.memoryMiB * milli / 1000
    case .mig(let profile):
      guard let geometry = model.geometry, let number = geometry.profile(named: profile) else { return nil }
      return geometry.profiles[number].memoryMiB
    }
  }

  /// A filter's finding in words.
  private func reason(_ filter: Obstacle.Filter, _ workload: Workload, node: Int, mask: UInt32) -> String {
    let (demand, facts) = (workload.demand, cluster.nodes[node])
    switch filter {
    case .cordoned: return "the node takes no new pods"
    case .selector:
      let key = demand.selector.keys.sorted().first { facts.labels[$0] != demand.selector[$0] } ?? ""
      let have = facts.labels[key].map { "is \"\($0)\"" } ?? "is not there"
      return "label \(key) \(have), \"\(demand.selector[key] ?? "")\" is asked for"
    case .tenant:
      return facts.tenant.map { "the node is for tenant \($0) alone" } ?? "another tenant's pods run there"
    case .spot: return workload.spot.objection ?? ""
    case .avoids:
      guard let other = avoided(workload, node: node) else { return "" }
      return "\(other.name) runs there, which "
        + (workload.isKeptApart(from: other) ? "it avoids" : "avoids it")
    case .gpuType: return typeReason(demand, cluster.model(of: facts))
    case .gpuMemory:
      let memory = cluster.model(of: facts).flatMap { memoryGiven(demand, $0) } ?? 0
      return "gives \(memory) MiB of GPU memory, \(demand.gpuMemoryMiB) are asked for"
    case .cost:
      let cost = (costPerMember(workload, node: node) ?? 0) * Double(workload.members)
      return
        "would cost \(NumberForm.short(cost)) an hour, the limit is \(NumberForm.short(workload.maxCostPerHour ?? 0))"
    case .cpu:
      return "needs \(demand.cpuMilli) thousandths of a CPU, \(cpu[node]) of \(facts.cpuMilli) are free"
    case .memory: return "needs \(demand.memoryMiB) MiB, \(memory[node]) of \(facts.memoryMiB) are free"
    case .gpus: return "needs \(demand.gpu.text), " + freeText(node, mask & facts.topology.all)
    case .bandwidth:
      return "has no \(demand.gpu.text) free that are linked by \(Int(workload.gigabytesPerSecond)) GB/s"
    case .locality: return "its free GPUs are not near enough to each other (\(workload.locality.rawValue))"
    }
  }

  private func typeReason(_ demand: PodDemand, _ model: GPUModel?) -> String {
    guard let model else { return "the node has no GPU" }
    if case .mig(let profile) = demand.gpu, demand.types.isEmpty {
      return "\(model.name) has no MIG profile \(profile)"
    }
    return "has \(model.name), \(demand.types.joined(separator: " or ")) is asked for"
  }

  /// What an hour of a member costs on a node: its part of the node's price, or of its GPUs'.
  package func costPerMember(_ workload: Workload, node: Int) -> Double? {
    let facts = cluster.nodes[node]
    let part = Double(workload.demand.gpu.milli) / 1000
    if let price = facts.costPerHour, facts.topology.count > 0 {
      return price * part / Double(facts.topology.count)
    }
    return cluster.model(of: facts)?.costPerHour.map { $0 * part }
  }

  private func freeText(_ node: Int, _ mask: UInt32) -> String {
    let idle = idle[node]
    let gpus = (0..<idle.count).filter { mask >> UInt32($0) & 1 == 1 }
    let mig = gpus.count { cluster.nodes[node].migGPUs >> UInt32($0) & 1 == 1 }
    let parts = gpus.filter { idle[$0] > 0 && idle[$0] < 1000 }.map { "GPU \($0) has \(idle[$0])" }
    let whole = (wholeGPUs(node) & mask).nonzeroBitCount
    var text = "\(whole) of \(gpus.count) GPUs are free"
    if mig > 0 { text += ", \(mig) are in MIG mode" }
    if let geometry = cluster.model(of: cluster.nodes[node])?.geometry {
      for (gpu, profile) in cluster.nodes[node].migReserve.sorted(by: { $0.key < $1.key }).prefix(4) {
        text += ", GPU \(gpu) keeps room for \(geometry.profiles[profile].name)"
      }
    }
    if !parts.isEmpty { text += "; of parts " + parts.prefix(4).joined(separator: ", ") }
    return text
  }
}

/// Numbers in messages.
enum NumberForm {
  /// At most two decimals.
  static func short(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let (whole, rest) = (hundredths / 100, abs(hundredths % 100))
    return rest == 0 ? "\(whole)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }
}
