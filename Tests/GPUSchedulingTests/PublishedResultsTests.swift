import DSLBase
import GPUScheduling
import Testing

/// The published experiments, run again: same arrivals, same ties, same allocation to two decimals.
@Suite(.enabled(if: TraceFiles.published != nil, "the published traces are not at hand"))
struct PublishedResultsTests {
  @Test(arguments: ["gpushare100"], [47]) func sameAllocationAsPublished(workload: String, seed: Int) throws {
    let folder = try #require(TraceFiles.published)
    let trace = try TraceFiles.trace(
      nodes: folder + "/openb_node_list_gpu_node.csv", pods: folder + "/openb_pod_list_\(workload).csv")
    let order = try ArrivalOrder(
      pods: try TraceFiles.text(folder + "/orders/order_\(workload).txt"),
      nodes: try TraceFiles.text(folder + "/orders/nodeorder_\(workload).txt"), seed: seed, of: trace)
    let curves = try PublishedCurves(
      try TraceFiles.text(folder + "/published/allo.csv"), name: "published/allo.csv")
    let fragments = try PublishedCurves(
      try TraceFiles.text(folder + "/published/frag.csv"), name: "published/frag.csv")
    let simulation = LoadSimulation(trace)
    for policy in [PolicyName.dotprod, .gpuClustering, .gpuPacking, .bestFit, .fgd] {
      let workload = "openb_pod_list_\(workload)"
      let allocation = try #require(try curves.allocation(workload: workload, policy: policy, seed: seed))
      let fragmentation = try #require(
        try fragments.allocation(workload: workload, policy: policy, seed: seed))
      let curve = simulation.run(policy, order, seed: 1)
      for load in [50, 100, 130] {
        let point = try #require(curve.point(at: load))
        #expect(point.allocation == allocation[load], "\(policy) at \(load) %")
        #expect(abs(point.fragmentation - (fragmentation[load] ?? .nan)) < 0.1, "\(policy) at \(load) %")
      }
    }
  }
}
