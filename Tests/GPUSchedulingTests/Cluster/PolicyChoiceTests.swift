import DSLBase
import GPUScheduling
import Testing

/// Policies of traces on clusters.
@Suite struct PolicyChoiceTests {
  private func box(_ policy: PolicyName, _ change: (inout Cluster) -> Void = { _ in }) throws -> SchedulerBox
  {
    var cluster = Cluster()
    for name in ["a", "b", "c"] { Clusters.node(name, gpus: 4, into: &cluster) }
    change(&cluster)
    var profile = SchedulingProfile()
    profile.policy = policy
    return SchedulerBox(ClusterScheduler(try ClusterState(cluster), profile))
  }

  /// On a cluster without topology the same pods go to the same places as on a trace.
  @Test(arguments: [PolicyName.dotprod, .gpuClustering, .gpuPacking, .bestFit])
  func clustersAreFilledAsTracesAre(policy: PolicyName) throws {
    let box = try box(policy)
    let fleet = box.state.cluster.nodes.map { node in
      NodeCapacity(cpuMilli: Int32(node.cpuMilli), memoryMiB: Int32(node.memoryMiB), gpuCount: 4, model: 0)
    }
    let facts = PolicyName.Facts(past: [], fleet: fleet, models: ["A100-40GB"], seed: 1)
    let sizes = [300, 2000, 500, 1000, 400, 3000, 700, 1000, 250]
    let expected = policy.with(facts) { Self.nodes(of: sizes, fleet, $0) }
    let found = sizes.enumerated().map { number, size in
      let workload =
        size < 1000
        ? Clusters.share("w\(number)", size) : Clusters.whole("w\(number)", size / 1000, cpu: 500)
      var same = workload
      (same.demand.cpuMilli, same.demand.memoryMiB) = (500, 512)
      return box.place(same)?.bindings[0].node
    }
    #expect(found == expected && box.state.faults.isEmpty)
  }

  private static func nodes(
    of sizes: [Int], _ fleet: [NodeCapacity], _ policy: some PlacementPolicy
  ) -> [Int?] {
    var placer = Placer(FleetState(fleet), policy)
    return sizes.map { size in
      placer.place(
        PodShape(
          cpuMilli: 500, memoryMiB: 512, gpuMilli: Int16(min(size, 1000)),
          gpuCount: UInt8(max(1, size / 1000)))
      ).map { Int($0.node) }
    }
  }

  @Test(arguments: PolicyName.allCases) func filtersHoldWhateverThePolicy(policy: PolicyName) throws {
    let box = try box(policy) { cluster in
      cluster.nodes[0].cordoned = true
      cluster.nodes[1].migGPUs = 0b1110
      Clusters.node("t4", gpus: 2, model: "T4", into: &cluster)
    }
    var wanted = Clusters.whole("w", 2)
    wanted.demand.types = ["A100"]
    #expect(box.place(wanted)?.bindings.map(\.node) == [2])
    var (blue, red) = (Clusters.share("blue", 100), Clusters.share("red", 100))
    (blue.tenant, red.tenant) = ("blue", "red")
    let places = try [blue, red].map { try #require(box.place($0)?.bindings.first) }
    #expect(places[0].node != places[1].node || places[0].gpus != places[1].gpus, "tenants share no GPU")
    #expect(box.state.faults.isEmpty)
    let explained = box.scheduler.explanation(of: Clusters.whole("new", 1), now: 0)
    #expect(explained.findings[0].policyScore == nil && explained.findings[2].policyScore != nil)
    // What the policies do not know goes by the weights.
    let gang = try #require(box.place(Clusters.whole("gang", 1, members: 2)))
    #expect(gang.bindings.count == 2 && box.place(Clusters.mig("cut", "1g.5gb"))?.nodes == [1])
  }
}
