package import DSLBase

/// How far tenants are kept apart, the least first.
package enum TenantIsolation: String, Sendable, Hashable, CaseIterable {
  case none
  /// No two tenants share a GPU, but for MIG instances: those are apart in hardware.
  case mig
  /// No two tenants share a GPU.
  case gpu
  /// No two tenants share a node that has GPUs.
  case node
}

/// What is free and who runs where: a value, so a copy is a snapshot that nothing changes any more.
///
/// `bind` is the only way in, and it takes nothing that is not free. So over-commitment cannot happen, whoever decides and
/// however old what it decided on was.
package struct ClusterState: Sendable {
  package let cluster: Cluster
  package let isolation: TenantIsolation
  /// Free thousandths of a CPU, by node.
  package private(set) var cpu: [Int]
  /// Free MiB, by node.
  package private(set) var memory: [Int]
  /// Free thousandths of each GPU, by node; 0 of those in MIG mode.
  package private(set) var idle: [IdleGPUs]
  /// Instances of GPUs in MIG mode, by slot.
  private var layouts: [Int: MIGLayout] = [:]
  /// By pod.
  package private(set) var bindings: [String: Binding] = [:]
  /// By node: its pods in the order in which they came.
  package private(set) var pods: [[String]]
  /// How many pods there are that avoid others.
  package private(set) var avoiding = 0
  /// By workload: its pods.
  package private(set) var members: [String: [String]] = [:]
  /// By GPU slot: whose it is, and how many pods use it.
  private var owners: [Int32]
  private var users: [UInt16]
  private var tenants: [String: Int32] = [:]
  /// By node: the number of its rack.
  private let racks: ContiguousArray<Int32>
  /// By rack: thousandths of GPU in use, what there is, and the share.
  private var rackUse: ContiguousArray<Int>
  private let rackTotal: ContiguousArray<Int>
  private(set) var rackShares: ContiguousArray<Double>
  /// By node: the revision of its last change.
  private(set) var changedAt: ContiguousArray<Int>
  private(set) var changes: ChangeLog
  private var log: [Change] = []
  private var open = 0

  private enum Change {
    case bound(String)
    case unbound(Binding, place: Int, among: Int)
  }

  /// - Throws: `conflict` when what runs does not fit into what is there.
  package init(_ cluster: Cluster, isolation: TenantIsolation = .mig) throws(DSLError) {
    self.cluster = cluster
    self.isolation = isolation
    cpu = cluster.nodes.map(\.cpuMilli)
    memory = cluster.nodes.map(\.memoryMiB)
    idle = cluster.nodes.map { node in
      var idle = IdleGPUs(free: node.topology.count)
      for gpu in 0..<node.topology.count where node.migGPUs >> UInt32(gpu) & 1 == 1 { idle[gpu] = 0 }
      return idle
    }
    pods = Array(repeating: [], count: cluster.nodes.count)
    owners = Array(repeating: -1, count: cluster.nodes.count * IdleGPUs.limit)
    users = Array(repeating: 0, count: owners.count)
    var (numbers, racks, totals): ([String: Int32], ContiguousArray<Int32>, ContiguousArray<Int>) = (
      [:], [], []
    )
    for node in cluster.nodes {
      let number = numbers[node.rack ?? ""] ?? Int32(totals.count)
      if Int(number) == totals.count { totals.append(0) }
      numbers[node.rack ?? ""] = number
      totals[Int(number)] += node.topology.count * 1000
      racks.append(number)
    }
    self.racks = racks
    rackTotal = totals
    rackUse = ContiguousArray(repeating: 0, count: totals.count)
    rackShares = ContiguousArray(repeating: 0, count: totals.count)
    changedAt = ContiguousArray(repeating: 0, count: cluster.nodes.count)
    changes = ChangeLog(limit: cluster.nodes.count)
    for binding in cluster.running { try bind(binding) }
  }

  // MARK: Looking

  /// Whether a tenant may use a GPU beside those who do.
  package func mayUse(_ tenant: String?, node: Int, gpu: Int, asInstance: Bool) -> Bool {
    let slot = node * IdleGPUs.limit + gpu
    if isolation == .none || users[slot] == 0 || (isolation == .mig && asInstance) { return true }
    return owners[slot] == tenants[tenant ?? ""]
  }

  /// What is free on the GPU that a share would get, the fullest with room; `nil` when none has.
  ///
  /// - Parameter tenant: by `number(ofTenant:)`.
  func tightestIdle(_ milli: Int, node: Int, tenant: Int32) -> Int16? {
    let free = idle[node]
    var least: Int16?
    for gpu in 0..<free.count where Int(free[gpu]) >= milli && free[gpu] < least ?? .max {
      let slot = node * IdleGPUs.limit + gpu
      if isolation == .none || users[slot] == 0 || owners[slot] == tenant { least = free[gpu] }
    }
    return least
  }

  /// How owners of GPUs are written down; -2 for a tenant who never had one.
  func number(ofTenant tenant: String?) -> Int32 { tenants[tenant ?? ""] ?? -2 }

  /// Whether a tenant may use a node beside those who do.
  package func mayUse(_ tenant: String?, node: Int) -> Bool {
    if let dedicated = cluster.nodes[node].tenant, dedicated != tenant { return false }
    guard isolation == .node, cluster.nodes[node].topology.count > 0 else { return true }
    return pods[node].allSatisfy { bindings[$0]?.workload.tenant == tenant }
  }

  /// GPUs that are entirely free, one bit each.
  package func wholeGPUs(_ node: Int) -> UInt32 {
    var mask: UInt32 = 0
    for gpu in 0..<idle[node].count where idle[node][gpu] == 1000 { mask |= 1 << UInt32(gpu) }
    return mask
  }

  /// The layout of a GPU in MIG mode; `nil` of another.
  package func layout(node: Int, gpu: Int) -> MIGLayout? {
    guard cluster.nodes[node].migGPUs >> UInt32(gpu) & 1 == 1 else { return nil }
    if let layout = layouts[node * IdleGPUs.limit + gpu] { return layout }
    return cluster.model(of: cluster.nodes[node])?.geometry.map { MIGLayout($0) }
  }

  /// The share of GPU in use in the rack of a node, 0...1.
  package func rackShare(_ node: Int) -> Double { rackShares[Int(racks[node])] }

  /// The number of a node's rack.
  func rack(_ node: Int) -> Int { Int(racks[node]) }

  /// How many pods use a GPU.
  package func userCount(node: Int, gpu: Int) -> Int { Int(users[node * IdleGPUs.limit + gpu]) }

  /// Why a binding cannot be; `nil` when it can.
  package func objection(to binding: Binding) -> String? {
    let (demand, node) = (binding.workload.demand, binding.node)
    guard cluster.nodes.indices.contains(node) else { return "there is no node \(node)" }
    let facts = cluster.nodes[node]
    if bindings[binding.pod] != nil { return "pod \(binding.pod) runs already" }
    if binding.gpus & ~facts.topology.all != 0 {
      return "node \(facts.name) has \(facts.topology.count) GPUs"
    }
    if demand.cpuMilli > cpu[node] { return "node \(facts.name) has \(cpu[node]) thousandths of a CPU free" }
    if demand.memoryMiB > memory[node] { return "node \(facts.name) has \(memory[node]) MiB free" }
    if !mayUse(binding.workload.tenant, node: node) { return "node \(facts.name) is another tenant's" }
    let isInstance = binding.instance != nil
    for gpu in 0..<facts.topology.count where binding.gpus >> UInt32(gpu) & 1 == 1 {
      if !mayUse(binding.workload.tenant, node: node, gpu: gpu, asInstance: isInstance) {
        return "GPU \(gpu) of node \(facts.name) is another tenant's"
      }
    }
    return gpuObjection(binding, facts)
  }

  private func gpuObjection(_ binding: Binding, _ facts: ClusterNode) -> String? {
    let count = binding.gpus.nonzeroBitCount
    switch binding.workload.demand.gpu {
    case .none: return count == 0 ? nil : "it asks for no GPU"
    case .share(let milli):
      guard count == 1, (1..<1000).contains(milli) else { return "a share is of one GPU" }
      let left = Int(idle[binding.node][binding.gpus.trailingZeroBitCount])
      return left >= milli ? nil : "the GPU has \(left) thousandths free"
    case .whole(let wanted):
      guard wanted > 0, count == wanted else { return "it asks for \(wanted) GPUs" }
      return binding.gpus & ~wholeGPUs(binding.node) == 0 ? nil : "not all of these GPUs are free"
    case .mig(let profile):
      let gpu = binding.gpus.trailingZeroBitCount
      guard count == 1, let layout = layout(node: binding.node, gpu: gpu), let instance = binding.instance,
        layout.geometry.profile(named: profile) == instance.profile
      else { return "node \(facts.name) has no such MIG profile there" }
      return layout.allows(instance) ? nil : "\(layout.geometry.text(instance)) overlaps what is there"
    }
  }

  // MARK: Changing

  /// Takes what a binding needs.
  ///
  /// - Throws: `conflict` when it is not free; nothing is changed then.
  package mutating func bind(_ binding: Binding) throws(DSLError) {
    if let objection = objection(to: binding) {
      throw DSLError(.conflict, "pod \(binding.pod) cannot be bound: \(objection)")
    }
    apply(binding, sign: 1)
    let pod = binding.pod
    bindings[pod] = binding
    pods[binding.node].append(pod)
    members[binding.workload.name, default: []].append(pod)
    if open > 0 { log.append(.bound(pod)) }
  }

  /// Frees what a pod had.
  ///
  /// - Returns: its binding; `nil` when it does not run.
  @discardableResult
  package mutating func unbind(_ pod: String) -> Binding? {
    guard let binding = bindings.removeValue(forKey: pod) else { return nil }
    apply(binding, sign: -1)
    let place = pods[binding.node].firstIndex(of: pod) ?? 0
    pods[binding.node].remove(at: place)
    let workload = binding.workload.name
    let among = members[workload]?.firstIndex(of: pod) ?? 0
    members[workload]?.remove(at: among)
    if members[workload]?.isEmpty ?? false { members[workload] = nil }
    if open > 0 { log.append(.unbound(binding, place: place, among: among)) }
    return binding
  }

  /// Frees all that a workload has.
  ///
  /// - Returns: the bindings, in the order of the pods.
  @discardableResult
  package mutating func release(_ workload: String) -> [Binding] {
    (members[workload] ?? []).compactMap { unbind($0) }
  }

  private mutating func apply(_ binding: Binding, sign: Int) {
    let (node, demand) = (binding.node, binding.workload.demand)
    cpu[node] -= sign * demand.cpuMilli
    if !binding.workload.avoids.isEmpty { avoiding += sign }
    memory[node] -= sign * demand.memoryMiB
    changedAt[node] = changes.append(node: node)
    let rack = Int(racks[node])
    rackUse[rack] += sign * demand.gpu.milli
    rackShares[rack] = rackTotal[rack] == 0 ? 0 : Double(rackUse[rack]) / Double(rackTotal[rack])
    switch demand.gpu {
    case .none: break
    case .share(let milli): idle[node].add(Int16(-sign * milli), to: binding.gpus)
    case .whole: idle[node].add(Int16(-sign * 1000), to: binding.gpus)
    case .mig:
      let gpu = binding.gpus.trailingZeroBitCount
      guard let instance = binding.instance, var layout = layout(node: node, gpu: gpu) else { return }
      _ = sign > 0 ? layout.create(instance) : layout.destroy(instance)
      layouts[node * IdleGPUs.limit + gpu] = layout
    }
    own(binding, sign: sign)
  }

  private mutating func own(_ binding: Binding, sign: Int) {
    let tenant = binding.workload.tenant ?? ""
    let number = tenants[tenant] ?? Int32(tenants.count)
    tenants[tenant] = number
    for gpu in 0..<IdleGPUs.limit where binding.gpus >> UInt32(gpu) & 1 == 1 {
      let slot = binding.node * IdleGPUs.limit + gpu
      if sign > 0 { users[slot] += 1 } else { users[slot] -= 1 }
      owners[slot] = users[slot] == 0 ? -1 : number
    }
  }

  // MARK: Trying out

  /// A place in the history of changes.
  package struct Checkpoint: Sendable {
    fileprivate let length: Int
  }

  /// Begins to remember changes. Each checkpoint ends with one `commit` or `rollBack`; they nest.
  package mutating func checkpoint() -> Checkpoint {
    open += 1
    return Checkpoint(length: log.count)
  }

  /// Keeps what was changed since.
  package mutating func commit(_ checkpoint: Checkpoint) {
    open -= 1
    if open == 0 { log.removeAll(keepingCapacity: true) }
  }

  /// Takes back all that was changed since, last first.
  package mutating func rollBack(to checkpoint: Checkpoint) {
    let changes = log[checkpoint.length...]
    log.removeLast(log.count - checkpoint.length)
    let outer = open - 1
    open = 0
    for change in changes.reversed() {
      switch change {
      case .bound(let pod): unbind(pod)
      case .unbound(let binding, let place, let among): restore(binding, at: place, among: among)
      }
    }
    open = outer
    if open == 0 { log.removeAll(keepingCapacity: true) }
  }

  /// Puts back what was there: it fits, as all that came after it is gone.
  private mutating func restore(_ binding: Binding, at place: Int, among: Int) {
    apply(binding, sign: 1)
    bindings[binding.pod] = binding
    pods[binding.node].insert(binding.pod, at: place)
    members[binding.workload.name, default: []].insert(binding.pod, at: among)
  }
}
