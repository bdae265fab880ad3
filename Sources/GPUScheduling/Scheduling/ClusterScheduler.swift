package import DSLBase

/// Where all members of a workload go.
package struct WorkloadPlacement: Sendable, Hashable {
  package var bindings: [Binding]
  /// How near together they are: the locality that was had, which may be wider than the one wished for.
  package var locality: Locality
  /// "rack r2", for people.
  package var domain: String
  /// 0...1.
  package var score: Double

  /// The nodes, each once, in the order of the members.
  package var nodes: [Int] {
    var nodes: [Int] = []
    for binding in bindings where !nodes.contains(binding.node) { nodes.append(binding.node) }
    return nodes
  }
}

/// Places workloads, whole or not at all: filters, then scores, then the best; everything that it changes goes through
/// `ClusterState.bind`.
package struct ClusterScheduler: Sendable {
  package var state: ClusterState
  package let profile: SchedulingProfile
  let scoring: NodeScoring
  private let domains: [Locality: [PlacementDomain]]
  private var ratings: RatingIndex

  package init(_ state: ClusterState, _ profile: SchedulingProfile = SchedulingProfile()) {
    self.state = state
    self.profile = profile
    scoring = NodeScoring(state.cluster, profile)
    ratings = RatingIndex(state, scoring)
    domains = Dictionary(
      uniqueKeysWithValues: Locality.allCases.map { ($0, state.cluster.domains($0)) })
  }

  func domains(_ locality: Locality) -> [PlacementDomain] { domains[locality] ?? [] }

  /// The localities to try, the best first.
  func localities(_ workload: Workload) -> [Locality] {
    if workload.localityRequired { return [workload.locality] }
    if workload.locality == .any { return workload.members == 1 ? [.any] : [.sameNode, .rack, .any] }
    var (chain, next): ([Locality], Locality?) = ([], workload.locality)
    while let locality = next {
      chain.append(locality)
      next = locality.wider
    }
    return chain
  }

  /// Where a workload would go now; `nil` when it fits nowhere. Nothing is changed.
  ///
  /// - Parameters:
  ///   - nodes: where it may go; `nil` for anywhere.
  ///   - excluded: a node where it may not go.
  package func choice(
    _ workload: Workload, in nodes: [Int]? = nil, except excluded: Int? = nil
  ) -> WorkloadPlacement? {
    guard workload.members > 0, state.members[workload.name] == nil else { return nil }
    for locality in localities(workload) {
      var best: WorkloadPlacement?
      for domain in nodes.map({ domains(locality, within: $0) }) ?? domains(locality) {
        guard let found = placement(workload, in: domain, locality, except: excluded) else { continue }
        if best.map({ found.score > $0.score + SchedulingProfile.tie }) ?? true { best = found }
      }
      if let best { return best }
    }
    return nil
  }

  /// The domains of a locality cut down to some nodes.
  private func domains(_ locality: Locality, within nodes: [Int]) -> [PlacementDomain] {
    if nodes.count == 1 { return state.cluster.domains(locality, of: nodes[0]) }
    let allowed = Set(nodes)
    return domains(locality).compactMap { domain in
      let parts = domain.parts.filter { allowed.contains($0.node) }
      return parts.isEmpty ? nil : PlacementDomain(name: domain.name, parts: parts)
    }
  }

  /// Binds all members, or none.
  ///
  /// - Returns: where; `nil` when it fits nowhere.
  package mutating func place(_ workload: Workload) -> WorkloadPlacement? {
    guard let placement = quickChoice(workload), (try? commit(placement)) != nil else { return nil }
    return placement
  }

  /// What `choice` finds, with what was remembered of earlier ones: for pods alone that may go anywhere.
  ///
  /// - Complexity: rates the nodes that changed since the last pod of its kind came, and compares one number for each block of
  ///   nodes; how many pods run does not matter.
  package mutating func quickChoice(_ workload: Workload) -> WorkloadPlacement? {
    if isForPolicy(workload) { return policyChoice(workload) }
    guard workload.members == 1, workload.locality == .any, workload.avoids.isEmpty, state.avoiding == 0
    else {
      return choice(workload)
    }
    guard state.members[workload.name] == nil, let best = ratings.best(workload, state, scoring),
      let place = state.assign(1, of: workload, node: best.node, mask: .max)?.first
    else { return nil }
    return WorkloadPlacement(
      bindings: [
        Binding(workload, member: 0, node: best.node, gpus: place.gpus, instance: place.instance)
      ],
      locality: .any, domain: domains(.any).first?.name ?? "", score: best.score)
  }

  /// Binds what was decided, perhaps on an older state: all of it, or nothing.
  ///
  /// - Throws: `conflict` when something of it is not free any more.
  package mutating func commit(_ placement: WorkloadPlacement) throws(DSLError) {
    let checkpoint = state.checkpoint()
    do throws(DSLError) {
      for binding in placement.bindings { try state.bind(binding) }
    } catch {
      state.rollBack(to: checkpoint)
      throw error
    }
    state.commit(checkpoint)
  }

  // MARK: One domain

  /// The best way to put all members into a domain.
  private func placement(
    _ workload: Workload, in domain: PlacementDomain, _ locality: Locality, except excluded: Int?
  ) -> WorkloadPlacement? {
    var room = [Int](repeating: 0, count: domain.parts.count)
    var scores: [(part: Int, score: Double)] = []
    for (index, part) in domain.parts.enumerated() where part.node != excluded {
      guard state.barrier(workload, node: part.node, mask: part.mask) == nil else { continue }
      room[index] = state.capacity(for: workload, node: part.node, mask: part.mask)
      guard room[index] >= workload.members,
        let places = state.assign(workload.members, of: workload, node: part.node, mask: part.mask)
      else { continue }
      let gpus = places.reduce(UInt32(0)) { $0 | $1.gpus }
      let score = scoring.total(workload, members: workload.members, node: part.node, gpus: gpus, of: state)
      scores.append((index, score))
    }
    // All on one node: the one with the best score, the first among equals.
    let least = (scores.map(\.score).max() ?? 0) - SchedulingProfile.tie
    if let best = scores.first(where: { $0.score >= least }) {
      return build(workload, domain, locality, [(best.part, workload.members)])
    }
    guard let dealt = Dealing.deal(workload.members, room: room) else { return nil }
    return build(
      workload, domain, locality, dealt.enumerated().filter { $0.element > 0 }.map { ($0.offset, $0.element) }
    )
  }

  private func build(
    _ workload: Workload, _ domain: PlacementDomain, _ locality: Locality,
    _ dealt: [(part: Int, members: Int)]
  ) -> WorkloadPlacement? {
    var placement = WorkloadPlacement(bindings: [], locality: locality, domain: domain.name, score: 0)
    for (index, count) in dealt {
      let part = domain.parts[index]
      guard let places = state.assign(count, of: workload, node: part.node, mask: part.mask) else {
        return nil
      }
      for place in places {
        placement.bindings.append(
          Binding(
            workload, member: placement.bindings.count, node: part.node, gpus: place.gpus,
            instance: place.instance))
      }
      let gpus = places.reduce(UInt32(0)) { $0 | $1.gpus }
      let score = scoring.total(workload, members: count, node: part.node, gpus: gpus, of: state)
      placement.score += score * Double(count) / Double(workload.members)
    }
    return placement
  }
}
