import AnomalyDetection
import DSLBase
import Glibc

/// Windows of made-up services, one a minute unless said otherwise.
struct WindowFactory {
  var random: SplitMix64
  var length = 60.0

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func uniform() -> Double { (Double(random.next() >> 11) + 0.5) / 9_007_199_254_740_992 }

  /// Standard normal: Box and Muller.
  mutating func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }

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

/// Stationary noise of many kinds.
enum NoiseFamily: String, CaseIterable {
  case normal, uniform, laplace, lognormal, student, echo, coarse, rare

  /// - Parameter previous: the number before, for noise that echoes.
  func next(_ factory: inout WindowFactory, previous: Double) -> Double {
    switch self {
    case .normal: return factory.normal()
    case .uniform: return factory.uniform()
    case .laplace:
      let side = factory.uniform() - 0.5
      return (side < 0 ? 1 : -1) * log(1 - 2 * side.magnitude)
    case .lognormal: return exp(factory.normal())
    case .student:
      let squares = (0..<3).reduce(0.0) { sum, _ in sum + pow(factory.normal(), 2) }
      return factory.normal() / (squares / 3).squareRoot()
    case .echo: return 0.7 * previous + factory.normal()
    case .coarse: return (2 * factory.normal()).rounded()
    case .rare: return factory.uniform() < 0.02 ? 1 : 0
    }
  }
}
