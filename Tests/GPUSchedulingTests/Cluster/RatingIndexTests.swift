import DSLBase
import GPUScheduling
import Testing

/// What is remembered of earlier decisions never changes one: against rating every node anew, by filters and scores themselves.
@Suite struct RatingIndexTests {
  /// One run's dice.
  private struct Run {
    var random: SplitMix64
    var scheduler: ClusterScheduler
    var snapshots: [ClusterState] = []
    var next = 0
    var open = 0
    var placed = 0
    var refused = 0
    var restored = 0

    mutating func roll(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    mutating func chance(_ percent: Int) -> Bool { roll(0..<100) < percent }

    /// Of few kinds, so that kinds come again; now and then of a new one.
    mutating func workload() -> Workload {
      next += 1
      let gpu: GPUDemand =
        switch roll(0..<8) {
        case 0: .none
        case 1, 2: .share([50, 330, 500, 810, 999][roll(0..<5)])
        case 3: .mig(["1g.10gb", "2g.20gb", "3g.40gb", "7g.80gb"][roll(0..<4)])
        default: .whole([1, 1, 1, 2, 3, 4, 8][roll(0..<7)])
        }
      var demand = PodDemand(
        cpuMilli: [0, 2000, 9000, 30_000][roll(0..<4)], memoryMiB: [10, 4096, 65_536][roll(0..<3)], gpu: gpu)
      if chance(20) { demand.types = [["H100"], ["A100", "T4"], ["T4"]][roll(0..<3)] }
      if chance(10) { demand.selector = ["zone": ["a", "b", "c"][roll(0..<3)]] }
      if chance(10) { demand.gpuMemoryMiB = 30_000 }
      if chance(5) { demand.cpuMilli = roll(0..<50_000) }
      var workload = Workload("w\(next)", demand)
      workload.tenant = [nil, nil, "a", "b"][roll(0..<4)]
      workload.priority = roll(0..<3)
      workload.gigabytesPerSecond = [0, 0, 0, 40, 300][roll(0..<5)]
      if chance(30) { workload.model = ["m", "n"][roll(0..<2)] }
      if chance(20) { workload.shards = [["x"], ["x", "y"]][roll(0..<2)] }
      if chance(10) { workload.maxCostPerHour = 2 }
      if chance(50) { workload.spot = SpotRule(allowed: true) }
      return workload
    }

    mutating func step() {
      switch roll(0..<12) {
      case 0...6:
        let wanted = workload()
        let expected = scheduler.choice(wanted)
        let remembered = scheduler.quickChoice(wanted)
        #expect(remembered == expected, "\(wanted)")
        if scheduler.place(wanted) != nil { placed += 1 } else { refused += 1 }
      case 7, 8:
        guard let name = scheduler.state.members.keys.sorted().randomElement(using: &random) else { return }
        scheduler.state.release(name)
      case 9 where open == 0:
        snapshots.append(scheduler.state)
      case 10 where open == 0:
        // Another history of the same cluster, which may be as long as the one that is remembered.
        guard let old = snapshots.randomElement(using: &random) else { return }
        scheduler.state = old
        restored += 1
      default:
        let checkpoint = scheduler.state.checkpoint()
        open += 1
        for _ in 0..<roll(1..<6) { step() }
        open -= 1
        scheduler.state.rollBack(to: checkpoint)
      }
    }
  }

  private static func cluster(_ random: inout SplitMix64) -> Cluster {
    func roll(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    var cluster = Cluster()
    let maps = [
      GPUTopology(unknown: 2), GPUTopology(unknown: 8), GPUTopology(unknown: 0),
      GPUTopology(numa: [0, 0, 1, 1]) { _, _ in .nvlink(18) },
      GPUTopology(numa: [0, 1, 0, 1]) { a, b in a % 2 == b % 2 ? .pix : .sys },
      GPUTopology(numa: [0, 0, 0, 0, 1, 1, 1, 1]) { a, b in a / 2 == b / 2 ? .nvlink(4) : .node },
    ]
    for number in 0..<roll(5..<90) {
      let map = maps[roll(0..<maps.count)]
      var node = ClusterNode(
        name: "n\(number)", cpuMilli: [16_000, 64_000, 128_000][roll(0..<3)],
        memoryMiB: [1 << 15, 1 << 19][roll(0..<2)],
        topology: map)
      if map.count > 0 {
        node.model = cluster.number(of: .known(["A100-80GB", "H100-80GB", "T4"][roll(0..<3)]))
        if let geometry = cluster.model(of: node)?.geometry, roll(0..<4) == 0 {
          node.migGPUs = UInt32(roll(1..<4))
          if roll(0..<2) == 0 { node.migReserve[roll(0..<2)] = roll(0..<geometry.profiles.count) }
        }
      }
      // Racks that lie mixed among each other, of very different sizes, and nodes in none.
      node.rack = [nil, "r0", "r1", "r1", "r1", "r1", "r2"][roll(0..<7)]
      node.labels = ["zone": ["a", "b"][roll(0..<2)], "host": "n\(number)"]
      if roll(0..<8) == 0 { node.tenant = ["a", "b"][roll(0..<2)] }
      node.spot = roll(0..<5) == 0
      node.cordoned = roll(0..<15) == 0
      if roll(0..<3) == 0 { node.costPerHour = Double(roll(1..<20)) }
      if roll(0..<2) == 0 { node.carbon = Double(roll(0..<5)) * 100 }
      if roll(0..<3) == 0 { node.cachedModels = ["m"] }
      if roll(0..<3) == 0 { node.shards = ["x"] }
      cluster.nodes.append(node)
    }
    for model in cluster.models.indices where roll(0..<2) == 0 {
      cluster.models[model].costPerHour = Double(roll(1..<5))
    }
    return cluster
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func rememberingChangesNothing(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var weights = SchedulingProfile.documented
    if seed % 3 > 0 {
      weights = [:]
      for term in ScoreTerm.allCases where Int.random(in: 0..<2, using: &random) == 0 {
        weights[term] = Double(Int.random(in: 1..<10, using: &random))
      }
    }
    let isolation = TenantIsolation.allCases[Int(seed % 4)]
    let cluster = Self.cluster(&random)
    let state = try ClusterState(cluster, isolation: isolation)
    var run = Run(
      random: random, scheduler: ClusterScheduler(state, SchedulingProfile(weights: weights)))
    for _ in 0..<250 { run.step() }
    #expect(run.placed > 10 && run.refused > 0 && run.restored > 0, "seed \(seed): the run does something")
  }
}
