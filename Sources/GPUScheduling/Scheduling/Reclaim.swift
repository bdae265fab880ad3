/// Between which shares memory is brought back, percent.
package struct ReclaimBounds: Sendable, Hashable {
  /// Memory with more in use is under pressure.
  package var above: Double
  /// What it is brought down to.
  package var below: Double

  package init(above: Double = 90, below: Double = 80) { (self.above, self.below) = (above, below) }
}

/// Who has to go so that memory under pressure is relieved, and what that leaves.
package struct Reclaim: Sendable, Hashable {
  package enum Outcome: String, Sendable, Hashable {
    /// At most `below` is in use then.
    case relieved
    /// No more than `above` is in use then, but more than `below`: what may go does not suffice for that.
    case partly
    /// More than `above` stays in use whoever may go goes, so nobody goes for it.
    case stuck
  }

  /// Memory that was above the bound.
  package struct Pressure: Sendable, Hashable {
    package var pool: MemoryPool
    package var afterMiB: Int
    package var outcome: Outcome
    /// Who stays and what it uses, MiB, the most first: those that may not be preempted, and where nobody goes those that may.
    package var staying: [(pod: String, mebibytes: Int, preemptible: Bool)] {
      stays.map { ($0.pod, $0.mebibytes, $0.preemptible) }
    }
    fileprivate var stays: [Stay] = []
  }

  fileprivate struct Stay: Sendable, Hashable {
    var pod: String
    var mebibytes: Int
    var preemptible: Bool
  }

  package struct Chosen: Sendable, Hashable {
    package var victim: Victim
    /// GPU-hours, weighed by quality of service, and the profile's cost of a victim.
    package var cost: Double
    /// By place in `pools`: MiB.
    package var frees: [Int: Int]
    /// Which pressure would stay above its bound without it, and with how much, MiB.
    package var neededBy: Int
    package var withoutItMiB: Int
  }

  /// All memory that was measured.
  package var pools: [MemoryPool]
  /// In the order of the nodes.
  package var pressures: [Pressure]
  /// The lowest priorities first.
  package var victims: [Chosen]

  package var cost: Double { victims.reduce(0) { $0 + $1.cost } }
  package var lostGPUHours: Double { victims.reduce(0) { $0 + $1.victim.lostGPUHours } }
  package var stuck: Int { pressures.count { $0.outcome == .stuck } }
}

extension ClusterScheduler {
  /// The least that has to go so that no measured memory is above a bound: whole workloads that may be preempted, none of a
  /// higher priority where lower ones do, then the least cost, then the fewest, then the most willing.
  ///
  /// Memory that shares no candidate with other memory is looked at by itself; there, with at most `ReclaimSearch.exactLimit`
  /// candidates, every set of them counts. Nothing is changed.
  ///
  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - leaving: workloads that go anyway.
  package func reclaim(
    _ bounds: ReclaimBounds = ReclaimBounds(), now: Double, leaving: Set<String> = []
  ) -> Reclaim {
    let pools = state.memoryPools
    let uses = poolUses(pools)
    let names = uses.keys.sorted()
    // What stays in use when nobody goes but those that go anyway, and when everybody goes who may.
    var (used, least) = (pools.map(\.usedMiB), pools.map(\.usedMiB))
    var candidates: [ReclaimSearch.Candidate] = []
    for name in names {
      guard let frees = uses[name], let victim = victim(name, now: now) else { continue }
      let isLeaving = leaving.contains(name)
      for (pool, mebibytes) in frees {
        if isLeaving { used[pool] -= mebibytes }
        if isLeaving || victim.workload.preemptible { least[pool] -= mebibytes }
      }
      if !isLeaving, victim.workload.preemptible {
        candidates.append(.init(victim: victim, cost: cost(of: victim), frees: frees))
      }
    }
    let pressed = pools.indices.filter { used[$0] > pools[$0].bound(bounds.above) }
    var needs: [Int: Int] = [:]
    var targets: [Int: Int] = [:]
    for pool in pressed {
      guard
        let target = [bounds.below, bounds.above].map({ pools[pool].bound($0) }).first(where: {
          least[pool] <= $0
        })
      else { continue }
      (targets[pool], needs[pool]) = (target, used[pool] - target)
    }
    let taken = ReclaimSearch(candidates, needs: needs).best()
    var after = used
    for candidate in taken { for (pool, mebibytes) in candidate.frees { after[pool] -= mebibytes } }
    let victims = taken.map { candidate in
      let needed = targets.keys.sorted().first {
        after[$0] + (candidate.frees[$0] ?? 0) > targets[$0] ?? 0
      }
      let pool = needed ?? candidate.frees.keys.min() ?? 0
      return Reclaim.Chosen(
        victim: candidate.victim, cost: candidate.cost, frees: candidate.frees, neededBy: pool,
        withoutItMiB: after[pool] + (candidate.frees[pool] ?? 0))
    }
    let gone = leaving.union(taken.map(\.victim.workload.name))
    return Reclaim(
      pools: pools,
      pressures: pressed.map {
        pressure(pools[$0], after[$0], bounds, target: targets[$0], without: gone)
      },
      victims: victims)
  }

  /// By workload and pool: MiB that go with it.
  private func poolUses(_ pools: [MemoryPool]) -> [String: [Int: Int]] {
    var uses: [String: [Int: Int]] = [:]
    for (number, pool) in pools.enumerated() {
      for (pod, mebibytes) in pool.users where mebibytes > 0 {
        guard let name = state.bindings[pod]?.workload.name else { continue }
        uses[name, default: [:]][number, default: 0] += mebibytes
      }
    }
    return uses
  }

  private func pressure(
    _ pool: MemoryPool, _ after: Int, _ bounds: ReclaimBounds, target: Int?, without gone: Set<String>
  ) -> Reclaim.Pressure {
    let outcome: Reclaim.Outcome =
      target == nil ? .stuck : after <= pool.bound(bounds.below) ? .relieved : .partly
    var pressure = Reclaim.Pressure(pool: pool, afterMiB: after, outcome: outcome)
    for pod in pool.users.keys.sorted() {
      guard let workload = state.bindings[pod]?.workload, !gone.contains(workload.name) else { continue }
      pressure.stays.append(
        .init(pod: pod, mebibytes: pool.users[pod] ?? 0, preemptible: workload.preemptible))
    }
    pressure.stays.sort { ($1.mebibytes, $0.pod) < ($0.mebibytes, $1.pod) }
    return pressure
  }
}
