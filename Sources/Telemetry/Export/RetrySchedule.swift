/// How long to wait before a request is made again: exponential back-off with jitter, as OTLP asks
/// (opentelemetry-proto, `docs/specification.md`, "OTLP/HTTP Response", "Failures").
package struct RetrySchedule: Sendable, Equatable {
  /// The first wait, seconds.
  package var firstSeconds = 1.0
  /// By how much each wait is longer than the one before.
  package var factor = 2.0
  /// The longest wait that we choose, seconds.
  package var longestSeconds = 30.0
  /// The share by which a wait may be shorter or longer, so that many senders do not return together.
  package var jitter = 0.25

  package init() {}

  /// The wait before a repetition.
  ///
  /// - Parameters:
  ///   - attempt: how many requests failed so far, from 1.
  ///   - asked: seconds that the receiver asked for; never less than these.
  ///   - draw: a random number in 0..<1.
  package func delay(afterAttempt attempt: Int, asked: Double?, draw: Double) -> Double {
    var wait = firstSeconds
    for _ in 1..<max(1, min(attempt, 64)) { wait = min(wait * factor, longestSeconds) }
    wait *= 1 + jitter * (2 * draw - 1)
    return max(wait, asked ?? 0)
  }
}
