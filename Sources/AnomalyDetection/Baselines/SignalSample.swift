import Glibc

extension SignalBaseline.Sample {
  /// A share of a whole: errors of spans, unhealthy of agents.
  ///
  /// Anscombe's arcsine transform makes the noise about the same at all levels. The sampling bound is Chernoff's for a
  /// binomial: exp(−n·KL(q‖p)).
  static func share(_ part: Int, of whole: Int) -> Self {
    let count = Double(whole)
    let share = whole == 0 ? 0 : Double(part) / count
    return Self(
      value: asin(((Double(part) + 0.375) / (count + 0.75)).squareRoot()),
      scale: 0.5 / (count + 0.5).squareRoot(),
      weight: 1,
      sampling: { expected in
        let usual = pow(sin(expected), 2)
        guard share > usual else { return 1 }
        let rest = share < 1 ? (1 - share) * log((1 - share) / (1 - usual)) : 0
        return exp(-count * (share * log(share / usual) + rest))
      })
  }

  /// The share that a value of `share(_:of:)` stands for.
  static func share(of value: Double) -> Double { pow(sin(max(0, value)), 2) }

  /// Spans that ended, where fewer is worse.
  ///
  /// Anscombe's square root gives counts a noise of 1 at all levels. The sampling bound is Chernoff's for a Poisson count.
  static func fewer(_ count: Int) -> Self {
    let number = Double(count)
    return Self(
      value: -2 * (number + 0.375).squareRoot(), scale: 1, weight: 1,
      sampling: { expected in
        let usual = Self.count(of: expected)
        guard number < usual else { return 1 }
        return exp(-(usual - number + (count == 0 ? 0 : number * log(number / usual))))
      })
  }

  /// The count that a value of `fewer` stands for.
  static func count(of value: Double) -> Double { max(0, value * value / 4 - 0.375) }

  /// A duration in seconds, on a logarithmic scale; clocks count nanoseconds.
  ///
  /// - Parameter weight: less than 1 where the quantile was taken of much fewer spans than usual.
  static func duration(_ seconds: Double, weight: Double) -> Self {
    Self(value: log(max(seconds, 1e-9)), scale: 0, weight: weight, sampling: { _ in 0 })
  }

  /// A part of a resource, 0 to 1.
  static func used(_ part: Double) -> Self { Self(value: part, scale: 0, weight: 1, sampling: { _ in 0 }) }
}
