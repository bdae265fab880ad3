import DSLBase

/// An estimate and the interval that the true value lies in, 95 times in 100 that one does this.
package struct Estimate: Sendable, Hashable {
  package var mean: Double
  package var low: Double
  package var high: Double
}

/// How sure one can be of a mean.
package enum Statistics {
  /// Samples of a bootstrap.
  package static let resamples = 2000
  /// The quantile of the normal distribution at 0.975.
  private static let z = 1.959963984540054

  /// The mean of values that come in groups, with the 2.5 and 97.5 percentiles of a two-level bootstrap: groups are drawn with replacement, then
  /// values within each (Davison, Hinkley: "Bootstrap methods and their application", 1997, section 3.8).
  ///
  /// With one group this is the ordinary bootstrap. All groups weigh the same.
  /// - Complexity: O(resamples · values).
  package static func bootstrap(_ groups: [[Double]], seed: UInt64 = 1) -> Estimate {
    let groups = groups.filter { !$0.isEmpty }
    guard !groups.isEmpty else { return Estimate(mean: .nan, low: .nan, high: .nan) }
    let mean = groups.reduce(0) { $0 + average($1) } / Double(groups.count)
    var random = SplitMix64(seed: seed)
    var means = (0..<resamples).map { _ in
      (0..<groups.count).reduce(0.0) { sum, _ in
        let group = groups.count == 1 ? groups[0] : groups[below(groups.count, &random)]
        var total = 0.0
        for _ in group.indices { total += group[below(group.count, &random)] }
        return sum + total / Double(group.count)
      } / Double(groups.count)
    }
    means.sort()
    return Estimate(mean: mean, low: means[resamples / 40], high: means[resamples - 1 - resamples / 40])
  }

  /// A share of `count` trials with the interval of Wilson (Journal of the American Statistical Association 22, 1927).
  package static func wilson(_ successes: Int, of count: Int) -> Estimate {
    guard count > 0 else { return Estimate(mean: .nan, low: .nan, high: .nan) }
    let (n, p) = (Double(count), Double(successes) / Double(count))
    let middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return Estimate(mean: p, low: max(0, middle - half), high: min(1, middle + half))
  }

  package static func average(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(values.count)
  }

  /// A number below `count`: the high half of a product.
  @inline(__always)
  private static func below(_ count: Int, _ random: inout SplitMix64) -> Int {
    Int(truncatingIfNeeded: random.next().multipliedFullWidth(by: UInt64(count)).high)
  }
}
