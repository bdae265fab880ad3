import Coordination
import DSLBase
import GPUScheduling
import Glibc

/// Preemption on a trace with arrivals and departures: kube-scheduler's order beside ours, the same pods, fleet and placement,
/// seed by seed. The fleets are drawn from the trace's nodes and so small that pods of high priority meet others.
enum PreemptionBenchmark {
  private typealias Outcome = PreemptionReplay.Outcome

  /// Copies of each pod of the trace.
  private static let copies = 20
  /// Mean demand by GPUs of the fleet.
  private static let loads = [0.8, 0.9]
  /// How long a victim waits at least before it begins anew; seconds, twice as long with every further time. Chosen on seeds 101
  /// to 108, so others are measured.
  private static let backOff = 3600.0
  private static let firstSeed: UInt64 = 201

  static func run(nodes: String, pods: String, seeds: UInt64) throws {
    func table(_ path: String) throws -> CSVTable {
      let bytes = try PosixFileSystem().read(path, limit: 1 << 28)
      return try CSVTable(String(decoding: bytes, as: UTF8.self), name: path)
    }
    let trace = try OpenbTrace(nodes: try table(nodes), pods: try table(pods))
    puts(
      "| load | seed | GPUs | order | victims | GPU-hours lost | GPU-hours done, high | low | GPU-hours waited, high |"
    )
    puts("|---|---|---|---|---|---|---|---|---|")
    for load in loads {
      var sums = rules.map { _ in Outcome() }
      for seed in firstSeed..<firstSeed + seeds {
        let replay = PreemptionReplay(trace, .drawn(copies: copies), load: load, seed: seed)
        let gpus = replay.fleet.reduce(0) { $0 + Int($1.gpuCount) }
        for (index, (name, rule, wait)) in rules.enumerated() {
          let outcome = replay.run(BestFitPolicy(), rule, backOff: wait)
          sums[index].add(outcome)
          puts("| \(load) | \(seed) | \(gpus) | \(name) | " + outcome.row)
        }
      }
      for (rule, sum) in zip(rules, sums) { puts("| \(load) | all | | \(rule.name) | " + sum.row) }
    }
  }

  private static let rules: [(name: String, rule: VictimRule, backOff: Double)] = [
    ("kube-scheduler", .kube, 0), ("kube, back-off", .kube, backOff), ("fewest", .fewest, 0),
    ("fewest, back-off", .fewest, backOff), ("roomy", .roomy, 0), ("roomy, back-off", .roomy, backOff),
  ]
}

extension PreemptionReplay.Outcome {
  fileprivate mutating func add(_ other: Self) {
    victims += other.victims
    lostGPUHours += other.lostGPUHours
    highGPUHours += other.highGPUHours
    lowGPUHours += other.lowGPUHours
    highWaitGPUHours += other.highWaitGPUHours
  }

  fileprivate var row: String {
    "\(victims) | \(Int(lostGPUHours)) | \(Int(highGPUHours)) | \(Int(lowGPUHours)) | \(Int(highWaitGPUHours)) |"
  }
}
