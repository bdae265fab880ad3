/// A score from fresh telemetry alone: how often things succeed, and how fast.
///
/// `0.6·(1 − error_rate) + 0.4·min(1, 1000 / response_time_ms)`, over the measures that some record gives: when one is
/// missing, the other is the score. The original weighs errors before speed and takes 1000 ms for its base line too.
enum TelemetryHealth {
  private static let errorWeight = 0.6
  private static let speedWeight = 0.4
  /// Milliseconds up to which a response is as fast as need be.
  private static let wellResponseMs = 1000.0

  /// The score, 0…1.
  ///
  /// - Parameters:
  ///   - errorRate: mean share of failures, 0…1; `nil` when no telemetry says.
  ///   - responseMs: mean response time in milliseconds; `nil` when no telemetry says.
  /// - Returns: `nil` when no telemetry says anything.
  static func score(errorRate: Double?, responseMs: Double?) -> Double? {
    let success = errorRate.map { 1 - min(1, max(0, $0)) }
    let speed = responseMs.map { $0 <= wellResponseMs ? 1 : wellResponseMs / $0 }
    guard let success, let speed else { return success ?? speed }
    return errorWeight * success + speedWeight * speed
  }
}
