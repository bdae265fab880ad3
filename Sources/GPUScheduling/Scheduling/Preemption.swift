/// A workload that would have to go: always whole, a gang never in part.
package struct Victim: Sendable, Hashable {
  package var workload: Workload
  package var pods: [String]
  /// GPU-hours of work that are lost.
  package var lostGPUHours: Double
}

/// What has to go so that a workload fits, and where it then goes.
package struct Preemption: Sendable, Hashable {
  package var victims: [Victim]
  package var placement: WorkloadPlacement
  /// GPU-hours, weighed by quality of service, and the profile's cost of each victim.
  package var cost: Double
  /// The highest priority that gives way.
  package var highest: Int { victims.map(\.workload.priority).max() ?? .min }

  package var lostGPUHours: Double { victims.reduce(0) { $0 + $1.lostGPUHours } }
}

extension ClusterScheduler {
  /// The least that has to go so that a workload fits: the lowest priorities first, then the least cost. Only workloads of
  /// lower priority that may be preempted go. Nothing is changed.
  ///
  /// Candidate places are single nodes; for what no node could hold, racks, NVLink domains and the cluster. On a node with at
  /// most `exactLimit` workloads every set of victims is looked at.
  ///
  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - anyPriority: whether priorities count; without them this says what would have to be freed.
  package func preemption(for workload: Workload, now: Double, anyPriority: Bool = false) -> Preemption? {
    var best: Preemption?
    let places = workload.members == 1 ? [Locality.sameNode] : [.sameNode, .nvlink, .rack, .any]
    var trial = self
    for locality in places {
      for domain in domains(locality) {
        let candidates = victims(in: domain, for: workload, now: now, anyPriority: anyPriority)
        guard !candidates.isEmpty else { continue }
        guard let found = trial.cheapest(candidates, for: workload, in: domain.parts.map(\.node), bound: best)
        else { continue }
        if best.map({ Self.isBetter(found, $0) }) ?? true { best = found }
      }
      if best != nil { break }
    }
    return best
  }

  /// Evicts the victims and binds the workload, or does nothing.
  ///
  /// - Returns: whether all of it was done.
  package mutating func commit(_ preemption: Preemption) -> Bool {
    let checkpoint = state.checkpoint()
    for victim in preemption.victims { state.release(victim.workload.name) }
    guard (try? commit(preemption.placement)) != nil else {
      state.rollBack(to: checkpoint)
      return false
    }
    state.commit(checkpoint)
    return true
  }

  static var exactLimit: Int { 10 }

  private static func isBetter(_ left: Preemption, _ right: Preemption) -> Bool {
    (left.highest, left.cost) < (right.highest, right.cost)
  }

  func cost(of victim: Victim) -> Double {
    profile.victimCost + victim.lostGPUHours * victim.workload.qos.weight
  }

  /// A workload with all of its pods, and what is lost with it; `nil` when it does not run.
  func victim(_ name: String, now: Double) -> Victim? {
    guard let pods = state.members[name], let workload = pods.first.flatMap({ state.bindings[$0]?.workload })
    else { return nil }
    let gpus = Double(workload.demand.gpu.milli * pods.count) / 1000
    let hours = workload.startedAt > 0 ? max(0, now - workload.startedAt) / 3600 : 0
    return Victim(workload: workload, pods: pods, lostGPUHours: gpus * hours)
  }

  /// Whole workloads with a pod in a domain that may give way, the cheapest first.
  private func victims(
    in domain: PlacementDomain, for workload: Workload, now: Double, anyPriority: Bool
  ) -> [Victim] {
    var (found, seen): ([Victim], Set<String>) = ([], [])
    for part in domain.parts {
      if let obstacle = state.obstacle(workload, node: part.node, mask: part.mask), !obstacle.isOfUse {
        continue
      }
      for pod in state.pods[part.node] {
        guard let other = state.bindings[pod]?.workload, seen.insert(other.name).inserted else { continue }
        let mayGo = other.preemptible && other.priority < workload.priority
        guard anyPriority || mayGo, other.name != workload.name else { continue }
        guard let victim = victim(other.name, now: now) else { continue }
        found.append(victim)
      }
    }
    return found.enumerated().sorted {
      ($0.element.workload.priority, cost(of: $0.element), $0.offset)
        < ($1.element.workload.priority, cost(of: $1.element), $1.offset)
    }.map(\.element)
  }

  /// The best victims of one domain.
  private mutating func cheapest(
    _ candidates: [Victim], for workload: Workload, in nodes: [Int], bound: Preemption?
  ) -> Preemption? {
    // The fewest of the cheapest after which it fits: more room never hurts, so halving finds it.
    guard fit(workload, in: nodes, without: candidates) != nil else { return nil }
    var (low, high) = (1, candidates.count)
    while low < high {
      let middle = (low + high) / 2
      if fit(workload, in: nodes, without: Array(candidates.prefix(middle))) == nil {
        low = middle + 1
      } else {
        high = middle
      }
    }
    var taken = Array(candidates.prefix(low))
    // Then whoever can stay after all, the dearest first.
    for victim in taken.reversed() {
      let fewer = taken.filter { $0.workload.name != victim.workload.name }
      if fit(workload, in: nodes, without: fewer) != nil { taken = fewer }
    }
    guard !taken.isEmpty, let place = fit(workload, in: nodes, without: taken) else { return nil }
    let found = preemption(taken, place)
    return candidates.count > Self.exactLimit
      ? found
      : exact(
        candidates, for: workload, in: nodes,
        start: bound.map { Self.isBetter($0, found) ? $0 : found } ?? found)
  }

  private func preemption(_ victims: [Victim], _ placement: WorkloadPlacement) -> Preemption {
    Preemption(victims: victims, placement: placement, cost: victims.reduce(0) { $0 + cost(of: $1) })
  }

  /// The best of all sets that are better than a known one; that one when there is none.
  private mutating func exact(
    _ candidates: [Victim], for workload: Workload, in nodes: [Int], start: Preemption
  ) -> Preemption {
    var best = start
    func extend(_ taken: [Victim], from index: Int, cost: Double) {
      for next in index..<candidates.count {
        let victim = candidates[next]
        let sum = cost + self.cost(of: victim)
        let highest = max(victim.workload.priority, taken.map(\.workload.priority).max() ?? .min)
        guard (highest, sum) < (best.highest, best.cost) else { continue }
        let set = taken + [victim]
        if let place = fit(workload, in: nodes, without: set) {
          best = preemption(set, place)
        } else {
          extend(set, from: next + 1, cost: sum)
        }
      }
    }
    extend([], from: 0, cost: 0)
    return best
  }

  /// Where it would go on some nodes if others went.
  private mutating func fit(
    _ workload: Workload, in nodes: [Int], without victims: [Victim]
  ) -> WorkloadPlacement? {
    let checkpoint = state.checkpoint()
    defer { state.rollBack(to: checkpoint) }
    for victim in victims { state.release(victim.workload.name) }
    return choice(workload, in: nodes)
  }
}
