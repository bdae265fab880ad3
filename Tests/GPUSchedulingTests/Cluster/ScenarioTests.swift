import DSLBase
import GPUScheduling
import Testing

/// What users of other schedulers asked for, each named after its public issue.
@Suite struct ScenarioTests {
  private func scheduler(_ cluster: Cluster) throws -> SchedulerBox {
    SchedulerBox(ClusterScheduler(try ClusterState(cluster)))
  }

  /// kubernetes-sigs/kueue#10406: single-GPU jobs scatter over racks of 18 nodes with 4 GPUs and destroy 72-GPU domains.
  @Test func kueue10406RacksArePreserved() throws {
    let scheduler = try scheduler(Clusters.racks(33, nodes: 18, gpus: 4))
    var random = SplitMix64(seed: 10_406)
    var alive: [String] = []
    for number in 0..<240 {
      let name = "job-\(number)"
      #expect(scheduler.place(Clusters.whole(name, 1)) != nil)
      alive.append(name)
      if number % 3 == 2 {
        scheduler.state.release(alive.remove(at: Int.random(in: 0..<alive.count, using: &random)))
      }
    }
    let racks = Set(scheduler.state.bindings.values.map { scheduler.state.cluster.nodes[$0.node].rack ?? "" })
    let fewest = (alive.count + 71) / 72
    #expect(
      racks.count <= fewest + 1, "\(alive.count) jobs are on \(racks.count) racks, \(fewest) could hold them")
    var gang = Clusters.whole("nvl72", 4, members: 18)
    (gang.locality, gang.localityRequired) = (.rack, true)
    let placed = try #require(scheduler.place(gang))
    #expect(placed.nodes.count == 18 && scheduler.state.faults.isEmpty)
  }

  /// kubernetes-sigs/kueue#4329: eight GPUs are admitted by quota as one pod of eight where only two fours are free.
  @Test func kueue4329OneOfEightIsNotTwoOfFour() throws {
    let scheduler = try scheduler(Clusters.racks(1, nodes: 2, gpus: 4))
    #expect(scheduler.choice(Clusters.whole("one-of-eight", 8)) == nil)
    #expect(scheduler.state.obstacle(Clusters.whole("one-of-eight", 8), node: 0)?.filter == .gpus)
    let both = try #require(scheduler.choice(Clusters.whole("two-of-four", 4, members: 2)))
    #expect(both.nodes == [0, 1] && both.locality == .rack)
  }

  /// kubernetes-sigs/kueue#3756 and #14850: a job of two GPUs takes a node with four free though one with two is there, also
  /// where the topology is required.
  @Test(arguments: [false, true]) func kueue3756TheNodeWithTheLeastFree(required: Bool) throws {
    var cluster = Clusters.racks(1, nodes: 3, gpus: 4)
    cluster.running = [Binding(Clusters.whole("there", 2), member: 0, node: 1, gpus: 0b0101)]
    let scheduler = try scheduler(cluster)
    var job = Clusters.whole("job", 2)
    (job.locality, job.localityRequired) = (.sameNode, required)
    #expect(scheduler.choice(job)?.bindings.map(\.node) == [1])
  }

  /// kubernetes-sigs/kueue#6554: sixteen pods over two nodes run faster as 8 and 8 than as 15 and 1.
  @Test func kueue6554TheSplitIsBalanced() throws {
    var cluster = Cluster()
    for name in ["a", "b"] { Clusters.node(name, gpus: 15, into: &cluster) }
    let scheduler = try scheduler(cluster)
    let placed = try #require(scheduler.choice(Clusters.whole("gang", 1, members: 16)))
    let counts = placed.nodes.map { node in placed.bindings.count { $0.node == node } }
    #expect(counts == [8, 8])
  }

  @Test func dealingTakesFewPlacesAndSplitsEvenly() {
    #expect(Dealing.deal(5, room: [2, 9, 5, 6]) == [0, 0, 5, 0], "the smallest that holds all")
    #expect(Dealing.deal(10, room: [4, 4, 4, 3]) == [4, 3, 0, 3], "three places, none with a spare")
    #expect(Dealing.deal(6, room: [5, 1, 5]) == [5, 1, 0], "the last place is as small as will do")
    #expect(Dealing.deal(4, room: [1, 1, 1]) == nil)
  }

  /// NVIDIA/KAI-Scheduler#2153: sixteen pods of half a GPU submitted at once on eight GPUs; up to four land on one.
  @Test func kai2153SixteenHalvesAtOnce() async throws {
    let start = try scheduler(Clusters.racks(2, nodes: 1, gpus: 4))
    let frozen = start.scheduler
    // All decide on one snapshot, at the same time; then each commits, and whoever is overtaken decides again.
    let decisions = await withTaskGroup(of: WorkloadPlacement?.self) { group in
      for number in 0..<16 { group.addTask { frozen.choice(Clusters.share("half-\(number)", 500)) } }
      return await group.reduce(into: [WorkloadPlacement]()) { if let found = $1 { $0.append(found) } }
    }
    var overtaken = 0
    let scheduler = start
    #expect(decisions.count == 16)
    for decision in decisions {
      do throws(DSLError) {
        try scheduler.commit(decision)
      } catch {
        overtaken += 1
        #expect(error.code == .conflict && scheduler.place(decision.bindings[0].workload) != nil)
      }
    }
    #expect(overtaken == 14, "two halves fit where all wanted to go")
    for node in 0..<2 { for gpu in 0..<4 { #expect(scheduler.state.userCount(node: node, gpu: gpu) == 2) } }
    #expect(scheduler.state.faults.isEmpty)
  }

  /// kubernetes/kubernetes#139040 and #139211: two claims get overlapping partitions of a device.
  @Test func kubernetes139040PartitionsNeverOverlap() async throws {
    var cluster = Cluster()
    Clusters.node("a", gpus: 2, model: "A100-80GB", into: &cluster)
    cluster.nodes[0].migGPUs = 0b11
    let start = try scheduler(cluster)
    let frozen = start.scheduler
    let profiles = ["3g.40gb", "1g.10gb", "2g.20gb", "1g.20gb", "4g.40gb"]
    let decisions = await withTaskGroup(of: WorkloadPlacement?.self) { group in
      for number in 0..<20 {
        group.addTask { frozen.choice(Clusters.mig("claim-\(number)", profiles[number % 5])) }
      }
      return await group.reduce(into: [WorkloadPlacement]()) { if let found = $1 { $0.append(found) } }
    }
    let scheduler = start
    for decision in decisions {
      if (try? scheduler.commit(decision)) == nil { _ = scheduler.place(decision.bindings[0].workload) }
      #expect(scheduler.state.faults.isEmpty)
    }
    #expect(scheduler.state.bindings.count >= 4)
  }

  /// volcano-sh/volcano#5097: members of a gang on one physical GPU lose 70 % of their all-reduce.
  @Test func volcano5097GangMembersHaveGPUsOfTheirOwn() throws {
    var cluster = Cluster()
    Clusters.node("a", gpus: 2, into: &cluster)
    Clusters.node("b", gpus: 4, into: &cluster)
    cluster.nodes[1].migGPUs = 0b1100
    let scheduler = try scheduler(cluster)
    let placed = try #require(scheduler.place(Clusters.share("gang", 200, members: 4)))
    let places = placed.bindings.map { "\($0.node) \($0.gpus)" }
    #expect(Set(places).count == 4)
    #expect(
      scheduler.choice(Clusters.share("larger", 200, members: 5)) == nil, "four GPUs share, two are cut")
    let cut = try #require(scheduler.place(Clusters.mig("cut", "1g.5gb", members: 2)))
    #expect(Set(cut.bindings.map(\.gpus)) == [0b0100, 0b1000])
  }

  /// NVIDIA/k8s-dra-driver-gpu#933: three 1g.10gb at starts 0, 1 and 5 keep a larger profile out though there is room.
  @Test func draDriver933SmallInstancesLeaveRoom() throws {
    var cluster = Cluster()
    Clusters.node("a", gpus: 1, model: "A100-80GB", into: &cluster)
    cluster.nodes[0].migGPUs = 1
    let scheduler = try scheduler(cluster)
    for name in ["x", "y", "z"] { #expect(scheduler.place(Clusters.mig(name, "1g.10gb")) != nil) }
    #expect(
      scheduler.place(Clusters.mig("large", "4g.40gb")) != nil,
      "\(scheduler.state.layout(node: 0, gpu: 0)?.instances ?? [])")
  }

  /// volcano-sh/volcano-vgpu-device-plugin#116: gangs hang with one or two members running.
  @Test func volcanoVGPU116StaleGangsGo() throws {
    let scheduler = try scheduler(Clusters.racks(1, nodes: 2, gpus: 4))
    #expect(scheduler.place(Clusters.whole("gang", 2, members: 4)) != nil)
    #expect(scheduler.place(Clusters.whole("other", 1)) == nil)
    let watch = StaleWatch(scheduler)
    #expect(watch.release(at: 0).isEmpty)
    scheduler.state.unbind("gang-2")
    #expect(watch.release(at: 100).isEmpty)
    #expect(watch.release(at: 399).isEmpty)
    #expect(watch.release(at: 400).map { "\($0.workload) \($0.present) of \($0.members)" } == ["gang 3 of 4"])
    #expect(scheduler.state.bindings.isEmpty && watch.release(at: 1000).isEmpty)
    // One that is whole again in time stays, and its clock begins anew.
    let placed = try #require(scheduler.place(Clusters.whole("gang", 2, members: 4)))
    scheduler.state.unbind("gang-0")
    #expect(watch.release(at: 2000).isEmpty)
    try scheduler.state.bind(placed.bindings[0])
    #expect(watch.release(at: 2299).isEmpty)
    scheduler.state.unbind("gang-0")
    #expect(watch.release(at: 2301).isEmpty && scheduler.state.bindings.count == 3)
  }
}

/// Stale gangs of a scheduler over time.
private final class StaleWatch {
  private var watch = StaleGangs()
  private let scheduler: SchedulerBox

  init(_ scheduler: SchedulerBox) { self.scheduler = scheduler }

  func release(at now: Double) -> [StaleGang] { scheduler.releaseStale(&watch, now: now) }
}
