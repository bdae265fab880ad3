package import DSLBase
package import GPUScheduling

/// The GPUs of a fleet, the pools that may run there, and the rules by which places are chosen.
package struct GPUFleet: Sendable {
  package var cluster: Cluster
  package var profile: SchedulingProfile
  package var pools: [ManifestSet.Pool]

  package init(cluster: Cluster, profile: SchedulingProfile = .init(), pools: [ManifestSet.Pool]) {
    self.cluster = cluster
    self.profile = profile
    self.pools = pools
  }
}

/// An agent that has GPUs, as its record says.
package struct GPUHolder: Sendable, Equatable {
  package var agent: String
  /// The member `gpu_placement` of its record: `pool`, `workload`, `bindings`.
  package var placement: JSONValue

  package init(agent: String, placement: JSONValue) {
    self.agent = agent
    self.placement = placement
  }

  /// The pool that it is a replica of.
  package var pool: String? { placement["pool"]?.string }
  package var workload: String? { placement["workload"]?.string }
}

/// What is free on a fleet: its cluster without what the agents that have not stopped hold.
///
/// Nothing else is remembered of who has which GPUs: a placement is a member of the agent's record, taken with the commit
/// that makes the record and given back with the one that says the agent stopped. So there are no two truths to fall apart.
package struct GPUStanding: Sendable {
  package private(set) var scheduler: ClusterScheduler
  package let holders: [GPUHolder]
  /// Placements that the cluster as it is now cannot hold; their nodes take nothing new.
  package private(set) var problems: [String] = []

  /// - Throws: `conflict` when what the cluster's own file says is running does not fit there.
  package init(_ fleet: GPUFleet, _ holders: [GPUHolder]) throws {
    self.holders = holders
    var cluster = fleet.cluster
    var state = try ClusterState(cluster, isolation: fleet.profile.isolation)
    var bound: [Binding] = []
    for holder in holders {
      do {
        let bindings = try Self.bindings(holder, cluster)
        try state.bindAll(bindings)
        bound += bindings
      } catch {
        problems.append("the placement of agent \(holder.agent) is not possible any more: \(error.message)")
        for item in holder.placement["bindings"]?.array ?? [] {
          guard let node = cluster.nodes.firstIndex(where: { $0.name == item["node"]?.string }) else {
            continue
          }
          cluster.nodes[node].cordoned = true
        }
      }
    }
    if !problems.isEmpty {
      state = try ClusterState(cluster, isolation: fleet.profile.isolation)
      try state.bindAll(bound)
    }
    scheduler = ClusterScheduler(state, fleet.profile)
  }

  private static func bindings(_ holder: GPUHolder, _ cluster: Cluster) throws(DSLError) -> [Binding] {
    do {
      return try cluster.bindings(
        running: holder.placement["bindings"] ?? [], in: "the record of agent \(holder.agent)")
    } catch let error as DSLError {
      throw error
    } catch {
      throw DSLError(.internalError, "\(error)")
    }
  }

  /// Why a placement cannot be taken now; `nil` when it can.
  package func objection(to holder: GPUHolder) -> String? {
    do throws(DSLError) {
      let bindings = try Self.bindings(holder, scheduler.state.cluster)
      if bindings.isEmpty { return "agent \(holder.agent) has no GPUs chosen" }
      var trial = scheduler.state
      try trial.bindAll(bindings)
      return nil
    } catch {
      return error.message
    }
  }

  /// Frees what an agent has, in this picture alone.
  package mutating func release(_ agent: String) {
    guard let workload = holders.first(where: { $0.agent == agent })?.workload else { return }
    scheduler.state.release(workload)
  }

  /// Takes a place for a replica, in this picture alone.
  ///
  /// - Returns: what goes into the agent's record; `nil` when there is no place.
  mutating func take(_ workload: Workload) -> JSONValue? {
    guard let placement = scheduler.place(workload) else { return nil }
    return [
      "pool": .optional(workload.pool), "workload": .string(workload.name),
      "bindings": scheduler.state.cluster.runningJSON(placement.bindings),
    ]
  }
}

extension ClusterState {
  /// Binds all or none.
  fileprivate mutating func bindAll(_ bindings: [Binding]) throws(DSLError) {
    let checkpoint = checkpoint()
    do throws(DSLError) {
      for binding in bindings { try bind(binding) }
    } catch {
      rollBack(to: checkpoint)
      throw error
    }
    commit(checkpoint)
  }
}
