/// Where a hit rate lies, given what was counted: Wilson's score interval of 95 % (E. B. Wilson, JASA 22, 1927).
///
/// Unlike the usual one it stays within 0 and 1 and is honest about small counts: of one hit in one try it says 0.21 to 1.
public struct WilsonInterval: Sendable, Equatable {
  /// The lower end.
  public let low: Double
  /// The upper end.
  public let high: Double

  /// The 97.5 % quantile of the standard normal distribution.
  private static let z = 1.959963984540054

  /// The interval; all of 0 to 1 when nothing was counted.
  ///
  /// - Parameters:
  ///   - hits: successes, from 0 to `count`.
  ///   - count: tries.
  public init(hits: Int, of count: Int) {
    guard count > 0 else {
      (low, high) = (0, 1)
      return
    }
    let n = Double(count)
    let share = Double(hits) / n
    let square = Self.z * Self.z
    let middle = (share + square / (2 * n)) / (1 + square / n)
    let spread = share * (1 - share) / n + square / (4 * n * n)
    let half = Self.z / (1 + square / n) * spread.squareRoot()
    low = hits == 0 ? 0 : max(0, middle - half)
    high = hits == count ? 1 : min(1, middle + half)
  }
}
