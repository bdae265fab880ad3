import AnomalyDetection
import DSLBase
import Glibc

/// `dsl-bench noise`: false alarms of the detectors of issues on noise, and how many windows a step of k takes to be told.
///
/// The noise is the logarithm of a service's latency, a window a minute. One false alarm in 10,000 windows is promised.
enum NoiseBenchmark {
  private static let steps = [2.0, 3, 5, 8, 20]
  private static let windows = 100_000

  static func run() throws {
    for family in NoiseSource.Family.allCases {
      var onsets: Set<Timestamp> = []
      try play(family, seed: 1, count: windows, step: 0, from: windows) { _, issues in
        onsets.formUnion(issues.map(\.onset))
        return true
      }
      let delays = try steps.map { step in
        let delays = try (UInt64(101)...120).map { try delay(family, step: step, seed: $0) }.sorted()
        return "\(step): \(text(delays[9]))/\(text(delays[17]))"
      }
      puts(
        "\(family.rawValue): windows=\(windows) alarms=\(onsets.count) promised=\(windows / 10_000) "
          + "delay_median/ninth_tenth \(delays.joined(separator: " "))")
    }
  }

  /// Windows until a step after 1,000 windows is told; `Int.max` when it is not within 100.
  private static func delay(_ family: NoiseSource.Family, step: Double, seed: UInt64) throws -> Int {
    var delay = Int.max
    try play(family, seed: seed, count: 1_100, step: step, from: 1_000) { index, issues in
      if index >= 1_000, !issues.isEmpty { delay = index - 999 }
      return delay == Int.max
    }
    return delay
  }

  private static func text(_ delay: Int) -> String { delay == Int.max ? "-" : "\(delay)" }

  private static func play(
    _ family: NoiseSource.Family, seed: UInt64, count: Int, step: Double, from: Int,
    goesOn: (Int, [DetectedIssue]) -> Bool
  ) throws {
    var noise = NoiseSource(seed: seed)
    var detector = IssueDetector()
    for index in 0..<count {
      let p95 = exp(noise.next(family) + (index >= from ? step : 0))
      let window = try ServiceWindow(
        service: "api", start: Timestamp(seconds: 1.7e9 + 60 * Double(index)), length: 60,
        latency: .init(p50: p95 / 2, p95: p95, p99: p95))
      guard goesOn(index, detector.observe(window)) else { return }
    }
  }
}
