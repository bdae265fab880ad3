/// How good it would be to put members of a workload on a node: terms of 0...1, weighed.
package struct NodeScore: Sendable, Hashable {
  package struct Term: Sendable, Hashable {
    package var term: ScoreTerm
    package var value: Double
    package var share: Double
  }

  package var terms: [Term]
  /// 0...1.
  package var total: Double { terms.reduce(0) { $0 + $1.value * $1.share } }
}

/// Rates nodes by a profile.
struct NodeScoring: Sendable {
  let shares: [(term: ScoreTerm, share: Double)]
  private let dearest: Double
  private let dirtiest: Double
  private let mostWatts: Double

  init(_ cluster: Cluster, _ profile: SchedulingProfile) {
    shares = profile.shares
    let prices = cluster.nodes.map { node in
      node.costPerHour.map { $0 / Double(max(1, node.topology.count)) } ?? cluster.model(of: node)?
        .costPerHour ?? 0
    }
    dearest = prices.max() ?? 0
    dirtiest = cluster.nodes.compactMap(\.carbon).max() ?? 0
    mostWatts = cluster.models.map { $0.fullWatts - $0.idleWatts }.max() ?? 0
  }

  /// - Parameters:
  ///   - members: how many go there.
  ///   - gpus: those that they would have, one bit each.
  func score(_ workload: Workload, members: Int, node: Int, gpus: UInt32, of state: ClusterState) -> NodeScore
  {
    NodeScore(
      terms: shares.map { term, share in
        NodeScore.Term(
          term: term, value: value(term, workload, members: members, node: node, gpus: gpus, of: state),
          share: share)
      })
  }

  /// The same as a number, for comparing many nodes.
  func total(_ workload: Workload, members: Int, node: Int, gpus: UInt32, of state: ClusterState) -> Double {
    own(workload, members: members, node: node, gpus: gpus, of: state)
      + rackWeight(workload) * state.rackShare(node)
  }

  /// The part of the total that follows from the node alone: it changes only when the node does.
  func own(_ workload: Workload, members: Int, node: Int, gpus: UInt32, of state: ClusterState) -> Double {
    var total = 0.0
    for (term, share) in shares {
      switch term {
      case .availability:
        total += share * fullness(workload, members: members, node: node, of: state)
      case .spread: total += share * (1 - fullness(workload, members: members, node: node, of: state))
      default: total += share * value(term, workload, members: members, node: node, gpus: gpus, of: state)
      }
    }
    return total
  }

  /// How much of the total is the share of GPU in use in the node's rack.
  func rackWeight(_ workload: Workload) -> Double {
    guard workload.demand.gpu != .none else { return 0 }
    return shares.reduce(0) { sum, entry in
      switch entry.term {
      case .availability: sum + Self.rackPart * entry.share
      case .spread: sum - Self.rackPart * entry.share
      default: sum
      }
    }
  }

  private static var rackPart: Double { 0.3 }

  /// 0...1.
  static func nearness(_ spread: GPUTopology.Spread) -> Double {
    1 / (1 + Double(spread.distance) / 100 + Double(max(0, spread.numaGroups - 1)) / 4)
  }

  /// 0...1: how little is woken for some GPUs.
  func frugality(watts: Double, gpus: Int) -> Double {
    mostWatts > 0 ? 1 - watts / (mostWatts * Double(gpus)) : 0.5
  }

  func value(
    _ term: ScoreTerm, _ workload: Workload, members: Int, node: Int, gpus: UInt32, of state: ClusterState
  ) -> Double {
    switch term {
    case .availability: return availability(workload, members: members, node: node, of: state)
    case .spread: return 1 - availability(workload, members: members, node: node, of: state)
    case .topology:
      return Self.nearness(state.cluster.nodes[node].topology.spread(of: gpus))
    case .cache:
      return workload.model.map { state.cluster.nodes[node].cachedModels.contains($0) ? 1 : 0 } ?? 0.5
    case .cost:
      guard dearest > 0, workload.demand.gpu.milli > 0, let cost = state.costPerMember(workload, node: node)
      else {
        return 0.5
      }
      return 1 - cost / (dearest * Double(workload.demand.gpu.milli) / 1000)
    case .locality:
      if workload.shards.isEmpty { return 0.5 }
      return Double(workload.shards.count { state.cluster.nodes[node].shards.contains($0) })
        / Double(workload.shards.count)
    case .power:
      return frugality(watts: state.addedWatts(node: node, gpus: gpus), gpus: max(1, gpus.nonzeroBitCount))
    case .carbon: return state.cluster.nodes[node].carbon.map { dirtiest > 0 ? 1 - $0 / dirtiest : 1 } ?? 0.5
    }
  }

  /// How full node and rack are when it is there; without GPUs, how little GPU is kept from others.
  private func availability(_ workload: Workload, members: Int, node: Int, of state: ClusterState) -> Double {
    let rack = workload.demand.gpu == .none ? 0 : Self.rackPart * state.rackShare(node)
    return fullness(workload, members: members, node: node, of: state) + rack
  }

  /// The same without the rack.
  func fullness(_ workload: Workload, members: Int, node: Int, of state: ClusterState) -> Double {
    let gpus = state.idle[node].count
    guard workload.demand.gpu != .none else {
      let full = 1 - Double(state.cpu[node]) / Double(max(1, state.cluster.nodes[node].cpuMilli))
      return gpus == 0 ? 0.5 + full / 2 : (1 - Double(state.idle[node].total) / Double(gpus * 1000)) / 2
    }
    let total = Double(max(1, gpus * 1000))
    let idle = Double(state.idle[node].total - workload.demand.gpu.milli * members)
    let full = state.cluster.nodes[node].migGPUs == 0 ? 1 - idle / total : state.migShare(node)
    return (1 - Self.rackPart) * full
  }
}

extension ClusterState {
  /// Watts that GPUs draw more when something runs on those that were idle: a GPU in use counts as at work, as PWR counts it.
  package func addedWatts(node: Int, gpus: UInt32) -> Double {
    guard let model = cluster.model(of: cluster.nodes[node]) else { return 0 }
    var woken = 0
    for gpu in 0..<idle[node].count where gpus >> UInt32(gpu) & 1 == 1 && userCount(node: node, gpu: gpu) == 0
    {
      woken += 1
    }
    return Double(woken) * (model.fullWatts - model.idleWatts)
  }

  /// Watts that all GPUs draw.
  package var watts: Double {
    cluster.nodes.indices.reduce(0) { sum, node in
      guard let model = cluster.model(of: cluster.nodes[node]) else { return sum }
      let count = cluster.nodes[node].topology.count
      let busy = (0..<count).count { userCount(node: node, gpu: $0) > 0 }
      return sum + Double(busy) * model.fullWatts + Double(count - busy) * model.idleWatts
    }
  }

  /// The share of memory slots in use on a node's GPUs in MIG mode.
  func migShare(_ node: Int) -> Double {
    var (used, all) = (0, 0)
    for gpu in 0..<cluster.nodes[node].topology.count {
      guard let layout = layout(node: node, gpu: gpu) else { continue }
      used += layout.slots.nonzeroBitCount
      all += MIGGeometry.slots
    }
    return all == 0 ? 0 : Double(used) / Double(all)
  }
}
