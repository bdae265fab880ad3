import ArgumentParser
import DSLBase
import GPUScheduling

/// `dsl gpu bench`: how fast placement decisions are made.
struct GPUBenchCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure placement decisions: how many a second, and how long the slowest take.",
    discussion: """
      A decision is the whole of it: choosing among all nodes, and taking what the pod needs. The first pass over the
      trace starts with nothing remembered; the second starts with what the policy has learned of node states.
      """)
  static let reportName = "gpu-bench"

  @OptionGroup var source: TraceOptions

  @Option(
    help: "random, dotprod, gpu-clustering, gpu-packing, best-fit, fgd, pwr, pwr-fgd, default or power.")
  var policy = "default"

  @Option(
    help: ArgumentHelp(
      "Copies of the fleet side by side, with as many copies of the demand.", valueName: "count"))
  var copies = 1

  @Option(help: "Of the arrival order.")
  var seed = 1

  @OptionGroup var global: GlobalOptions

  /// What one pass took.
  private struct Pass {
    var decisions: Int
    var seconds: Double
    /// Of single decisions, microseconds, ascending.
    var latencies: [Double]

    func percentile(_ share: Double) -> Double {
      latencies.isEmpty ? 0 : latencies[min(latencies.count - 1, Int(Double(latencies.count) * share))]
    }

    var json: JSONValue {
      [
        "decisions": .int(decisions), "seconds": .double(seconds),
        "decisions_per_second": .double((Double(decisions) / seconds).rounded()),
        "p50_us": .double(percentile(0.5)), "p99_us": .double(percentile(0.99)),
        "max_us": .double(latencies.last ?? 0),
      ]
    }
  }

  func validate() throws {
    guard (1...1000).contains(copies) else { throw ValidationError("--copies \(copies): expected 1 to 1000") }
  }

  func report(_ context: Context) async throws -> Report? {
    let name = try PolicyName(named: policy)
    let trace = try source.trace(context)
    guard let order = try source.orders(trace, seeds: [seed], context).first else { return nil }
    let fleet = (0..<copies).flatMap { _ in order.nodes.map { trace.nodes[$0] } }
    let pods = order.pods.flatMap { pod in Array(repeating: trace.pods[pod].shape, count: copies) }
    let facts = PolicyName.Facts(
      past: trace.pods.map(\.shape), fleet: fleet, models: trace.models, seed: UInt64(seed))
    let passes = name.with(facts) { Self.passes($0, fleet, pods, context.time) }
    let data: JSONValue = [
      "policy": .string(name.rawValue), "nodes": .int(fleet.count), "cold": passes[0].json,
      "warm": passes[1].json,
    ]
    return Report(Self.reportName, data) { paint in
      var table = TextTable(header: ["pass", "decisions", "a second", "p50", "p99", "slowest"])
      table.rightAligned = [1, 2, 3, 4, 5]
      for (label, pass) in zip(["cold", "warm"], passes) {
        table.rows.append([
          label, "\(pass.decisions)", "\(Int(Double(pass.decisions) / pass.seconds))",
          "\(pass.percentile(0.5)) µs", "\(pass.percentile(0.99)) µs", "\(pass.latencies.last ?? 0) µs",
        ])
      }
      return "\(name.rawValue) on \(fleet.count) nodes\n" + table.text(paint)
    }
  }

  private static func passes(
    _ policy: some PlacementPolicy, _ fleet: [NodeCapacity], _ pods: [PodShape], _ time: any TimeSource
  ) -> [Pass] {
    var policy = policy
    return (0..<2).map { _ in
      var placer = Placer(FleetState(fleet), policy)
      var latencies: [Double] = []
      latencies.reserveCapacity(pods.count)
      let began = time.monotonicSeconds
      var before = began
      for pod in pods {
        _ = placer.place(pod)
        let now = time.monotonicSeconds
        latencies.append(((now - before) * 10_000_000).rounded() / 10)
        before = now
      }
      policy = placer.policy
      return Pass(decisions: pods.count, seconds: before - began, latencies: latencies.sorted())
    }
  }
}
