/// Places pods one by one by a policy, and remembers how it rated each node for each shape.
///
/// - Complexity: a decision scores only the nodes that changed since the last pod of its shape came, and compares one
///   number a node. It does not depend on how many pods run.
package struct Placer<Policy: PlacementPolicy> {
  package private(set) var policy: Policy
  package private(set) var state: FleetState
  private var known: [PodShape: Int] = [:]
  private var ratings: [Ratings] = []
  /// Nodes in the order in which they changed.
  private var changed: ContiguousArray<Int32> = []

  /// What a shape knows of every node.
  private struct Ratings {
    let shape: PodShape
    var scores: ContiguousArray<Int32>
    var gpus: ContiguousArray<UInt8>
    /// How much of `changed` these ratings have seen; -1 before the first look.
    var seen: Int
  }

  package init(_ state: FleetState, _ policy: Policy) {
    self.state = state
    self.policy = policy
  }

  /// Chooses the best node, takes what the pod needs there, and says where.
  ///
  /// - Returns: `nil` when the pod fits nowhere; a pod that fits somewhere is always placed.
  package mutating func place(_ shape: PodShape) -> Placement? {
    let index = register(shape)
    update(index)
    guard let node = policy.pick(ratings[index].scores) else { return nil }
    let gpus: UInt32 =
      shape.gpuCount == 0
      ? 0
      : shape.isShare ? 1 << UInt32(ratings[index].gpus[node]) : state.idle[node].whole(Int(shape.gpuCount))
    let place = Placement(node: Int32(node), gpus: gpus)
    state.take(shape, at: place)
    changed.append(place.node)
    return place
  }

  /// Frees what a pod had.
  package mutating func remove(_ shape: PodShape, at place: Placement) {
    state.give(shape, at: place)
    changed.append(place.node)
  }

  private mutating func register(_ shape: PodShape) -> Int {
    if let index = known[shape] { return index }
    known[shape] = ratings.count
    ratings.append(
      Ratings(
        shape: shape, scores: ContiguousArray(repeating: PlacementScore.impossible, count: state.nodeCount),
        gpus: ContiguousArray(repeating: 0, count: state.nodeCount), seen: -1))
    return ratings.count - 1
  }

  private mutating func update(_ index: Int) {
    let seen = ratings[index].seen
    if seen < 0 || changed.count - seen >= state.nodeCount {
      for node in 0..<state.nodeCount { rate(index, node) }
    } else {
      for entry in seen..<changed.count { rate(index, Int(changed[entry])) }
    }
    ratings[index].seen = changed.count
  }

  private mutating func rate(_ index: Int, _ node: Int) {
    let shape = ratings[index].shape
    if state.fits(shape, on: node) {
      let rating = policy.score(shape, on: node, of: state)
      ratings[index].scores[node] = rating.score
      ratings[index].gpus[node] = rating.gpu
    } else {
      ratings[index].scores[node] = PlacementScore.impossible
    }
  }
}
