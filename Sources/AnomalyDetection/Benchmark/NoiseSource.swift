import DSLBase
import Glibc

/// Stationary noise of many kinds, seeded, to hold detectors to their promises on.
package struct NoiseSource: Sendable {
  package enum Family: String, Sendable, CaseIterable {
    case normal, uniform, laplace, lognormal
    /// Student's t with three degrees of freedom: outliers.
    case student
    /// Each number keeps 0.7 of the one before.
    case echo
    /// Rounded to halves of a standard deviation: ties.
    case coarse
    /// 1 in one window of fifty, else 0.
    case rare
  }

  private var random: SplitMix64
  private var previous = 0.0

  package init(seed: UInt64) { random = SplitMix64(seed: seed) }

  /// Above 0 and below 1.
  package mutating func uniform() -> Double { (Double(random.next() >> 11) + 0.5) / 9_007_199_254_740_992 }

  /// Standard normal: Box and Muller.
  package mutating func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }

  /// The next number of a family.
  package mutating func next(_ family: Family) -> Double {
    switch family {
    case .normal: return normal()
    case .uniform: return uniform()
    case .laplace:
      let side = uniform() - 0.5
      return (side < 0 ? 1 : -1) * log(1 - 2 * side.magnitude)
    case .lognormal: return exp(normal())
    case .student:
      let squares = (0..<3).reduce(0.0) { sum, _ in sum + pow(normal(), 2) }
      return normal() / (squares / 3).squareRoot()
    case .echo:
      previous = 0.7 * previous + normal()
      return previous
    case .coarse: return (2 * normal()).rounded() / 2
    case .rare: return uniform() < 0.02 ? 1 : 0
    }
  }
}
