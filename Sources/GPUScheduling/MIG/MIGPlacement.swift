/// How the GPU and the start of an instance are chosen.
package enum MIGPolicy: Sendable {
  /// The first GPU with room, at its first start.
  case firstFit
  /// The GPU with room that has the fewest memory slots free, at its first start.
  case bestFit
  /// Where the least of what layouts are worth is lost.
  case values(MIGValues)

  /// As commands and reports name them.
  package static let names = ["first-fit", "best-fit", "default"]
}

/// Where an instance lies in a fleet.
package struct MIGSpot: Sendable, Hashable {
  /// Of the fleet.
  package var gpu: Int
  /// Of ``MIGStates/instances``.
  package var instance: Int
}

/// The GPUs of one model and the layout of each.
package struct MIGFleet: Sendable {
  package let states: MIGStates
  package let policy: MIGPolicy
  /// By GPU: the number of its layout.
  package private(set) var layouts: [Int]

  /// An empty fleet.
  package init(_ states: MIGStates, gpus: Int, _ policy: MIGPolicy) {
    self.states = states
    self.policy = policy
    layouts = [Int](repeating: 0, count: gpus)
  }

  /// Where an instance would go; nil when no GPU has room. Of equal choices the first.
  ///
  /// - Complexity: O(GPUs · starts), table look-ups.
  package func choice(_ profile: Int, except excluded: Int? = nil) -> MIGSpot? {
    var (best, bestScore) = (MIGSpot?.none, -Double.infinity)
    for gpu in layouts.indices where gpu != excluded {
      for instance in states.ofProfile[profile] {
        guard let next = states.creating(instance, in: layouts[gpu]) else { continue }
        let score: Double
        switch policy {
        case .firstFit: return MIGSpot(gpu: gpu, instance: instance)
        case .bestFit: score = Double(states.layouts[layouts[gpu]].slots.nonzeroBitCount)
        case .values(let values): score = values.ofLayout[next] - values.ofLayout[layouts[gpu]]
        }
        if score > bestScore { (best, bestScore) = (MIGSpot(gpu: gpu, instance: instance), score) }
      }
    }
    return best
  }

  /// Cuts an instance where the policy wants it.
  ///
  /// - Returns: where; nil when no GPU has room.
  package mutating func place(_ profile: Int) -> MIGSpot? {
    guard let spot = choice(profile) else { return nil }
    create(spot)
    return spot
  }

  /// Gives an instance's room back; nothing happens when it is not there.
  package mutating func release(_ spot: MIGSpot) {
    guard let next = states.destroying(spot.instance, in: layouts[spot.gpu]) else { return }
    layouts[spot.gpu] = next
  }

  private mutating func create(_ spot: MIGSpot) {
    guard let next = states.creating(spot.instance, in: layouts[spot.gpu]) else { return }
    layouts[spot.gpu] = next
  }
}

extension MIGFleet {
  /// Running instances that go elsewhere to make room, and what takes it.
  package struct Consolidation: Sendable {
    /// What has to be drained, and where it goes.
    package var moves: [(from: MIGSpot, to: MIGSpot)]
    /// Where the instance asked for lies.
    package var placed: MIGSpot
    /// Memory slots that move.
    package var cost: Int
  }

  private struct Candidate {
    var cost: Int
    var gpu: Int
    var leaving: [Int]
    var instance: Int
  }

  /// Makes room for an instance by moving others to GPUs that have room for them: the cheapest such way, in memory slots.
  ///
  /// - Parameter most: how many may move.
  /// - Returns: what was done; nil, and nothing is changed, when there is no such way.
  package mutating func consolidate(_ profile: Int, most: Int) -> Consolidation? {
    for candidate in candidates(profile, most: most) {
      var trial = self
      for instance in candidate.leaving { trial.release(MIGSpot(gpu: candidate.gpu, instance: instance)) }
      let placed = MIGSpot(gpu: candidate.gpu, instance: candidate.instance)
      trial.create(placed)
      var moves: [(from: MIGSpot, to: MIGSpot)] = []
      for instance in candidate.leaving.sorted(by: { slots($0) > slots($1) }) {
        guard let to = trial.choice(states.instances[instance].profile, except: candidate.gpu) else { break }
        trial.create(to)
        moves.append((MIGSpot(gpu: candidate.gpu, instance: instance), to))
      }
      guard moves.count == candidate.leaving.count else { continue }
      self = trial
      return Consolidation(moves: moves, placed: placed, cost: candidate.cost)
    }
    return nil
  }

  private func slots(_ instance: Int) -> Int {
    states.geometry.profiles[states.instances[instance].profile].memorySlots
  }

  /// Sets of instances whose leaving makes room on a GPU, the cheapest first.
  private func candidates(_ profile: Int, most: Int) -> [Candidate] {
    var found: [Candidate] = []
    var seen: Set<Int> = []
    // GPUs of the same layout offer the same; the first of them stands for all.
    for gpu in layouts.indices where seen.insert(layouts[gpu]).inserted {
      let held = states.held[layouts[gpu]]
      for set in 1..<max(1 << held.count, 2) where set.nonzeroBitCount <= min(most, held.count) {
        let leaving = held.indices.filter { set >> $0 & 1 == 1 }.map { held[$0] }
        var layout = layouts[gpu]
        for instance in leaving { layout = states.destroying(instance, in: layout) ?? layout }
        guard
          let instance = states.ofProfile[profile].first(where: { states.creating($0, in: layout) != nil })
        else { continue }
        found.append(
          Candidate(
            cost: leaving.reduce(0) { $0 + slots($1) }, gpu: gpu, leaving: leaving, instance: instance))
      }
    }
    return found.sorted { ($0.cost, $0.leaving.count, $0.gpu) < ($1.cost, $1.leaving.count, $1.gpu) }
  }
}
