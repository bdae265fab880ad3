import DSLBase
import GPUScheduling
import Testing

/// The published experiments, run again: same arrivals, same ties, same allocation to two decimals.
@Suite(.enabled(if: TraceFiles.published != nil, "the published traces are not at hand"))
struct PublishedResultsTests {
  static let names: [(policy: PolicyName, published: String)] = [
    (.dotprod, "02-DotProd"), (.gpuClustering, "03-GpuClustering"), (.gpuPacking, "04-GpuPacking"),
    (.bestFit, "05-BestFit"), (.fgd, "06-FGD"),
  ]

  @Test(arguments: ["gpushare100"], [47]) func sameAllocationAsPublished(workload: String, seed: Int) throws {
    let folder = try #require(TraceFiles.published)
    let trace = try TraceFiles.trace(
      nodes: folder + "/openb_node_list_gpu_node.csv", pods: folder + "/openb_pod_list_\(workload).csv")
    let order = try ArrivalOrder(
      pods: try TraceFiles.text(folder + "/orders/order_\(workload).txt"),
      nodes: try TraceFiles.text(folder + "/orders/nodeorder_\(workload).txt"), seed: seed, of: trace)
    let rows = try TraceFiles.text(folder + "/published/allo.csv").split(whereSeparator: \.isNewline)
    let simulation = LoadSimulation(trace)
    for (policy, name) in Self.names {
      let row = try #require(rows.first { $0.hasPrefix("openb_pod_list_\(workload),\(name),1.3,\(seed),") })
      let cells = row.split(separator: ",", omittingEmptySubsequences: false)
      let curve = simulation.run(policy, order, seed: 1)
      for load in [50, 100, 130] {
        let published = try #require(Double(cells[5 + load]))
        #expect(curve.point(at: load)?.allocation == published, "\(policy) at \(load) %")
      }
    }
  }
}
