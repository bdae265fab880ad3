import DSLBase

/// What became of the pools of some manifests.
package struct PoolSchedule: Sendable {
  /// A replica.
  package struct Replica: Sendable {
    package var pool: String
    package var workload: Workload
    /// Where it goes; `nil` when it is refused.
    package var placement: WorkloadPlacement?
    /// Why not.
    package var refusal: String?
    /// What has to move or go first.
    package var moves: Consolidation?
    package var eviction: Preemption?
  }

  /// In the order in which they were placed.
  package var replicas: [Replica] = []

  package var refused: Int { replicas.count { $0.placement == nil } }
}

extension ClusterScheduler {
  /// Places replicas of pools: the highest priority first, pools in their order, replicas by number. Replicas that run already
  /// stay where they are and are not listed.
  ///
  /// - Parameters:
  ///   - replicas: by pool, how many; the pool's minimum unless given.
  ///   - headroomMs: by pool, what its latency objective has in hand.
  ///   - now: seconds since 1970.
  package mutating func schedule(
    _ pools: [ManifestSet.Pool], replicas: [String: Int] = [:], headroomMs: [String: Double] = [:],
    now: Double,
    mayMove: Bool = false, mayEvict: Bool = false
  ) -> PoolSchedule {
    var schedule = PoolSchedule()
    let ranked = pools.enumerated().sorted {
      (Self.priority($1.element), $0.offset) < (Self.priority($0.element), $1.offset)
    }
    for (_, pool) in ranked {
      for number in 0..<(replicas[pool.name] ?? pool.minReplicas) {
        var workload = pool.replica(number, headroomMs: headroomMs[pool.name])
        if state.members[workload.name] != nil { continue }
        workload.maxCostPerHour = pool.maxCostPerHour.map { max(0, $0 - hourlyCost(of: pool.name)) }
        workload.startedAt = now
        schedule.replicas.append(
          schedulePod(workload, pool.name, now: now, mayMove: mayMove, mayEvict: mayEvict))
      }
    }
    return schedule
  }

  private static func priority(_ pool: ManifestSet.Pool) -> Int {
    pool.pool.spec["scheduling"]?["priority"]?.int ?? 0
  }

  /// What a pool's replicas cost now.
  package func hourlyCost(of pool: String) -> Double {
    state.bindings.values.reduce(0) { sum, binding in
      binding.workload.pool == pool
        ? sum + (state.costPerMember(binding.workload, node: binding.node) ?? 0) : sum
    }
  }

  private mutating func schedulePod(
    _ workload: Workload, _ pool: String, now: Double, mayMove: Bool, mayEvict: Bool
  ) -> PoolSchedule.Replica {
    var replica = PoolSchedule.Replica(pool: pool, workload: workload)
    if let placement = place(workload) {
      replica.placement = placement
    } else if mayMove, let moves = consolidation(for: workload), commit(moves) {
      (replica.placement, replica.moves) = (moves.placement, moves)
    } else if mayEvict, let eviction = preemption(for: workload, now: now), commit(eviction) {
      (replica.placement, replica.eviction) = (eviction.placement, eviction)
    } else {
      replica.refusal = refusal(workload)
    }
    return replica
  }

  /// Why a workload has no place, in one line: how many nodes each filter keeps out.
  package func refusal(_ workload: Workload) -> String {
    var counts: [Obstacle.Filter: Int] = [:]
    for node in state.cluster.nodes.indices {
      let filter = state.barrier(workload, node: node, mask: .max) ?? .locality
      counts[filter, default: 0] += 1
    }
    let parts = Obstacle.Filter.allCases.compactMap { filter in
      counts[filter].map { "\($0) by \(filter.rawValue)" }
    }
    let nodes = parts.isEmpty ? "there are no nodes" : "nodes kept out: " + parts.joined(separator: ", ")
    return workload.members == 1 ? nodes : "no room for \(workload.members) members together; " + nodes
  }
}
