package import DSLBase

/// What a receiver's response means for what was sent.
package enum OTLPVerdict: Sendable, Equatable {
  /// It was taken, but for as many items as it rejects; the message says why, or is a warning.
  case accepted(rejected: Int, message: String?)
  /// It may be taken later, after so many seconds at least when the receiver says so.
  case later(String, afterSeconds: Double?)
  /// It never will be.
  case refused(String)

  /// Statuses after which the same request may succeed (OTLP specification, "Retryable Response Codes").
  private static let retryable: Set<Int> = [429, 502, 503, 504]

  /// Judges a response.
  ///
  /// - Parameter now: what a `Retry-After` that names a time counts from.
  package init(_ response: HTTPReply, now: Timestamp) {
    let said = Said(response)
    if (200...299).contains(response.status) {
      self = .accepted(rejected: said.rejected, message: said.message)
    } else {
      let reason = "status \(response.status)" + (said.message.map { ": \($0)" } ?? "")
      if Self.retryable.contains(response.status) {
        self = .later(reason, afterSeconds: Self.retryAfter(response[header: "Retry-After"], now: now))
      } else {
        self = .refused(reason)
      }
    }
  }

  /// Seconds of a `Retry-After` header: a number, or a date (RFC 9110, section 10.2.3).
  static func retryAfter(_ value: String?, now: Timestamp) -> Double? {
    guard let text = (value?[...])?.trimmingBlanks(), !text.isEmpty else { return nil }
    if let seconds = UInt32(text) { return Double(seconds) }
    // "Wed, 21 Oct 2015 07:28:00 GMT"
    let parts = text.split(separator: " ").map(String.init)
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: parts[2]),
      let time = Timestamp.parse("\(parts[3])-\(month < 9 ? "0" : "")\(month + 1)-\(parts[1])T\(parts[4])Z")?
        .time
    else { return nil }
    return max(0, time.seconds(since: now))
  }
}
