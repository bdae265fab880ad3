extension ClusterScheduler {
  /// Where a workload would go now: by the profile's policy where it has one that knows such workloads, else by its weights.
  /// Nothing is changed.
  package func preferredChoice(_ workload: Workload) -> WorkloadPlacement? {
    isForPolicy(workload) ? policyChoice(workload) : choice(workload)
  }

  /// Policies know pods alone that may go anywhere, with whole GPUs, a part of one, or none.
  func isForPolicy(_ workload: Workload) -> Bool {
    guard profile.policy != nil, workload.members == 1, workload.locality == .any,
      workload.gigabytesPerSecond <= 0, state.cluster.models.count <= Self.policyModels
    else { return false }
    if case .mig = workload.demand.gpu { return false }
    return true
  }

  /// Sets of models are 64 bits.
  private static var policyModels: Int { 64 }

  /// What the policy rates each node that passes the filters, by node, and the part that it would take of which GPU.
  func policyScores(_ workload: Workload) -> (scores: [PlacementScore?], pick: Int?) {
    guard let name = profile.policy else { return ([], nil) }
    let (fleet, shapes) = fleet()
    let shape = state.shape(of: workload)
    var names = state.cluster.models.map(\.name)
    if names.isEmpty { names = [""] }
    let facts = PolicyName.Facts(
      past: shapes + [shape], fleet: fleet.capacity, models: names,
      seed: workload.name.utf8.reduce(1) { $0 &* 31 &+ UInt64($1) })
    return name.with(facts) { policy in Self.rate(shape, workload, fleet, state, policy) }
  }

  private static func rate(
    _ shape: PodShape, _ workload: Workload, _ fleet: FleetState, _ state: ClusterState,
    _ policy: some PlacementPolicy
  ) -> (scores: [PlacementScore?], pick: Int?) {
    var policy = policy
    let scores = (0..<fleet.nodeCount).map { node -> PlacementScore? in
      guard state.barrier(workload, node: node, mask: .max) == nil else { return nil }
      return policy.score(shape, on: node, of: fleet)
    }
    let plain = scores.map { $0?.score ?? PlacementScore.impossible }
    return (scores, policy.pick(ContiguousArray(plain)))
  }

  func policyChoice(_ workload: Workload) -> WorkloadPlacement? {
    guard state.members[workload.name] == nil else { return nil }
    let (scores, pick) = policyScores(workload)
    guard let node = pick, let rating = scores[node] else { return nil }
    var mask = UInt32.max
    // Its GPU, unless another tenant has a part of that.
    if case .share = workload.demand.gpu,
      state.assign(1, of: workload, node: node, mask: 1 << UInt32(rating.gpu)) != nil
    {
      mask = 1 << UInt32(rating.gpu)
    }
    guard let place = state.assign(1, of: workload, node: node, mask: mask)?.first else { return nil }
    return WorkloadPlacement(
      bindings: [
        Binding(workload, member: 0, node: node, gpus: place.gpus, instance: place.instance)
      ],
      locality: .any, domain: domains(.any).first?.name ?? "",
      score: scoring.total(workload, members: 1, node: node, gpus: place.gpus, of: state))
  }

  /// The cluster as policies see it, and the shapes of what runs there; GPUs in MIG mode are taken.
  private func fleet() -> (FleetState, [PodShape]) {
    var fleet = FleetState(
      state.cluster.nodes.map { node in
        NodeCapacity(
          cpuMilli: Int32(clamping: node.cpuMilli), memoryMiB: Int32(clamping: node.memoryMiB),
          gpuCount: UInt8(node.topology.count), model: UInt8(clamping: node.model ?? 0))
      })
    var shapes: [PodShape] = []
    for (node, facts) in state.cluster.nodes.enumerated() {
      if facts.migGPUs != 0 {
        let count = UInt8(facts.migGPUs.nonzeroBitCount)
        fleet.take(
          PodShape(cpuMilli: 0, memoryMiB: 0, gpuMilli: 1000, gpuCount: count),
          at: Placement(node: Int32(node), gpus: facts.migGPUs))
      }
      for binding in state.pods[node].compactMap({ state.bindings[$0] }) {
        var shape = state.shape(of: binding.workload)
        // What an instance takes of a GPU is taken with the GPU.
        if binding.instance != nil { (shape.gpuMilli, shape.gpuCount) = (0, 0) }
        fleet.take(shape, at: Placement(node: Int32(node), gpus: binding.instance == nil ? binding.gpus : 0))
        if binding.instance == nil { shapes.append(shape) }
      }
    }
    return (fleet, shapes)
  }
}

extension ClusterState {
  /// What a member asks for, as policies know pods.
  fileprivate func shape(of workload: Workload) -> PodShape {
    let demand = workload.demand
    var models = GPUModelSet.any
    if !demand.types.isEmpty {
      models.bits = 0
      for (number, model) in cluster.models.prefix(64).enumerated()
      where demand.types.contains(where: { model.isMeant(by: $0) }) {
        models.bits |= 1 << UInt64(number)
      }
    }
    let (milli, count): (Int, Int) =
      switch demand.gpu {
      case .none, .mig: (0, 0)
      case .share(let milli): (milli, 1)
      case .whole(let count): (1000, count)
      }
    return PodShape(
      cpuMilli: Int32(clamping: demand.cpuMilli), memoryMiB: Int32(clamping: demand.memoryMiB),
      gpuMilli: Int16(milli), gpuCount: UInt8(clamping: count), models: models)
  }
}
