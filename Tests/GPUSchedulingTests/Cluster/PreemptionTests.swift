import DSLBase
import GPUScheduling
import Testing

/// Who gives way, and who only moves.
@Suite struct PreemptionTests {
  private static let now = 100_000.0

  private func workload(
    _ name: String, _ gpus: Int, members: Int = 1, priority: Int, hours: Double = 1,
    qos: QualityOfService = .burstable
  ) -> Workload {
    var workload = Clusters.whole(name, gpus, members: members)
    (workload.priority, workload.qos) = (priority, qos)
    workload.startedAt = Self.now - hours * 3600
    return workload
  }

  private func scheduler(_ gpus: [Int], _ running: [(Workload, [(node: Int, gpus: UInt32)])]) throws
    -> SchedulerBox
  {
    var cluster = Cluster()
    for (number, count) in gpus.enumerated() { Clusters.node("n\(number)", gpus: count, into: &cluster) }
    for (workload, places) in running {
      for (member, place) in places.enumerated() {
        cluster.running.append(Binding(workload, member: member, node: place.node, gpus: place.gpus))
      }
    }
    return SchedulerBox(ClusterScheduler(try ClusterState(cluster)))
  }

  private func victims(_ box: SchedulerBox, _ workload: Workload, anyPriority: Bool = false) -> [String]? {
    box.scheduler.preemption(for: workload, now: Self.now, anyPriority: anyPriority)?.victims.map(
      \.workload.name
    ).sorted()
  }

  @Test func theLeastWorkIsLost() throws {
    let box = try scheduler(
      [2, 2],
      [
        (workload("long", 2, priority: 0, hours: 10), [(0, 0b11)]),
        (workload("short", 2, priority: 0, hours: 1), [(1, 0b11)]),
      ])
    #expect(victims(box, workload("new", 2, priority: 5)) == ["short"])
    #expect(victims(box, workload("new", 1, priority: 0)) == nil, "nobody is below it")
    #expect(victims(box, workload("new", 4, priority: 5)) == nil, "no node could hold it")
    #expect(victims(box, workload("new", 2, members: 2, priority: 5)) == ["long", "short"])
  }

