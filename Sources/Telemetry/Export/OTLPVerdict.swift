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
    if (200...299).contains(response.status) {
      let partial = Self.partialSuccess(response.body)
      self = .accepted(rejected: partial.rejected, message: partial.message)
    } else {
      let reason = "status \(response.status)" + (Self.message(response.body).map { ": \($0)" } ?? "")
      if Self.retryable.contains(response.status) {
        self = .later(reason, afterSeconds: Self.retryAfter(response[header: "Retry-After"], now: now))
      } else {
        self = .refused(reason)
      }
    }
  }

  /// `partialSuccess` of an `Export…ServiceResponse`: counts are 64-bit integers, so strings; numbers are read too.
  private static func partialSuccess(_ body: [UInt8]) -> (rejected: Int, message: String?) {
    guard let partial = (try? JSONParser.parse(body))?["partialSuccess"] else { return (0, nil) }
    let counts = ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"].compactMap { key in
      partial[key].flatMap { $0.int ?? $0.string.flatMap { Int($0) } }
    }
    let message = partial["errorMessage"]?.string.flatMap { $0.isEmpty ? nil : cut($0) }
    return (max(0, counts.first ?? 0), message)
  }

  /// The message of a `google.rpc.Status`, or a short text.
  private static func message(_ body: [UInt8]) -> String? {
    if let status = try? JSONParser.parse(body) { return status["message"]?.string.map(cut) }
    guard let text = String(validating: body.prefix(200), as: UTF8.self), !text.isEmpty,
      text.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x0A || $0 == 0x0D })
    else { return nil }
    return cut(text)
  }

  /// What a stranger says, as it may be shown: short, and on one line.
  private static func cut(_ text: String) -> String {
    String(text.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
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
