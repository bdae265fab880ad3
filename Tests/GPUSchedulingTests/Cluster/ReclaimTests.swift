import DSLBase
import GPUScheduling
import Testing

/// Who goes where memory in use comes near its limit.
@Suite struct ReclaimTests {
  private static let now = 100_000.0
  /// MiB of a T4, as built in.
  private static let capacity = 15_109

  private struct Pod {
    var node = 0
    var gpus: UInt32
    var used: Int?
  }

  private func workload(
    _ name: String, milli: Int = 100, members: Int = 1, priority: Int = 0, hours: Double = 1,
    qos: QualityOfService = .burstable, preemptible: Bool = true
  ) -> Workload {
    var workload = Workload(name, PodDemand(gpu: .share(milli)), members: members)
    (workload.priority, workload.qos, workload.preemptible) = (priority, qos, preemptible)
    workload.startedAt = Self.now - hours * 3600
    return workload
  }

  /// Nodes with some T4s; what a pod uses is in percent of one.
  private func scheduler(
    _ gpus: [Int], _ running: [(Workload, [Pod])], totals: [Int: [Int]] = [:]
  ) throws -> ClusterScheduler {
    var cluster = Cluster()
    for (number, count) in gpus.enumerated() {
      Clusters.node("n\(number)", gpus: count, model: "T4", into: &cluster)
    }
    for (workload, pods) in running {
      for (member, pod) in pods.enumerated() {
        let binding = Binding(workload, member: member, node: pod.node, gpus: pod.gpus)
        cluster.running.append(binding)
        cluster.memoryUse.gpuOfPod[binding.pod] = pod.used.map { Self.capacity * $0 / 100 }
      }
    }
    for (node, percents) in totals {
      cluster.memoryUse.ofGPUs[node] = percents.map { Self.capacity * $0 / 100 }
    }
    return ClusterScheduler(try ClusterState(cluster))
  }

  private func names(_ reclaim: Reclaim) -> [String] { reclaim.victims.map(\.victim.workload.name) }

  @Test func theLowestPriorityGoesFirstThenTheLeastCost() throws {
    let scheduler = try scheduler(
      [1],
      [
        (workload("high", priority: 5, hours: 0), [Pod(gpus: 1, used: 30)]),
        (workload("long", hours: 20), [Pod(gpus: 1, used: 25)]),
        (workload("short", hours: 1), [Pod(gpus: 1, used: 25)]),
        (workload("tiny", hours: 0), [Pod(gpus: 1, used: 5)]),
        (workload("fixed", hours: 0, preemptible: false), [Pod(gpus: 1, used: 10)]),
      ])
    let found = scheduler.reclaim(now: Self.now)
    #expect(names(found) == ["short"], "80 needs 15 of 95: tiny is too small, long is dearer, high is higher")
    #expect(found.pressures.map(\.outcome) == [.relieved] && found.stuck == 0)
    #expect(found.victims[0].frees == [0: Self.capacity * 25 / 100] && found.victims[0].neededBy == 0)
    #expect(abs(found.cost - (1 + 2 * 0.1)) < 1e-9, "an hour of a tenth of a GPU, burstable")
    // Both low ones go rather than the higher one.
    let both = scheduler.reclaim(ReclaimBounds(above: 90, below: 50), now: Self.now)
    #expect(Set(names(both)) == ["short", "long"])
    #expect(scheduler.reclaim(ReclaimBounds(above: 96, below: 20), now: Self.now).pressures.isEmpty)
  }

  @Test func oneOnSeveralGPUsCountsForAllOfThem() throws {
    // Alone on each GPU a small one would be cheaper; one that is on both is cheaper than two.
    let scheduler = try scheduler(
      [2],
      [
        (workload("wide", members: 2, hours: 3), [Pod(gpus: 1, used: 40), Pod(gpus: 2, used: 40)]),
        (workload("left", hours: 2), [Pod(gpus: 1, used: 55)]),
        (workload("right", hours: 2), [Pod(gpus: 2, used: 55)]),
      ])
    let found = scheduler.reclaim(now: Self.now)
    #expect(names(found) == ["wide"] && found.victims[0].victim.pods == ["wide-0", "wide-1"])
    #expect(found.victims[0].frees.count == 2 && found.pressures.allSatisfy { $0.outcome == .relieved })
  }

  @Test func aGangGoesWholeAndItsOtherGPUsAreFreeToo() throws {
    let scheduler = try scheduler(
      [1, 1],
      [
        (workload("gang", members: 2), [Pod(gpus: 1, used: 95), Pod(node: 1, gpus: 1, used: 10)])
      ])
    let found = scheduler.reclaim(now: Self.now)
    #expect(found.pressures.count == 1 && found.victims[0].victim.pods.count == 2)
    #expect(found.victims[0].frees.keys.sorted() == [0, 1] && found.pressures[0].afterMiB == 0)
  }

