/// How good nodes are for kinds of pods, remembered from one decision to the next.
///
/// A node's own part of a score changes only when the node does, so a decision rates what changed since the last pod of the same
/// kind came. The rack's part is added when nodes are compared.
struct RatingIndex: Sendable {
  /// What a kind knows of every node.
  private struct Ratings {
    /// By node; `impossible` where the pod does not fit.
    var own: ContiguousArray<Double>
    /// The state's revision that they are of.
    var seen: Int
  }

  /// Kinds that are remembered: eight bytes a node each. Past it all are forgotten, so memory is bounded.
  private static let limit = 256
  private static let impossible = -Double.infinity
  private var numbers: [Workload: Int] = [:]
  private var ratings: [Ratings] = []

  /// The best node for one member, the first among equals; `nil` when it fits nowhere.
  mutating func best(
    _ workload: Workload, _ state: ClusterState, _ scoring: NodeScoring
  ) -> (node: Int, score: Double)? {
    let number = number(of: workload, nodes: state.cluster.nodes.count)
    let (seen, weight) = (ratings[number].seen, scoring.rackWeight(workload))
    var best: (node: Int, score: Double)?
    for node in state.changedAt.indices {
      if seen < 0 || state.changedAt[node] > seen {
        ratings[number].own[node] = Self.rate(workload, node, state, scoring)
      }
      let own = ratings[number].own[node]
      if own == Self.impossible { continue }
      let score = own + weight * state.rackShare(node)
      if best.map({ score > $0.score + 1e-12 }) ?? true { best = (node, score) }
    }
    ratings[number].seen = state.revision
    return best
  }

  /// The number of a pod's kind: all that decides where it may go and how good that is.
  private mutating func number(of workload: Workload, nodes: Int) -> Int {
    var kind = workload
    (kind.name, kind.pool, kind.startedAt, kind.priority) = ("", nil, 0, 0)
    (kind.qos, kind.preemptible) = (.burstable, true)
    if let number = numbers[kind] { return number }
    if numbers.count >= Self.limit {
      numbers.removeAll(keepingCapacity: true)
      ratings.removeAll(keepingCapacity: true)
    }
    numbers[kind] = ratings.count
    ratings.append(Ratings(own: ContiguousArray(repeating: Self.impossible, count: nodes), seen: -1))
    return ratings.count - 1
  }

  private static func rate(
    _ workload: Workload, _ node: Int, _ state: ClusterState, _ scoring: NodeScoring
  ) -> Double {
    guard state.barrier(workload, node: node, mask: .max) == nil,
      let place = state.assign(1, of: workload, node: node, mask: .max)?.first
    else { return impossible }
    return scoring.own(workload, members: 1, node: node, gpus: place.gpus, of: state)
  }
}
