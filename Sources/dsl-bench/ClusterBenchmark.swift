import Coordination
import DSLBase
import GPUScheduling
import Glibc

/// Decisions of the scheduler of whole clusters (`ClusterScheduler`), binding included: the pods of a trace on so many copies of
/// its nodes, in racks of 30. The first pass begins with nothing remembered; before the second everything is released. The last
/// begins with as many pods running as there is room for: for each new pod the oldest ends, which counts as part of its decision.
enum ClusterBenchmark {
  private static let decisions = 8_000

  static func run(nodes: String, pods: String, copies: Int) throws {
    func table(_ path: String) throws -> CSVTable {
      let bytes = try PosixFileSystem().read(path, limit: 1 << 28)
      return try CSVTable(String(decoding: bytes, as: UTF8.self), name: path)
    }
    let trace = try OpenbTrace(nodes: try table(nodes), pods: try table(pods))
    let base = Cluster(try OpenbNodes(try table(nodes)))
    var cluster = Cluster(models: base.models)
    for copy in 0..<copies {
      for var node in base.nodes {
        node.name += "-\(copy)"
        node.rack = "r\(cluster.nodes.count / 30)"
        cluster.nodes.append(node)
      }
    }
    var scheduler = ClusterScheduler(try ClusterState(cluster))
    let order = ArrivalOrder(of: trace, load: 1, seed: 1)
    let workloads = order.pods.prefix(decisions).enumerated().map { number, row in
      workload("w\(number)", trace.pods[row].shape, trace.models)
    }
    puts("| nodes | pass | running before | decisions | a second | p50 | p99 | slowest | memory |")
    puts("|---|---|---|---|---|---|---|---|---|")
    for pass in ["cold", "warm"] {
      let row = measure(&scheduler, workloads, ending: [])
      puts("| \(cluster.nodes.count) | \(pass) | 0 | \(row) | \(memory) |")
      for workload in workloads { scheduler.state.release(workload.name) }
    }
    // Demand for 130 % of the GPUs: what does not fit any more is left out.
    let many = ArrivalOrder(of: trace, load: 1.3, seed: 2).pods
    var running: [String] = []
    for copy in 0..<copies {
      for (number, row) in many.enumerated() {
        let workload = workload("r\(copy)-\(number)", trace.pods[row].shape, trace.models)
        if scheduler.place(workload) != nil { running.append(workload.name) }
      }
    }
    let before = running.count
    let row = measure(&scheduler, workloads, ending: running)
    puts("| \(cluster.nodes.count) | full | \(before) | \(row) | \(memory) |")
  }

  private static func workload(_ name: String, _ shape: PodShape, _ models: [String]) -> Workload {
    let gpu: GPUDemand =
      shape.gpuCount == 0
      ? .none : shape.isShare ? .share(Int(shape.gpuMilli)) : .whole(Int(shape.gpuCount))
    var demand = PodDemand(cpuMilli: Int(shape.cpuMilli), memoryMiB: Int(shape.memoryMiB), gpu: gpu)
    if shape.models != .any {
      demand.types = models.indices.filter { shape.models.contains(UInt8($0)) }.map { models[$0] }
    }
    return Workload(name, demand)
  }

  private static func measure(
    _ scheduler: inout ClusterScheduler, _ workloads: [Workload], ending: [String]
  ) -> String {
    let clock = ContinuousClock()
    var latencies: [Double] = []
    let begin = clock.now
    for (number, workload) in workloads.enumerated() {
      let start = clock.now
      if number < ending.count { scheduler.state.release(ending[number]) }
      _ = scheduler.place(workload)
      latencies.append(Double((clock.now - start).components.attoseconds) / 1e12)
    }
    let duration = (clock.now - begin).components
    let seconds = Double(duration.seconds) + Double(duration.attoseconds) / 1e18
    latencies.sort()
    func percentile(_ share: Double) -> String {
      "\(Int(latencies[Int(Double(latencies.count - 1) * share)])) µs"
    }
    let rate = Int(Double(workloads.count) / seconds)
    return "\(workloads.count) | \(rate) | \(percentile(0.5)) | \(percentile(0.99)) | \(percentile(1))"
  }

  /// The most that the process ever had.
  private static var memory: String {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return "\(usage.ru_maxrss / 1024) MB"
  }
}