  @Test func whatCannotBeRelievedCostsNobody() throws {
    let scheduler = try scheduler(
      [3],
      [
        (workload("fixed", preemptible: false), [Pod(gpus: 1, used: 92)]),
        (workload("low"), [Pod(gpus: 1, used: 5)]),
        (workload("held", preemptible: false), [Pod(gpus: 2, used: 85)]),
        (workload("other"), [Pod(gpus: 2, used: 10)]),
      ], totals: [0: [97, 95, 96]])
    let found = scheduler.reclaim(now: Self.now)
    #expect(found.pressures.map(\.outcome) == [.stuck, .partly, .stuck] && found.stuck == 2)
    #expect(names(found) == ["other"], "it brings 95 to 85, which is no longer above 90")
    #expect(found.pressures[0].staying.map(\.pod) == ["fixed", "low"])
    #expect(found.pressures[0].staying.map(\.preemptible) == [false, true])
    #expect(found.pressures[2].pool.unexplainedMiB == Self.capacity * 96 / 100, "nobody runs there")
  }

  @Test func whatTheDriverTellsIsTheOneUnmeasuredPods() throws {
    let one = try scheduler([1], [(workload("a"), [Pod(gpus: 1)])], totals: [0: [95]])
    #expect(names(one.reclaim(now: Self.now)) == ["a"])
    // Of two nobody knows who uses how much, and unknown is not zero: nobody goes on a guess.
    let two = try scheduler(
      [1], [(workload("a"), [Pod(gpus: 1)]), (workload("b"), [Pod(gpus: 1)])], totals: [0: [95]])
    let found = two.reclaim(now: Self.now)
    #expect(found.victims.isEmpty && found.stuck == 1 && found.pressures[0].pool.unmeasured == ["a", "b"])
  }

  @Test func nodesAndInstancesHaveMemoryToo() throws {
    let text = """
      nodes:
        - {name: a, cpu: 8, memory: 100Gi, gpus: 2, model: A100-40GB, mig: [1], memory_used: 97Gi}
      running:
        - {workload: cut, node: a, gpus: [1], mig: 3g.20gb@4, gpu_memory_used: 19Gi, memory_used: 30Gi}
        - {workload: big, node: a, memory_used: 40Gi, qos: best-effort, priority: -1}
      """
    let cluster = try ClusterReader.cluster(text, file: "c")
    let found = ClusterScheduler(try ClusterState(cluster)).reclaim(now: Self.now)
    #expect(found.pools.map(\.usedMiB) == [19 * 1024, 97 * 1024])
    #expect(names(found) == ["cut"], "its instance needs it, and with it the node has enough")
    #expect(found.pressures.map(\.outcome) == [.relieved, .relieved])
    #expect(found.pools[1].unexplainedMiB == 27 * 1024)
  }

