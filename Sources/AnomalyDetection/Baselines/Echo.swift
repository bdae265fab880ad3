import Glibc

/// What of a number is left over from the one before: a lag-1 autocorrelation learned from signs alone, so that outliers
/// do not matter (sin(π/2·c) for a mean product of signs c; Greiner's relation for elliptical distributions).
struct Echo: Sendable, Equatable {
  /// Numbers over which the correlation is learned.
  private static let memory = 512.0

  /// The smoothed product of the signs of neighbours.
  var signs = 0.0
  /// Numbers learned from.
  var count = 0
  /// The last number.
  var previous: Double?

  /// A number without its echo.
  ///
  /// - Parameter steps: windows since the last number; the echo fades with each.
  func removed(from number: Double, steps: Double) -> Double {
    guard let previous else { return number }
    let correlation = min(0.99, max(0, sin(.pi / 2 * signs)))
    return number - pow(correlation, steps) * previous
  }

  /// Takes a number in.
  ///
  /// - Parameter learns: whether the correlation is learned from it.
  mutating func observe(_ number: Double, learns: Bool) {
    if learns, let previous {
      count += 1
      let product = Self.sign(number) * Self.sign(previous)
      signs += (product - signs) / min(Self.memory, Double(count))
    }
    previous = number
  }

  private static func sign(_ value: Double) -> Double { value > 0 ? 1 : value < 0 ? -1 : 0 }
}
