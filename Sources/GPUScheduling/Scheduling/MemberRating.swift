/// Rates nodes for one pod of a kind: the same filters and terms as `NodeScoring.own` and `ClusterState.barrier`, bit by bit, but
/// what does not change is worked out once for each class of nodes, and how near GPUs are once for each set of free ones.
struct MemberRating: Sendable {
  /// What a node is rated where the pod does not fit.
  static var impossible: Double { -.infinity }

  /// How a term of the score is had.
  private enum Source {
    /// From the class of the node.
    case fixed
    case fullness, spread, topology, power
  }

  private enum Entry { case unknown, open, closed }

  /// How much of the total is the share of GPU in use in the node's rack.
  let rackWeight: Double
  private let workload: Workload
  private let scoring: NodeScoring
  private let terms: [(source: Source, share: Double)]
  /// By class: whether a filter keeps the pod out whatever runs there.
  private var entries: ContiguousArray<Entry>
  /// By class and term: what fixed terms add.
  private var fixed: ContiguousArray<Double>
  /// By topology and free GPUs: how near together the pod's GPUs would be, 0...1; below 0 when none are linked well enough.
  private var nearness: [UInt64: Double] = [:]

  init(_ workload: Workload, _ scoring: NodeScoring, classes: Int) {
    self.workload = workload
    self.scoring = scoring
    rackWeight = scoring.rackWeight(workload)
    var several = false
    if case .whole(let count) = workload.demand.gpu { several = count > 1 }
    terms = scoring.shares.map { term, share in
      switch term {
      case .availability: (.fullness, share)
      case .spread: (.spread, share)
      case .topology where several: (.topology, share)
      case .power where workload.demand.gpu != .none: (.power, share)
      case .topology, .cache, .cost, .locality, .power, .carbon: (.fixed, share)
      }
    }
    entries = ContiguousArray(repeating: .unknown, count: classes)
    fixed = ContiguousArray(repeating: 0, count: classes * scoring.shares.count)
  }

  /// Bytes that a rating takes for each class.
  static func size(_ scoring: NodeScoring) -> Int { scoring.shares.count * 8 + 1 }

  /// The node's own part of the score, 0...1, or `impossible`.
  ///
  /// - Parameter tenant: by `ClusterState.number(ofTenant:)`.
  mutating func rate(_ node: Int, _ state: ClusterState, _ classes: NodeClasses, tenant: Int32) -> Double {
    let demand = workload.demand
    if demand.cpuMilli > state.cpu[node] || demand.memoryMiB > state.memory[node] { return Self.impossible }
    let number = Int(classes.ofNode[node])
    if entries[number] == .unknown { look(at: number, classes.first[number], state) }
    guard entries[number] == .open, state.mayEnter(workload, node: node) else { return Self.impossible }
    // GPUs that are woken, and how near together they are.
    var (woken, near) = (0, 1.0)
    switch demand.gpu {
    case .none: break
    case .share(let milli):
      guard let idle = state.tightestIdle(milli, node: node, tenant: tenant) else { return Self.impossible }
      woken = idle == 1000 ? 1 : 0
    case .whole(let count):
      let free = state.wholeGPUs(node)
      guard free.nonzeroBitCount >= count else { return Self.impossible }
      woken = count
      if count > 1 { near = nearness(count, free, node, state, topology: classes.topology[number]) }
      if near < 0 { return Self.impossible }
    case .mig: return slowRating(node, state)
    }
    var total = 0.0
    for (index, (source, share)) in terms.enumerated() {
      switch source {
      case .fixed: total += fixed[number * terms.count + index]
      case .fullness: total += share * scoring.fullness(workload, members: 1, node: node, of: state)
      case .spread: total += share * (1 - scoring.fullness(workload, members: 1, node: node, of: state))
      case .topology: total += share * near
      case .power:
        let model = state.cluster.model(of: state.cluster.nodes[node])
        let watts = model.map { $0.fullWatts - $0.idleWatts } ?? 0
        total += share * scoring.frugality(watts: Double(woken) * watts, gpus: max(1, woken))
      }
    }
    return total
  }
}

extension MemberRating {
  /// Works out what a class of nodes has for the pod, from one of them.
  private mutating func look(at number: Int, _ node: Int, _ state: ClusterState) {
    entries[number] = state.isClosed(to: workload, node: node) ? .closed : .open
    let gpus: UInt32 = workload.demand.gpu == .none ? 0 : 1
    for (index, (term, share)) in scoring.shares.enumerated() where terms[index].source == .fixed {
      let value = scoring.value(term, workload, members: 1, node: node, gpus: gpus, of: state)
      fixed[number * terms.count + index] = share * value
    }
  }

  private mutating func nearness(
    _ count: Int, _ free: UInt32, _ node: Int, _ state: ClusterState, topology: Int32
  ) -> Double {
    let key = UInt64(UInt32(bitPattern: topology)) << 32 | UInt64(free)
    if let known = nearness[key] { return known }
    let map = state.cluster.nodes[node].topology
    let found = map.pick(count, from: free, slowest: workload.gigabytesPerSecond).map {
      NodeScoring.nearness(map.spread(of: $0))
    }
    nearness[key] = found ?? -1
    return found ?? -1
  }

  /// By the filters and the score themselves.
  private func slowRating(_ node: Int, _ state: ClusterState) -> Double {
    guard state.barrier(workload, node: node, mask: .max) == nil,
      let place = state.assign(1, of: workload, node: node, mask: .max)?.first
    else { return Self.impossible }
    return scoring.own(workload, members: 1, node: node, gpus: place.gpus, of: state)
  }
}
