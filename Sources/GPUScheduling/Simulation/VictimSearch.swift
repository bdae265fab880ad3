/// A pod that runs in a replay.
package struct RunningPod: Sendable, Equatable {
  /// Its number among all that ever arrived.
  package var id: Int
  package var shape: PodShape
  package var priority: Int
  /// Seconds since the replay began.
  package var startedAt: Double
  package var place: Placement

  package init(id: Int, shape: PodShape, priority: Int, startedAt: Double, place: Placement) {
    self.id = id
    self.shape = shape
    self.priority = priority
    self.startedAt = startedAt
    self.place = place
  }

  /// GPU-hours of work that are lost when it has to go.
  package func lostGPUHours(now: Double) -> Double {
    Double(shape.totalGPUMilli) / 1000 * max(0, now - startedAt) / 3600
  }
}

/// By which rule pods are chosen that go for one of higher priority.
package enum VictimRule: String, Sendable, CaseIterable {
  /// As kube-scheduler's default preemption does (`pkg/scheduler/framework/preemption`): on each node everything of lower
  /// priority goes and comes back one by one, the most important first (priority, then the longest running), as long as the
  /// pod still fits. Of the nodes the one with the lowest highest priority among its victims, then the lowest sum of
  /// priorities, then the fewest victims, then the latest start of the oldest victim of the highest priority, then the first.
  case kube
  /// Of all sets of victims on all nodes the one with the lowest highest priority, then the fewest victims, then the latest
  /// start of the oldest; found by looking at all sets of at most `VictimSearch.exactLimit`.
  case fewest
  /// Of all sets of at most `VictimSearch.exactLimit` victims on all nodes the one with the lowest highest priority, then the
  /// lowest price: `VictimSearch.price`.
  case roomy
}

/// Victims on one node.
package struct VictimSet: Sendable, Equatable {
  package var node: Int
  package var victims: [RunningPod]
}

