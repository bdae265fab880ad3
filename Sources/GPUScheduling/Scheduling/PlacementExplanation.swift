/// Why a workload goes where it goes, or nowhere.
package struct PlacementExplanation: Sendable {
  /// What was found of one node.
  package struct Finding: Sendable {
    package var node: Int
    /// The first filter that failed; `nil` where a member fits.
    package var obstacle: Obstacle?
    /// How a member would score there; `nil` where none fits.
    package var score: NodeScore?
    /// Members that it could take now.
    package var room: Int
    /// What the profile's policy rates it, in the policy's units; `nil` without one, or where no member fits.
    package var policyScore: Int?
  }

  package var workload: Workload
  package var placement: WorkloadPlacement?
  /// By node, in the order of the cluster.
  package var findings: [Finding]
  /// The most members that could run together now.
  package var mostMembers: Int
  /// What may be evicted for it.
  package var preemption: Preemption?
  /// What would have to be freed, whoever's it is; `nil` when no eviction helps.
  package var toFree: Preemption?
  /// What could move.
  package var consolidation: Consolidation?
  /// Of the nodes where no member fits, the one that lacks least; `nil` when a place is found.
  package var nearest: Int?
  /// Where it would go if it asked for one thing less.
  package var nearestPlacement: NearestPlacement?
}

extension ClusterScheduler {
  /// Explains a workload against the present state. Nothing is changed.
  ///
  /// - Parameter now: seconds since 1970.
  package func explanation(of workload: Workload, now: Double) -> PlacementExplanation {
    let placement = preferredChoice(workload)
    var explanation = PlacementExplanation(
      workload: workload, placement: placement,
      findings: state.cluster.nodes.indices.map { finding(workload, $0) },
      mostMembers: workload.members)
    if isForPolicy(workload) {
      for (node, score) in policyScores(workload).scores.enumerated() {
        explanation.findings[node].policyScore = score.map { Int($0.score) }
      }
    }
    guard placement == nil else { return explanation }
    explanation.mostMembers = mostMembers(workload)
    explanation.preemption = preemption(for: workload, now: now)
    explanation.toFree = explanation.preemption ?? preemption(for: workload, now: now, anyPriority: true)
    explanation.consolidation = consolidation(for: workload)
    explanation.nearest = nearest(explanation.findings)
    explanation.nearestPlacement = nearestPlacement(workload, mostMembers: explanation.mostMembers)
    return explanation
  }

  private func finding(_ workload: Workload, _ node: Int) -> PlacementExplanation.Finding {
    if let obstacle = state.obstacle(workload, node: node) {
      return PlacementExplanation.Finding(node: node, obstacle: obstacle, score: nil, room: 0)
    }
    var alone = workload
    alone.members = 1
    let room = state.capacity(for: workload, node: node)
    guard let placed = choice(alone, in: [node]) else {
      let reason =
        "no GPUs that are free are near enough to each other (\(workload.locality.rawValue) is required)"
      return PlacementExplanation.Finding(
        node: node, obstacle: Obstacle(.locality, reason), score: nil, room: 0)
    }
    let gpus = placed.bindings[0].gpus
    return PlacementExplanation.Finding(
      node: node, obstacle: nil, score: scoring.score(alone, members: 1, node: node, gpus: gpus, of: state),
      room: room)
  }

  private func mostMembers(_ workload: Workload) -> Int {
    var (low, high) = (0, workload.members - 1)
    while low < high {
      var fewer = workload
      fewer.members = (low + high + 1) / 2
      if choice(fewer) != nil { low = fewer.members } else { high = fewer.members - 1 }
    }
    return low
  }

  /// The node that got furthest through the filters; of those the one with the most GPU free, the first among equals.
  private func nearest(_ findings: [PlacementExplanation.Finding]) -> Int? {
    let order = Obstacle.Filter.allCases
    func rank(_ finding: PlacementExplanation.Finding) -> (Int, Int, Int) {
      let passed = finding.obstacle.flatMap { order.firstIndex(of: $0.filter) } ?? 0
      return (passed, state.idle[finding.node].total, -finding.node)
    }
    return findings.filter { $0.obstacle != nil }.max { rank($0) < rank($1) }?.node
  }
}
