import DSLBase
import GPUScheduling
import Testing

/// Choosing GPUs within a node, against every choice there is.
@Suite struct TopologyTests {
  private static func map(_ name: String) throws -> GPUTopology {
    try SMITopology(try TraceFiles.data("topo-\(name).txt"), file: name).topology
  }

  /// Pairs of GPUs in different NUMA groups, and pairs without NVLink by their distance: counted from the matrix alone.
  private static func crossings(_ gpus: UInt32, _ topology: GPUTopology) -> (distance: Int, groups: Int) {
    let members = (0..<topology.count).filter { gpus >> UInt32($0) & 1 == 1 }
    var distance = 0
    for a in members { for b in members where a < b { distance += topology.link(a, b)?.distance ?? 0 } }
    return (distance, Set(members.map { topology.numa[$0] }).count)
  }

  /// No set of free GPUs is nearer together than the one taken: for every set of free GPUs and every number asked for.
  @Test(arguments: ["dgx-a100", "dgx-h100", "pcie-4090", "pcie-2017"])
  func noCrossingThatCouldBeAvoided(name: String) throws {
    let topology = try Self.map(name)
    for free in UInt32(1)...topology.all {
      for wanted in 1...free.nonzeroBitCount {
        let taken = try #require(topology.pick(wanted, from: free))
        #expect(taken & ~free == 0 && taken.nonzeroBitCount == wanted)
        var least = (distance: Int.max, groups: Int.max)
        var set = free
        while set != 0 {
          if set.nonzeroBitCount == wanted {
            let found = Self.crossings(set, topology)
            if found < least { least = found }
          }
          set = (set &- 1) & free
        }
        #expect(Self.crossings(taken, topology) == least, "\(wanted) of \(String(free, radix: 2))")
      }
      #expect(topology.pick(free.nonzeroBitCount + 1, from: free) == nil)
    }
  }

  /// What a set of GPUs is compared by, written down as it is defined: the set, the groups that it breaks into, what stays.
  private static func cost(_ set: UInt32, of free: UInt32, _ topology: GPUTopology) -> [Int] {
    let (taken, left) = (crossings(set, topology), free & ~set)
    let broken = topology.numaGroups.count { $0 & set != 0 && $0 & left != 0 }
    return [taken.distance, taken.groups, broken, crossings(left, topology).distance]
  }

  /// Of all sets that are linked well enough the first of the best, on maps that nobody sells.
  @Test(arguments: 1...6 as ClosedRange<UInt64>) func theFirstOfTheBestIsTaken(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let count = Int.random(in: 2...7, using: &random)
    let kinds: [GPULink] = [.nvlink(4), .nvlink(12), .pix, .phb, .sys]
    let numa = (0..<count).map { _ in Int.random(in: 0..<3, using: &random) }
    let topology = GPUTopology(numa: numa) { _, _ in kinds[Int.random(in: 0..<5, using: &random)] }
    for free in UInt32(1)...topology.all {
      for wanted in 1...free.nonzeroBitCount {
        for slowest in [0.0, 48, 200] {
          let sets = (1...free).filter {
            $0 & ~free == 0 && $0.nonzeroBitCount == wanted && topology.spread(of: $0).slowest >= slowest
          }
          // The first has the lower GPU where two differ first.
          let best = sets.min { left, right in
            let (a, b) = (Self.cost(left, of: free, topology), Self.cost(right, of: free, topology))
            if a != b { return a.lexicographicallyPrecedes(b) }
            return left & (1 << UInt32((left ^ right).trailingZeroBitCount)) != 0
          }
          let taken = topology.pick(wanted, from: free, slowest: slowest)
          #expect(taken == best, "seed \(seed): \(wanted) of \(String(free, radix: 2)) at \(slowest) GB/s")
        }
      }
    }
  }

