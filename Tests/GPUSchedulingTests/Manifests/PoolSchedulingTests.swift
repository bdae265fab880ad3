import DSLBase
import GPUScheduling
import Testing

/// Pools placed on a cluster.
@Suite struct PoolSchedulingTests {
  private func pools(_ specs: [(name: String, spec: String)]) throws -> [ManifestSet.Pool] {
    var text = ManifestTests.document("Model", "weightsURI: u\nsize: 1G").replacing(
      "name: x", with: "name: m")
    text +=
      "---\n"
      + ManifestTests.document("AgentClass", "modelRef: {name: m}").replacing("name: x", with: "name: c")
    for (name, spec) in specs {
      text +=
        "---\n"
        + ManifestTests.document("AgentPool", "agentClassRef: {name: c}\n" + spec).replacing(
          "name: x", with: "name: \(name)")
    }
    return try ManifestSet(try ManifestReader.manifests(text, file: "m")).pools
  }

  private func scheduler(_ cluster: Cluster) throws -> ClusterScheduler {
    ClusterScheduler(try ClusterState(cluster))
  }

  @Test func higherPrioritiesComeFirstAndTheMinimumIsPlaced() throws {
    var scheduler = try scheduler(Clusters.racks(1, nodes: 1, gpus: 4))
    let pools = try pools([
      ("low", "minReplicas: 3\nmaxReplicas: 9\ngpuRequirements: {count: 1}"),
      ("high", "minReplicas: 1\nmaxReplicas: 1\ngpuRequirements: {count: 2}\nscheduling: {priority: 5}"),
    ])
    let schedule = scheduler.schedule(pools, now: 0)
    #expect(schedule.replicas.map(\.workload.name) == ["high-0", "low-0", "low-1", "low-2"])
    #expect(schedule.refused == 1 && schedule.replicas[3].refusal == "nodes kept out: 1 by gpus")
    // What runs is left alone; more replicas are refused one by one.
    let again = scheduler.schedule(pools, replicas: ["low": 4, "high": 1], now: 0)
    #expect(again.replicas.map(\.workload.name) == ["low-2", "low-3"] && again.refused == 2)
    let evicting = scheduler.schedule(
      try self.pools([
        ("top", "minReplicas: 1\nmaxReplicas: 1\ngpuRequirements: {count: 1}\nscheduling: {priority: 9}")
      ]), now: 10, mayEvict: true)
    #expect(
      evicting.replicas[0].eviction?.victims.map(\.workload.pool) == ["low"] && scheduler.state.faults.isEmpty
    )
  }

  @Test func theBudgetIsOfTheWholePool() throws {
    var cluster = Clusters.racks(1, nodes: 1, gpus: 8)
    cluster.models[0].costPerHour = 4
    var scheduler = try scheduler(cluster)
    let pools = try pools([
      (
        "p",
        "minReplicas: 5\nmaxReplicas: 5\ngpuRequirements: {count: 1}\nscheduling: {costOptimization: {maxCostPerHour: 13}}"
      )
    ])
    let schedule = scheduler.schedule(pools, now: 0)
    #expect(schedule.refused == 2 && scheduler.hourlyCost(of: "p") == 12)
    #expect(schedule.replicas.last?.refusal == "nodes kept out: 1 by cost")
  }

  @Test func onlyReplicasAboveTheMinimumGoOnSpot() throws {
    var cluster = Clusters.racks(1, nodes: 2, gpus: 2)
    cluster.nodes[0].spot = true
    var scheduler = try scheduler(cluster)
    let pools = try pools([
      (
        "p",
        "minReplicas: 1\nmaxReplicas: 4\ngpuRequirements: {count: 1}\nscheduling: {costOptimization: {spotEnabled: true, sloHeadroomMs: 100}}"
      )
    ])
    #expect(scheduler.schedule(pools, replicas: ["p": 3], now: 0).refused == 1, "no headroom is measured")
    let measured = scheduler.schedule(pools, replicas: ["p": 4], headroomMs: ["p": 120], now: 0)
    #expect(
      measured.replicas.map { $0.placement?.nodes } == [[0], [0]]
        && scheduler.state.bindings["p-0"]?.node == 1)
  }

  @Test func poolsThatAvoidEachOtherShareNoNode() throws {
    var scheduler = try scheduler(Clusters.racks(1, nodes: 2, gpus: 4))
    let pools = try pools([
      ("a", "minReplicas: 2\nmaxReplicas: 2\ngpuRequirements: {count: 1}"),
      (
        "b",
        "minReplicas: 1\nmaxReplicas: 1\ngpuRequirements: {count: 1}\nscheduling: {dataLocality: {antiAffinity: [a]}}"
      ),
    ])
    let schedule = scheduler.schedule(pools, now: 0)
    #expect(schedule.replicas.map { $0.placement?.nodes ?? [] } == [[0], [0], [1]])
    // The other way round: whom those avoid that are there stays away from them.
    var other = try self.scheduler(Clusters.racks(1, nodes: 2, gpus: 4))
    let first = other.schedule([pools[1], pools[0]], now: 0)
    #expect(first.replicas.map { $0.placement?.nodes ?? [] } == [[0], [1], [1]])
  }

  @Test func aBindingIsAPatchForAGatedPod() throws {
    var cluster = Cluster()
    Clusters.node("n", gpus: 2, model: "A100-40GB", into: &cluster)
    cluster.nodes[0].migGPUs = 2
    cluster.nodes[0].labels["kubernetes.io/hostname"] = "host-7"
    let instance = MIGInstance(profile: 0, start: 6)
    let binding = Binding(Clusters.mig("w", "1g.5gb"), member: 0, node: 0, gpus: 2, instance: instance)
    #expect(
      cluster.patch(binding).text() == """
        {"metadata":{"annotations":{"dsl.io/gpus":"1","dsl.io/mig":"1g.5gb@6","dsl.io/workload":"w",\
        "dsl.io/members":"1","dsl.io/member":"0"}},\
        "spec":{"nodeSelector":{"kubernetes.io/hostname":"host-7"},"schedulingGates":null}}
        """)
  }
}
