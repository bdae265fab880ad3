extension GPUTopology {
  /// The GPUs to take: as near together as any choice is, and of those the ones that leave the rest most whole.
  ///
  /// What is left counts after what is taken: fewest NUMA groups broken into, then the rest nearest together, then the lowest
  /// numbers.
  ///
  /// - Parameters:
  ///   - wanted: how many.
  ///   - free: GPUs that may be taken, one bit each.
  ///   - slowest: GB/s that the slowest pair must have at least.
  /// - Returns: one bit each; `nil` when there are not that many, or none are linked well enough.
  /// - Complexity: O(free choose wanted), at most 12,870 sets; looks at one group alone when it holds just enough.
  package func pick(_ wanted: Int, from free: UInt32, slowest: Double = 0) -> UInt32? {
    let free = free & all
    guard wanted <= free.nonzeroBitCount else { return nil }
    guard wanted > 0 else { return 0 }
    var search = NearestSet(self, free, slowest: slowest)
    search.extend(by: wanted)
    return search.best
  }
}

/// Goes through all sets of a size in the order of their lowest members; what a set costs is added up GPU by GPU.
private struct NearestSet {
  /// What sets are compared by, the most important first.
  private struct Cost: Comparable {
    /// Over the pairs of the set that have no NVLink.
    var distance: Int
    /// NUMA groups that it touches.
    var groups: Int
    /// NUMA groups of which some free GPUs go and some stay.
    var broken: Int
    /// From those that go to all that are free, added up: where the pairs of those that go are alike, as much as goes here is
    /// less in the pairs of those that stay.
    var degree: Int

    static func < (left: Cost, right: Cost) -> Bool {
      (left.distance, left.groups, left.broken, right.degree)
        < (right.distance, right.groups, right.broken, left.degree)
    }
  }

  private(set) var best: UInt32?
  private var least: Cost?
  private let free: UInt32
  /// The free GPUs, the lowest first.
  private let gpus: [UInt32]
  /// Between free GPUs, row by row; `nil` where the link is too slow.
  private let distances: [Int?]
  /// By free GPU: its distance to all other free ones together.
  private let degrees: [Int]
  private let numaGroups: [UInt32]

  init(_ topology: GPUTopology, _ free: UInt32, slowest: Double) {
    self.free = free
    numaGroups = topology.numaGroups
    gpus = (0..<UInt32(topology.count)).filter { free >> $0 & 1 == 1 }
    var distances: [Int?] = []
    distances.reserveCapacity(gpus.count * gpus.count)
    var degrees: [Int] = []
    for a in gpus {
      var degree = 0
      for b in gpus {
        let link = topology.link(Int(a), Int(b))
        degree += link?.distance ?? 0
        distances.append((link?.gigabytesPerSecond ?? .infinity) < slowest ? nil : link?.distance ?? 0)
      }
      degrees.append(degree)
    }
    self.distances = distances
    self.degrees = degrees
  }

  /// - Parameters:
  ///   - left: how many GPUs the set still lacks.
  ///   - index: the first free GPU that it may get.
  ///   - degree: of its GPUs together.
  mutating func extend(
    _ set: UInt32 = 0, by left: Int, from index: Int = 0, distance: Int = 0, degree: Int = 0
  ) {
    if left == 0 { return offer(set, distance: distance, degree: degree) }
    guard gpus.count - index >= left else { return }
    for next in index...(gpus.count - left) {
      guard let added = gap(of: next, to: set) else { continue }
      let sum = distance + added
      // Distances only grow.
      if let least, least.distance < sum { continue }
      extend(
        set | 1 << gpus[next], by: left - 1, from: next + 1, distance: sum, degree: degree + degrees[next])
    }
  }

  /// From a GPU to those of a set, which are all before it; `nil` when one of the links is too slow.
  private func gap(of gpu: Int, to set: UInt32) -> Int? {
    var sum = 0
    for other in 0..<gpu where set >> gpus[other] & 1 == 1 {
      guard let distance = distances[gpu * gpus.count + other] else { return nil }
      sum += distance
    }
    return sum
  }

  private mutating func offer(_ set: UInt32, distance: Int, degree: Int) {
    let left = free & ~set
    var (groups, broken) = (0, 0)
    for group in numaGroups where group & set != 0 {
      groups += 1
      if group & left != 0 { broken += 1 }
    }
    let cost = Cost(distance: distance, groups: groups, broken: broken, degree: degree)
    if let least, !(cost < least) { return }
    (least, best) = (cost, set)
  }
}