  /// The same through the scheduler, while jobs come and go: what each gets is the best that was free then.
  @Test(arguments: ["dgx-a100", "dgx-h100"]) func noAvoidableCrossingInAStreamOfJobs(name: String) throws {
    let topology = try Self.map(name)
    var cluster = Clusters.racks(1, nodes: 1, gpus: 8)
    cluster.nodes[0].topology = topology
    var scheduler = ClusterScheduler(try ClusterState(cluster))
    var random = SplitMix64(seed: 6)
    var crossings = 0
    for number in 0..<300 {
      if let name = scheduler.state.members.keys.sorted().randomElement(using: &random), number % 2 == 1 {
        scheduler.state.release(name)
      }
      let free = scheduler.state.wholeGPUs(0)
      let wanted = Int.random(in: 1...4, using: &random)
      guard let placed = scheduler.place(Clusters.whole("j\(number)", wanted, cpu: 0)) else { continue }
      let had = Self.crossings(placed.bindings[0].gpus, topology)
      var least = (distance: Int.max, groups: Int.max)
      for set in 1...UInt32(255) where set & ~free == 0 && set.nonzeroBitCount == wanted {
        let found = Self.crossings(set, topology)
        if found < least { least = found }
      }
      #expect(had == least)
      crossings += had.groups - least.groups
    }
    #expect(crossings == 0)
  }

  /// A gang of single GPUs gets GPUs that are near together, not only each its own.
  @Test func aGangIsNearTogether() throws {
    var cluster = Clusters.racks(1, nodes: 1, gpus: 8)
    cluster.nodes[0].topology = try Self.map("dgx-a100")
    cluster.running = [Binding(Clusters.whole("a", 1), member: 0, node: 0, gpus: 0b1)]
    let scheduler = ClusterScheduler(try ClusterState(cluster))
    let placed = try #require(scheduler.choice(Clusters.whole("gang", 1, members: 2)))
    let gpus = placed.bindings.reduce(UInt32(0)) { $0 | $1.gpus }
    #expect(scheduler.state.cluster.nodes[0].topology.spread(of: gpus).numaGroups == 1)
  }

  @Test func whatIsLeftStaysWhole() throws {
    let topology = try Self.map("dgx-h100")
    // Group 0 has one GPU free, group 1 four: one GPU comes from group 0, so that four stay together.
    #expect(topology.pick(1, from: 0b1111_1000) == 0b1000)
    #expect(topology.pick(2, from: 0b1111_1100) == 0b1100)
  }

  @Test func requiredLocalityIsHadOrRefused() throws {
    var cluster = Clusters.racks(2, nodes: 2, gpus: 4, numa: [0, 0, 1, 1], link: .sys)
    cluster.nodes[2].nvlinkDomain = "fabric"
    cluster.nodes[3].nvlinkDomain = "fabric"
    let scheduler = ClusterScheduler(try ClusterState(cluster))
    func choice(_ gpus: Int, _ members: Int, _ locality: Locality, required: Bool = true)
      -> WorkloadPlacement?
    {
      var workload = Clusters.whole("w", gpus, members: members)
      (workload.locality, workload.localityRequired) = (locality, required)
      return scheduler.choice(workload)
    }
    #expect(choice(2, 1, .sameSocket)?.bindings[0].gpus == 0b11)
    #expect(
      choice(3, 1, .sameSocket) == nil && choice(3, 1, .sameSocket, required: false)?.locality == .sameNode)
    #expect(choice(4, 1, .sameNode) != nil && choice(4, 2, .sameNode) == nil)
    #expect(choice(4, 2, .nvlink)?.nodes == [2, 3] && choice(4, 3, .nvlink) == nil)
    #expect(choice(4, 2, .rack)?.locality == .rack && choice(4, 3, .rack) == nil)
    #expect(choice(4, 3, .rack, required: false)?.locality == .any && choice(4, 5, .any) == nil)
  }

  @Test func bandwidthIsAConditionOfTheSlowestPair() throws {
    var cluster = Clusters.racks(1, nodes: 1, gpus: 4)
    // Two bridges: 0-1 and 2-3.
    cluster.nodes[0].topology = GPUTopology(numa: [0, 0, 0, 0]) { a, b in a / 2 == b / 2 ? .nvlink(4) : .phb }
    let scheduler = ClusterScheduler(try ClusterState(cluster))
    var pair = Clusters.whole("pair", 2, members: 2)
    pair.gigabytesPerSecond = 150
    #expect(scheduler.choice(pair)?.bindings.map(\.gpus).sorted() == [0b0011, 0b1100])
    var four = Clusters.whole("four", 4)
    four.gigabytesPerSecond = 150
    #expect(scheduler.choice(four) == nil && scheduler.state.obstacle(four, node: 0)?.filter == .bandwidth)
  }
}