  @Test func lowerPrioritiesGoFirstThenWillingOnes() throws {
    let box = try scheduler(
      [1, 1, 1],
      [
        (workload("higher", 1, priority: 2, hours: 0.1), [(0, 1)]),
        (workload("burstable", 1, priority: 1, hours: 2), [(1, 1)]),
        (workload("best-effort", 1, priority: 1, hours: 3, qos: .bestEffort), [(2, 1)]),
      ])
    #expect(
      victims(box, workload("new", 1, priority: 3)) == ["best-effort"], "3 hours at 1 are less than 2 at 2")
    var safe = box.state.bindings["best-effort"]!.workload
    box.scheduler.state.release("best-effort")
    safe.preemptible = false
    try box.scheduler.state.bind(Binding(safe, member: 0, node: 2, gpus: 1))
    #expect(victims(box, workload("new", 1, priority: 3)) == ["burstable"])
  }

  @Test func aGangGoesWholeOrNotAtAll() throws {
    let box = try scheduler(
      [4, 4],
      [
        (workload("gang", 2, members: 3, priority: 0, hours: 0.5), [(0, 0b11), (0, 0b1100), (1, 0b11)]),
        (workload("single", 2, priority: 0, hours: 2), [(1, 0b1100)]),
      ])
    let found = try #require(box.scheduler.preemption(for: workload("new", 4, priority: 1), now: Self.now))
    #expect(found.victims.map(\.workload.name) == ["gang"] && found.victims[0].pods.count == 3)
    #expect(found.lostGPUHours == 3 && found.placement.bindings.map(\.node) == [0])
    #expect(box.commit(found) && box.state.faults.isEmpty && box.state.members["gang"] == nil)
  }

  /// Every set of victims on every node, by brute force.
  @Test(arguments: 1...12) func noCheaperSetExists(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    var running: [(Workload, [(node: Int, gpus: UInt32)])] = []
    for node in 0..<3 {
      var gpu = 0
      while gpu < 8 {
        let size = min(Int.random(in: 1...3, using: &random), 8 - gpu)
        let workload = workload(
          "w\(node)-\(gpu)", size, priority: Int.random(in: 0...1, using: &random),
          hours: Double(Int.random(in: 1...40, using: &random)) / 4)
        running.append((workload, [(node, ((1 << UInt32(size)) - 1) << UInt32(gpu))]))
        gpu += size
      }
    }
    let box = try scheduler([8, 8, 8], running)
    let wanted = workload("new", Int.random(in: 2...6, using: &random), priority: 2)
    let found = try #require(box.scheduler.preemption(for: wanted, now: Self.now))
    var least = (highest: Int.max, cost: Double.infinity)
    for node in 0..<3 {
      let here = running.filter { $0.1[0].node == node }.map(\.0)
      for set in 1..<(1 << here.count) {
        let gone = here.indices.filter { set >> $0 & 1 == 1 }.map { here[$0] }
        guard gone.reduce(0, { $0 + $1.demand.gpu.milli }) >= wanted.demand.gpu.milli else { continue }
        let cost = gone.reduce(0.0) { sum, victim in
          // One GPU-hour for the victim, and the hours it lost, twice for a burstable one.
          sum + 1 + (Self.now - victim.startedAt) / 3600 * Double(victim.demand.gpu.milli) / 1000 * 2
        }
        let highest = gone.map(\.priority).max() ?? 0
        if (highest, cost) < least { least = (highest, cost) }
      }
    }
    #expect(found.highest == least.highest && abs(found.cost - least.cost) < 1e-9, "seed \(seed)")
  }

  @Test func podsMoveWhereNobodyHasToGo() throws {
    let box = try scheduler(
      [4, 4], [(workload("a", 2, priority: 9), [(0, 0b11)]), (workload("b", 1, priority: 9), [(1, 0b1)])])
    let new = workload("new", 4, priority: 0)
    #expect(box.choice(new) == nil && victims(box, new) == nil)
    let found = try #require(box.scheduler.consolidation(for: new))
    #expect(
      found.moves.map { "\($0.from.pod): \($0.from.node) to \($0.to.node)" } == ["b: 1 to 0"],
      "the smaller one moves")
    #expect(box.commit(found) && box.state.faults.isEmpty && box.state.bindings["new"]?.node == 1)
    #expect(box.scheduler.consolidation(for: workload("more", 4, priority: 0)) == nil)
  }

  @Test func podsMoveToGPUsOfTheirModelAlone() throws {
    var cluster = Cluster()
    Clusters.node("a", gpus: 2, into: &cluster)
    Clusters.node("t", gpus: 2, model: "T4", into: &cluster)
    cluster.running = [Binding(Clusters.whole("there", 1), member: 0, node: 0, gpus: 1)]
    var new = Clusters.whole("new", 2)
    new.demand.types = ["A100"]
    #expect(ClusterScheduler(try ClusterState(cluster)).consolidation(for: new) == nil)
    Clusters.node("b", gpus: 1, into: &cluster)
    let found = try #require(ClusterScheduler(try ClusterState(cluster)).consolidation(for: new))
    #expect(found.moves.map(\.to.node) == [2])
  }

  @Test func whatWouldHaveToBeFreed() throws {
    let box = try scheduler(
      [2],
      [(workload("a", 1, priority: 9, hours: 5), [(0, 0b01)]), (workload("b", 1, priority: 9), [(0, 0b10)])])
    #expect(victims(box, workload("new", 1, priority: 0)) == nil)
    #expect(victims(box, workload("new", 1, priority: 0), anyPriority: true) == ["b"])
  }
}
