import DSLBase
import GPUScheduling
import Testing

/// Filters one by one, and each term of the score where nothing else differs.
@Suite struct FilterAndScoreTests {
  /// Two nodes alike but for what a test changes.
  private func scheduler(
    _ weights: [ScoreTerm: Double] = SchedulingProfile.documented, isolation: TenantIsolation = .mig,
    _ change: (inout Cluster) -> Void = { _ in }
  ) throws -> SchedulerBox {
    var cluster = Cluster()
    for name in ["a", "b"] { Clusters.node(name, gpus: 4, model: "A100-40GB", into: &cluster) }
    change(&cluster)
    return SchedulerBox(
      ClusterScheduler(try ClusterState(cluster, isolation: isolation), SchedulingProfile(weights: weights)))
  }

  private func filter(_ change: (inout Cluster, inout Workload) -> Void) throws -> Obstacle? {
    var workload = Clusters.whole("w", 2)
    let box = try scheduler { change(&$0, &workload) }
    return box.state.obstacle(workload, node: 0)
  }

  @Test func eachFilterSaysWhatItFound() throws {
    #expect(try filter { _, _ in } == nil)
    #expect(try filter { cluster, _ in cluster.nodes[0].cordoned = true }?.filter == .cordoned)
    let selector = try filter { $1.demand.selector = ["zone": "b"] }
    #expect(selector == Obstacle(.selector, "label zone is not there, \"b\" is asked for"))
    let tenant = try filter { cluster, _ in cluster.nodes[0].tenant = "red" }
    #expect(tenant == Obstacle(.tenant, "the node is for tenant red alone"))
    let type = try filter { $1.demand.types = ["H100", "h200"] }
    #expect(type == Obstacle(.gpuType, "has A100-40GB, H100 or h200 is asked for"))
    #expect(try filter { $1.demand.types = ["T4", "nvidia-a100"] } == nil)
    let memory = try filter { $1.demand.gpuMemoryMiB = 80 << 10 }
    #expect(memory == Obstacle(.gpuMemory, "gives 40960 MiB of GPU memory, 81920 are asked for"))
    #expect(try filter { $1.demand.cpuMilli = 64_001 }?.filter == .cpu)
    #expect(try filter { $1.demand.memoryMiB = 1 << 20 }?.filter == .memory)
    let gpus = try filter { $1.demand.gpu = .whole(5) }
    #expect(gpus == Obstacle(.gpus, "needs 5 GPUs, 4 of 4 GPUs are free"))
    let cost = try filter { cluster, workload in
      (cluster.models[0].costPerHour, workload.maxCostPerHour) = (1.25, 2)
    }
    #expect(cost == Obstacle(.cost, "would cost 2.50 an hour, the limit is 2"))
    #expect(
      try filter { $1.demand.gpu = .mig("5g.1gb") }
        == Obstacle(.gpuType, "A100-40GB has no MIG profile 5g.1gb"))
    let avoided = try filter { cluster, workload in
      cluster.running = [Binding(Clusters.share("other", 1), member: 0, node: 0, gpus: 1)]
      workload.avoids = ["other"]
    }
    #expect(avoided == Obstacle(.avoids, "other runs there, which it avoids"))
    let avoiding = try filter { cluster, workload in
      var other = Clusters.share("other", 1)
      (other.avoids, workload.pool) = (["pool"], "pool")
      cluster.running = [Binding(other, member: 0, node: 0, gpus: 1)]
    }
    #expect(avoiding == Obstacle(.avoids, "other runs there, which avoids it"))
  }

  @Test func whoIsThereMayAvoidWhoComes() throws {
    let box = try scheduler()
    var (first, second) = (Clusters.whole("first", 1), Clusters.whole("second", 1))
    (first.avoids, second.pool) = (["pool"], "pool")
    #expect(box.place(first)?.bindings.map(\.node) == [0] && box.place(second)?.bindings.map(\.node) == [1])
    box.state.release("first")
    #expect(box.state.avoiding == 0 && box.place(Clusters.whole("third", 1)) != nil)
  }

  @Test(arguments: [
    (SpotRule(), "spot capacity is not allowed"),
    (SpotRule(allowed: true, neededHeadroomMs: 200), "spot needs 200 ms of SLO headroom, none is measured"),
    (
      SpotRule(allowed: true, neededHeadroomMs: 200, headroomMs: 150),
      "spot needs 200 ms of SLO headroom, there are 150"
    ),
    (SpotRule(allowed: true, neededHeadroomMs: 200, headroomMs: 200), nil), (SpotRule(allowed: true), nil),
  ]) func spotIsGuarded(rule: SpotRule, objection: String?) throws {
    let found = try filter { cluster, workload in
      cluster.nodes[0].spot = true
      workload.spot = rule
    }
    #expect(found == objection.map { Obstacle(.spot, $0) })
  }

  @Test(arguments: TenantIsolation.allCases) func tenantsAreKeptApart(isolation: TenantIsolation) throws {
    let box = try scheduler(isolation: isolation) { $0.nodes[0].migGPUs = 0b1000 }
    func share(_ tenant: String?, _ gpu: UInt32) -> Binding {
      var workload = Clusters.share("s-\(tenant ?? "")-\(gpu)", 100)
      workload.tenant = tenant
      return Binding(workload, member: 0, node: 0, gpus: gpu)
    }
    func instance(_ tenant: String, _ start: Int) -> Binding {
      var workload = Clusters.mig("m-\(tenant)-\(start)", "1g.5gb")
      workload.tenant = tenant
      return Binding(
        workload, member: 0, node: 0, gpus: 0b1000, instance: MIGInstance(profile: 0, start: start))
    }
    try box.state.bind(share("red", 1))
    try box.state.bind(instance("red", 0))
    #expect((box.state.objection(to: share("blue", 1)) == nil) == (isolation == .none))
    #expect(
      (box.state.objection(to: share(nil, 1)) == nil) == (isolation == .none), "no tenant is another one")
    #expect(
      (box.state.objection(to: instance("blue", 1)) == nil) == (isolation == .none || isolation == .mig))
    #expect((box.state.objection(to: share("blue", 2)) == nil) == (isolation != .node))
    // Once the first has gone, its GPU is anybody's.
    box.state.release("s-red-1")
    #expect((box.state.objection(to: share("blue", 1)) == nil) == (isolation != .node))
  }

  /// Each term alone makes node b better than the first.
  @Test(arguments: ScoreTerm.allCases) func eachTermDecides(term: ScoreTerm) throws {
    var workload = Clusters.whole("w", 2)
    (workload.model, workload.shards) = ("llama", ["s1", "s2"])
    let box = try scheduler([term: 1]) { cluster in
      switch term {
      case .availability: cluster.running = [Binding(Clusters.whole("x", 1), member: 0, node: 1, gpus: 1)]
      case .spread: cluster.running = [Binding(Clusters.whole("x", 1), member: 0, node: 0, gpus: 1)]
      case .topology: cluster.nodes[1].topology = GPUTopology(numa: [0, 0, 0, 0]) { _, _ in .nvlink(12) }
      case .cache: cluster.nodes[1].cachedModels = ["llama"]
      case .cost: (cluster.nodes[0].costPerHour, cluster.nodes[1].costPerHour) = (12, 8)
      case .locality: cluster.nodes[1].shards = ["s2"]
      case .power: cluster.nodes[1].model = cluster.number(of: .known("T4"))
      case .carbon: (cluster.nodes[0].carbon, cluster.nodes[1].carbon) = (400, 30)
      }
    }
    #expect(box.choice(workload)?.bindings.map(\.node) == [1])
  }

  @Test func sharesOfTheDocumentedProfile() {
    let shares = SchedulingProfile().shares.map { "\($0.term.rawValue) \(Int(($0.share * 100).rounded()))" }
    #expect(shares == ["availability 30", "topology 25", "cache 20", "cost 15", "locality 10"])
  }

  /// The second half goes beside the first: a GPU that is awake costs no more watts.
  @Test func powerWakesNoGPUThatNeedNotBe() throws {
    let box = try scheduler([.power: 1]) {
      $0.running = [Binding(Clusters.share("x", 300), member: 0, node: 1, gpus: 0b100)]
    }
    let before = box.state.watts
    let placed = try #require(box.place(Clusters.share("y", 700)))
    #expect(
      placed.bindings.map(\.node) == [1] && placed.bindings[0].gpus == 0b100 && box.state.watts == before)
    #expect(before == 7 * 35 + 250)
  }
}