/// Finds the pods that have to go so that a shape fits, on a fleet where it fits nowhere.
package struct VictimSearch: Sendable {
  /// Sets of so many victims at most are all looked at; where more have to go, the choice is kube-scheduler's.
  package static var exactLimit: Int { 3 }

  /// What `roomy` weighs: 1 for each victim, and a hundredth for each hour that it has run, less a tenth for each GPU that becomes
  /// free beyond what is asked for.
  ///
  /// Room to spare saves the next pod its victims, and a victim that needs much does not come back into the next hole at once, to go
  /// again. The two weights were chosen on seeds 101 to 108, 301 to 316 and 401 to 405 of the trace `default`; twice or half of
  /// either made no difference that those could tell.
  package static func price(_ victims: [RunningPod], for shape: PodShape, now: Double) -> Double {
    var (price, spare) = (0.0, -Double(shape.totalGPUMilli) / 1000)
    for victim in victims {
      price += 1 + max(0, now - victim.startedAt) / 3600 * 0.01
      spare += Double(victim.shape.totalGPUMilli) / 1000
    }
    return price - 0.1 * max(0, spare)
  }

  private let rule: VictimRule
  private let state: FleetState
  private let shape: PodShape
  private let priority: Int
  private let now: Double

  package init(_ rule: VictimRule, _ state: FleetState, _ shape: PodShape, priority: Int, now: Double) {
    self.rule = rule
    self.state = state
    self.shape = shape
    self.priority = priority
    self.now = now
  }

  /// The best victims; `nil` when the shape would fit nowhere even without all pods of lower priority.
  ///
  /// - Parameter pods: by node, what runs there.
  package func find(_ pods: [[RunningPod]]) -> VictimSet? {
    var best: (rank: Rank, set: VictimSet)?
    for node in pods.indices {
      let lower = pods[node].filter { $0.priority < priority }
      guard !lower.isEmpty, let greedy = reprieved(lower, on: node) else { continue }
      var found = [greedy]
      if rule != .kube { found += exact(lower, on: node, below: greedy.count) }
      for victims in found {
        let rank = rank(victims)
        if best.map({ rank < $0.rank }) ?? true { best = (rank, VictimSet(node: node, victims: victims)) }
      }
    }
    return best?.set
  }

  // MARK: Ranking

  /// Compared from the first number to the last.
  private struct Rank: Comparable {
    var parts: (Double, Double, Double, Double)

    static func < (left: Rank, right: Rank) -> Bool { left.parts < right.parts }
    static func == (left: Rank, right: Rank) -> Bool { left.parts == right.parts }
  }

  private func rank(_ victims: [RunningPod]) -> Rank {
    let highest = victims.map(\.priority).max() ?? .min
    let count = Double(victims.count)
    switch rule {
    case .kube:
      let oldest = victims.filter { $0.priority == highest }.map(\.startedAt).min() ?? 0
      // Priorities are lifted above 0 before they are added, as there: a sum never hides a victim.
      let sum = victims.reduce(0.0) { $0 + Double($1.priority) + Double(Int32.max) + 1 }
      return Rank(parts: (Double(highest), sum, count, -oldest))
    case .fewest:
      return Rank(parts: (Double(highest), count, -(victims.map(\.startedAt).min() ?? 0), 0))
    case .roomy:
      return Rank(parts: (Double(highest), Self.price(victims, for: shape, now: now), 0, 0))
    }
  }

  // MARK: Sets

  /// The victims that are left when whoever can stay does, the most important first; `nil` when it does not fit even
  /// without all of them.
  private func reprieved(_ lower: [RunningPod], on node: Int) -> [RunningPod]? {
    var trial = NodeTrial(state, node)
    for pod in lower { trial.free(pod) }
    guard trial.fits(shape) else { return nil }
    var victims: [RunningPod] = []
    for pod in lower.sorted(by: { ($0.priority, $1.startedAt, $1.id) > ($1.priority, $0.startedAt, $0.id) }) {
      trial.take(pod)
      if trial.fits(shape) { continue }
      trial.free(pod)
      victims.append(pod)
    }
    return victims
  }

  /// Sets of at most `exactLimit` victims and no more than `count`; of `fewest` only those with the fewest.
  private func exact(_ lower: [RunningPod], on node: Int, below count: Int) -> [[RunningPod]] {
    let most = min(count, Self.exactLimit)
    guard most > 0 else { return [] }
    var found: [[RunningPod]] = []
    var trial = NodeTrial(state, node)
    func extend(_ taken: [RunningPod], from index: Int, size: Int) {
      for next in index..<max(index, lower.count - (size - taken.count) + 1) {
        trial.free(lower[next])
        if taken.count + 1 == size {
          if trial.fits(shape) { found.append(taken + [lower[next]]) }
        } else {
          extend(taken + [lower[next]], from: next + 1, size: size)
        }
        trial.take(lower[next])
      }
    }
    for size in 1...most {
      extend([], from: 0, size: size)
      if rule == .fewest, !found.isEmpty { break }
    }
    return found
  }
}

/// What would be free on a node if some pods were not there.
private struct NodeTrial {
  private var cpu: Int32
  private var memory: Int32
  private var idle: IdleGPUs
  private let model: UInt8

  init(_ state: FleetState, _ node: Int) {
    cpu = state.cpu[node]
    memory = state.memory[node]
    idle = state.idle[node]
    model = state.capacity[node].model
  }

  mutating func free(_ pod: RunningPod) { change(pod, 1) }
  mutating func take(_ pod: RunningPod) { change(pod, -1) }

  private mutating func change(_ pod: RunningPod, _ sign: Int32) {
    cpu += sign * pod.shape.cpuMilli
    memory += sign * pod.shape.memoryMiB
    idle.add(Int16(sign) * pod.shape.gpuMilli, to: pod.place.gpus)
  }

  func fits(_ shape: PodShape) -> Bool {
    guard cpu >= shape.cpuMilli, memory >= shape.memoryMiB else { return false }
    if shape.gpuCount == 0 { return true }
    return shape.models.contains(model) && idle.count(atLeast: shape.gpuMilli) >= Int(shape.gpuCount)
  }
}
