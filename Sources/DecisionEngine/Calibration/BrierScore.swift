/// How good confidences are as forecasts: the mean square of what they are off, and where it comes from.
///
/// `score = reliability − resolution + uncertainty + within bins` (A. H. Murphy 1973; the last term, for forecasts that
/// differ within a bin, after D. B. Stephenson et al. 2008: variance within bins less twice the covariance).
public struct BrierScore: Sendable, Equatable {
  /// Mean of (confidence − outcome)²: 0 is perfect, 0.25 is a coin called 0.5.
  public let score: Double
  /// How far each bin's mean confidence is from its hit rate, squared: 0 is calibrated.
  public let reliability: Double
  /// How far the bins' hit rates are from the overall one, squared: more is better.
  public let resolution: Double
  /// What the outcomes themselves leave open: p (1 − p).
  public let uncertainty: Double
  /// What forecasts differ by within their bins.
  public let withinBins: Double

  /// Scores forecasts.
  ///
  /// - Parameter bins: forecasts and whether they came true, by bin; empty bins may be among them.
  /// - Returns: `nil` when there is no forecast.
  init?(_ bins: [[(confidence: Double, isHit: Bool)]]) {
    let all = bins.flatMap { $0 }
    guard !all.isEmpty else { return nil }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    func outcome(_ isHit: Bool) -> Double { isHit ? 1 : 0 }
    func square(_ value: Double) -> Double { value * value }
    let total = Double(all.count)
    let rate = mean(all.map { outcome($0.isHit) })
    score = mean(all.map { square($0.confidence - outcome($0.isHit)) })
    uncertainty = rate * (1 - rate)
    var (reliability, resolution, within) = (0.0, 0.0, 0.0)
    for bin in bins where !bin.isEmpty {
      let claimed = mean(bin.map(\.confidence))
      let hits = mean(bin.map { outcome($0.isHit) })
      reliability += Double(bin.count) * square(claimed - hits)
      resolution += Double(bin.count) * square(hits - rate)
      for forecast in bin {
        let difference = forecast.confidence - claimed
        within += square(difference) - 2 * (outcome(forecast.isHit) - hits) * difference
      }
    }
    self.reliability = reliability / total
    self.resolution = resolution / total
    withinBins = within / total
  }
}