  @Test(arguments: [
    (
      "nodes: [{name: a, cpu: 1, memory: 1, gpus: 2, model: T4, gpu_memory_used: [1Gi]}]",
      "expected 2 amounts"
    ),
    (
      "nodes: [{name: a, cpu: 1, memory: 1, gpus: 1, model: T4, gpu_memory_used: [much]}]",
      "an amount of memory"
    ),
    (
      "nodes: [{name: a, cpu: 1, memory: 1}]\nrunning: [{workload: w, node: a, memory_used: -1}]", "an amount"
    ),
    (
      "nodes: [{name: a, cpu: 1, memory: 1}]\nrunning: [{workload: w, node: a, gpu_memory_used: 1}]",
      "it has no GPU"
    ),
  ]) func badAmountsAreNamed(text: String, message: String) {
    let error = #expect(throws: DSLError.self) { try ClusterReader.cluster(text, file: "c") }
    #expect(
      error?.code == .invalidInput && error?.message.contains(message) ?? false, "\(error?.message ?? "")")
  }

  /// Gangs and pods on GPUs taken by chance, some of which may not be preempted.
  private func dealt(_ random: inout SplitMix64, nodes: Int, gpus: Int) -> [(Workload, [Pod])] {
    func roll(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    return (0..<roll(3...9)).map { number in
      var gang = workload(
        "w\(number)", milli: 10 * roll(1...5), priority: roll(0...2), hours: Double(roll(0...20)),
        qos: QualityOfService.allCases[roll(0...2)], preemptible: roll(0...5) > 0)
      let places = (0..<nodes).flatMap { node in (0..<gpus).map { (node, $0) } }.shuffled(using: &random)
      gang.members = min(places.count, roll(1...3))
      return (
        gang,
        places.prefix(gang.members).map { Pod(node: $0.0, gpus: 1 << UInt32($0.1), used: roll(0...45)) }
      )
    }
  }

  /// Against every set of candidates of the whole cluster, connected or not.
  @Test(arguments: 1...60) func noBetterSetExists(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let (nodes, gpus) = (Int.random(in: 1...2, using: &random), Int.random(in: 1...3, using: &random))
    let running = dealt(&random, nodes: nodes, gpus: gpus)
    let scheduler = try scheduler(Array(repeating: gpus, count: nodes), running)
    let bounds = ReclaimBounds(above: 90, below: Double(Int.random(in: 60...90, using: &random)))
    let found = scheduler.reclaim(bounds, now: Self.now)
    // By GPU: what is in use, and what each workload has there.
    func used(without gone: Set<String>) -> [String: Int] {
      var sum: [String: Int] = [:]
      for (workload, pods) in running where !gone.contains(workload.name) {
        for pod in pods {
          sum["\(pod.node) \(pod.gpus)", default: 0] += Self.capacity * (pod.used ?? 0) / 100
        }
      }
      return sum
    }
    func bound(_ percent: Double) -> Int { Int(Double(Self.capacity) * percent / 100) }
    let candidates = running.map(\.0).filter(\.preemptible)
    let (start, least) = (used(without: []), used(without: Set(candidates.map(\.name))))
    var targets: [String: Int] = [:]
    for (gpu, amount) in start where amount > bound(bounds.above) {
      targets[gpu] = [bounds.below, bounds.above].map(bound).first { least[gpu] ?? 0 <= $0 }
    }
    func key(_ set: [Workload]) -> [Double] {
      var costs = [0.0, 0.0, 0.0]
      for victim in set {
        let hours = (Self.now - victim.startedAt) / 3600
        let gpus = Double(victim.demand.gpu.milli * victim.members) / 1000
        let weights: [QualityOfService: Double] = [.guaranteed: 4, .burstable: 2, .bestEffort: 1]
        costs[2 - victim.priority] += 1 + hours * gpus * (weights[victim.qos] ?? 0)
      }
      return costs
    }
    var best: [Double]?
    for set in 0..<(1 << candidates.count) {
      let gone = candidates.indices.filter { set >> $0 & 1 == 1 }.map { candidates[$0] }
      let after = used(without: Set(gone.map(\.name)))
      guard targets.allSatisfy({ after[$0.key] ?? 0 <= $0.value }) else { continue }
      let cost = key(gone)
      if best.map({ zip(cost, $0).first { abs($0 - $1) > 1e-9 }.map { $0 < $1 } ?? false }) ?? true {
        best = cost
      }
    }
    let mine = key(found.victims.map(\.victim.workload))
    let expected = try #require(best)
    #expect(zip(mine, expected).allSatisfy { abs($0 - $1) < 1e-9 }, "seed \(seed): \(mine), \(expected)")
    for (gpu, amount) in used(without: Set(names(found))) {
      #expect(targets[gpu].map { amount <= $0 } ?? true, "seed \(seed)")
    }
    #expect(found.pressures.count == start.values.count { $0 > bound(bounds.above) }, "seed \(seed)")
    for chosen in found.victims {
      #expect(
        chosen.victim.workload.preemptible && chosen.victim.pods.count == chosen.victim.workload.members)
      let pool = found.pools[chosen.neededBy]
      #expect(chosen.withoutItMiB > targets["\(pool.node) \(Self.bit(pool))"] ?? .max, "seed \(seed)")
    }
  }

  private static func bit(_ pool: MemoryPool) -> UInt32 {
    if case .gpu(let gpu) = pool.kind { return 1 << UInt32(gpu) }
    return 0
  }

  /// More candidates than every set of them is looked at: enough goes, none of them for nothing, none of a priority without need.
  @Test(arguments: 1...10) func manyCandidatesAreChosenWell(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    var running: [(Workload, [Pod])] = []
    for number in 0..<40 {
      running.append(
        (
          workload(
            "w\(number)", milli: 20, priority: number % 3, hours: Double.random(in: 0...9, using: &random)),
          [Pod(gpus: 1, used: Int.random(in: 1...4, using: &random))]
        ))
    }
    let used = running.reduce(0) { $0 + ($1.1[0].used ?? 0) }
    let scheduler = try scheduler([1], running)
    let found = scheduler.reclaim(ReclaimBounds(above: 30, below: 25), now: Self.now)
    #expect(used > 30 && found.pressures.map(\.outcome) == [.relieved])
    let pool = found.pools[0]
    for chosen in found.victims { #expect(pool.percent(chosen.withoutItMiB) > 25) }
    let lower = running.filter { $0.0.priority < 2 }.reduce(0) { $0 + ($1.1[0].used ?? 0) }
    if used - lower <= 24 { #expect(found.victims.allSatisfy { $0.victim.workload.priority < 2 }) }
  }
}
