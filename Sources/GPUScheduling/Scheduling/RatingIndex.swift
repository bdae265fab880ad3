/// How good nodes are for kinds of pods, remembered from one decision to the next.
///
/// A node's own part of a score changes only when the node does, so a decision rates what changed since the last pod of the same
/// kind came. The rack's part is added when nodes are compared: in blocks of nodes of one rack, of which the best is known.
struct RatingIndex: Sendable {
  /// Bytes for all kinds together; past them the kind that was not asked for longest is forgotten.
  private static let budget = 512 << 20

  private let classes: NodeClasses
  private let seats: RackSeats
  private let limit: Int
  private var numbers: [Workload: Int] = [:]
  private var kinds: [Workload] = []
  private var ratings: [KindRatings] = []
  private var time = 0

  init(_ state: ClusterState, _ scoring: NodeScoring) {
    classes = NodeClasses(state.cluster)
    seats = RackSeats(state)
    let size = classes.ofNode.count * 9 + classes.first.count * MemberRating.size(scoring)
    limit = min(4096, max(8, Self.budget / max(1, size)))
  }

  /// The best node for one member: the first of those within `SchedulingProfile.tie` of the highest score; `nil` when it fits
  /// nowhere.
  mutating func best(
    _ workload: Workload, _ state: ClusterState, _ scoring: NodeScoring
  ) -> (node: Int, score: Double)? {
    let number = number(of: workload, scoring)
    time += 1
    ratings[number].used = time
    ratings[number].refresh(state, classes, seats, tenant: state.number(ofTenant: workload.tenant))
    return ratings[number].highest(state, seats)
  }

  /// The number of a pod's kind: all that decides where it may go and how good that is.
  private mutating func number(of workload: Workload, _ scoring: NodeScoring) -> Int {
    var kind = workload
    (kind.name, kind.pool, kind.startedAt, kind.priority) = ("", nil, 0, 0)
    (kind.qos, kind.preemptible) = (.burstable, true)
    if let number = numbers[kind] { return number }
    let fresh = KindRatings(MemberRating(kind, scoring, classes: classes.first.count), seats)
    if ratings.count < limit {
      ratings.append(fresh)
      kinds.append(kind)
      numbers[kind] = ratings.count - 1
      return ratings.count - 1
    }
    let oldest = ratings.indices.min { ratings[$0].used < ratings[$1].used } ?? 0
    numbers[kinds[oldest]] = nil
    (ratings[oldest], kinds[oldest], numbers[kind]) = (fresh, kind, oldest)
    return oldest
  }
}

/// What a kind of pods knows of every node.
private struct KindRatings: Sendable {
  /// When the kind was last asked for.
  var used = 0
  private var rating: MemberRating
  /// By seat; `impossible` where the pod does not fit.
  private var own: ContiguousArray<Double>
  /// By block: the highest of them.
  private var best: ContiguousArray<Double>
  /// The changes that they are of; `nil` before the first look.
  private var seen: ChangeLog.Mark?

  init(_ rating: MemberRating, _ seats: RackSeats) {
    self.rating = rating
    own = ContiguousArray(repeating: MemberRating.impossible, count: seats.node.count)
    best = ContiguousArray(repeating: MemberRating.impossible, count: seats.rack.count)
  }

  /// Rates the nodes that changed; all when it is not known which.
  mutating func refresh(_ state: ClusterState, _ classes: NodeClasses, _ seats: RackSeats, tenant: Int32) {
    let now = state.changes.end
    if seen == now { return }
    if let seen, let changes = state.changes.since(seen) {
      for change in changes where state.changedAt[Int(change.node)] == change.revision {
        let seat = Int(seats.ofNode[Int(change.node)])
        let (before, block) = (own[seat], Int(seats.block[seat]))
        own[seat] = rating.rate(Int(change.node), state, classes, tenant: tenant)
        if own[seat] >= best[block] {
          best[block] = own[seat]
        } else if before == best[block] {
          best[block] = highest(of: block, seats)
        }
      }
    } else {
      for node in seats.ofNode.indices {
        own[Int(seats.ofNode[node])] = rating.rate(node, state, classes, tenant: tenant)
      }
      for block in best.indices { best[block] = highest(of: block, seats) }
    }
    seen = now
  }

  private func highest(of block: Int, _ seats: RackSeats) -> Double {
    var highest = MemberRating.impossible
    for seat in seats.seats(of: block) where own[seat] > highest { highest = own[seat] }
    return highest
  }

  /// The first of the nodes within `SchedulingProfile.tie` of the highest score.
  func highest(_ state: ClusterState, _ seats: RackSeats) -> (node: Int, score: Double)? {
    var highest = MemberRating.impossible
    for block in best.indices {
      highest = max(highest, best[block] + rating.rackWeight * state.rackShares[Int(seats.rack[block])])
    }
    guard highest > MemberRating.impossible else { return nil }
    let least = highest - SchedulingProfile.tie
    var found: (node: Int, score: Double)?
    for block in best.indices {
      let rack = rating.rackWeight * state.rackShares[Int(seats.rack[block])]
      if best[block] + rack < least { continue }
      // Seats of a block are in the order of the nodes: the first is the block's.
      guard let seat = seats.seats(of: block).first(where: { own[$0] + rack >= least }) else { continue }
      let node = Int(seats.node[seat])
      if found.map({ node < $0.node }) ?? true { found = (node, own[seat] + rack) }
    }
    return found
  }
}

/// Nodes rack by rack, in blocks of a few.
struct RackSeats: Sendable {
  private static let most = 32

  /// By node: its seat.
  let ofNode: ContiguousArray<Int32>
  /// By seat: its node, and its block.
  let node: ContiguousArray<Int32>
  let block: ContiguousArray<Int32>
  /// By block: its rack, and its first seat; one more of those at the end.
  let rack: ContiguousArray<Int32>
  private let first: ContiguousArray<Int>

  init(_ state: ClusterState) {
    let count = state.cluster.nodes.count
    let order = (0..<count).sorted { (state.rack($0), $0) < (state.rack($1), $1) }
    var (ofNode, block) = (ContiguousArray<Int32>(repeating: 0, count: count), ContiguousArray<Int32>())
    var (rack, first): (ContiguousArray<Int32>, ContiguousArray<Int>) = ([], [])
    for (seat, node) in order.enumerated() {
      let here = Int32(state.rack(node))
      if rack.last != here || seat - (first.last ?? 0) == Self.most {
        rack.append(here)
        first.append(seat)
      }
      ofNode[node] = Int32(seat)
      block.append(Int32(rack.count - 1))
    }
    first.append(count)
    (self.ofNode, self.block, self.rack, self.first) = (ofNode, block, rack, first)
    node = ContiguousArray(order.map { Int32($0) })
  }

  func seats(of block: Int) -> Range<Int> { first[block]..<first[block + 1] }
}
