import Glibc

/// The probability, by a history of numbers, of one that is at least as large: a p-value for "unusually high".
enum TailProbability {
  /// - Parameters:
  ///   - number: the new number.
  ///   - history: earlier ones, of whatever distribution.
  ///   - scale: the least spread that the numbers are known to have, from how they were sampled; 0 when that is not known.
  /// - Returns: above 0, at most 1. Within the history it is the conformal p-value: the share of numbers, with the new one,
  ///   that are at least as large. It is exact for every distribution. Beyond all of the history a generalised Pareto tail
  ///   is fitted to the largest tenth (Hosking and Wallis 1987, probability-weighted moments), its shape taken one standard
  ///   error heavier than estimated and never lighter than exponential, as what was never seen must not be underestimated.
  ///   A tenth of which all are alike tells nothing of what lies beyond, unless `scale` does.
  static func above(_ number: Double, history: SlidingOrder, scale: Double) -> Double {
    let count = history.count
    let atLeast = count - history.lowerBound(number)
    let ranked = Double(atLeast + 1) / Double(count + 1)
    guard atLeast == 0, count >= 2 * minimumTail else { return ranked }
    let tail = max(minimumTail, count / 10)
    let threshold = history.sorted[count - 1 - tail]
    let excesses = history.sorted[(count - tail)...].map { $0 - threshold }
    let (shape, spread) = fit(excesses, scale: scale)
    guard spread > 0 else { return ranked }
    let survival = pow(1 + shape * (number - threshold) / spread, -1 / shape)
    return min(ranked, max(Double(tail) / Double(count + 1) * survival, .leastNormalMagnitude))
  }

  /// The value that a tenth of the history exceeds.
  static func upperTenth(of history: SlidingOrder) -> Double? {
    guard history.count >= 2 * minimumTail else { return nil }
    return history.sorted[history.count - 1 - max(minimumTail, history.count / 10)]
  }

  /// Fewer numbers than this say nothing of a tail.
  private static let minimumTail = 10

  private static func fit(_ excesses: [Double], scale: Double) -> (shape: Double, spread: Double) {
    let count = Double(excesses.count)
    let mean = excesses.reduce(0, +) / count
    var weighted = 0.0
    for (index, excess) in excesses.enumerated() { weighted += (1 - (Double(index) + 0.65) / count) * excess }
    weighted /= count
    let denominator = mean - 2 * weighted
    let estimate = denominator > 0 ? 2 - mean / denominator : 0
    let shape = min(0.9, max(0, estimate) + 1 / count.squareRoot())
    return (shape, max(mean, scale) * (1 - shape))
  }
}
