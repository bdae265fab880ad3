import AnomalyDetection
import DSLBase
import Glibc

/// Windows of made-up services, one a minute unless said otherwise.
struct WindowFactory {
  var noise: NoiseSource
  var length = 60.0

  init(seed: UInt64) { noise = NoiseSource(seed: seed) }

  mutating func uniform() -> Double { noise.uniform() }
  mutating func normal() -> Double { noise.normal() }

  /// How often something of probability `p` happens in `count` trials.
  mutating func binomial(_ count: Int, _ p: Double) -> Int {
    (0..<count).reduce(0) { sum, _ in uniform() < p ? sum + 1 : sum }
  }

  func time(_ index: Int) -> Timestamp { Timestamp(seconds: 1_700_000_000 + Double(index) * length) }

  /// A window in which the slowest 5 % took `exp(logarithm)` seconds.
  func latency(_ logarithm: Double, at index: Int, service: String = "api") throws -> ServiceWindow {
    let p95 = exp(logarithm)
    return try ServiceWindow(
      service: service, start: time(index), length: length,
      latency: .init(p50: p95 / 4, p95: p95, p99: p95 * 2))
  }

  func traffic(
    _ spans: Int, _ errors: Int, at index: Int, service: String = "api", callers: [String] = []
  ) throws -> ServiceWindow {
    try ServiceWindow(
      service: service, start: time(index), length: length, traffic: .init(spans: spans, errors: errors),
      callers: callers)
  }
}
