import Tracing

/// A place in a trace that another process can continue from: W3C Trace Context
/// (https://www.w3.org/TR/trace-context/).
package struct TraceContext: Sendable, Hashable {
  /// The trace.
  package var traceID: TraceID
  /// The span that whatever continues from here is a child of.
  package var spanID: SpanID
  /// The trace flags that we know: `sampled` (bit 0) and `random` (bit 1, level 2 of the recommendation).
  package var flags: UInt8
  /// What other tracing systems want passed on with the trace.
  package var state: TraceState
  /// Whether it came from another process.
  package var isRemote: Bool

  /// Bit 0: whoever passed this on records its spans.
  package static let sampledFlag: UInt8 = 0x01
  private static let knownFlags: UInt8 = 0x03

  /// A place in a trace.
  package init(
    traceID: TraceID, spanID: SpanID, flags: UInt8 = sampledFlag, state: TraceState = TraceState(),
    isRemote: Bool = false
  ) {
    self.traceID = traceID
    self.spanID = spanID
    self.flags = flags & Self.knownFlags
    self.state = state
    self.isRemote = isRemote
  }

  /// Whether spans below it are recorded.
  package var isSampled: Bool { flags & Self.sampledFlag != 0 }

  /// Reads a `traceparent`, and a `tracestate` if there is one.
  ///
  /// Versions above 00 are read as the recommendation asks (3.2.4): as if they were 00, when what they begin
  /// with is. An invalid `tracestate` is dropped without touching the rest (3.3.1.5).
  ///
  /// - Returns: `nil` when the `traceparent` is invalid: version ff, upper case, wrong length, an id of
  ///   zeros.
  package init?(traceparent: String, tracestate: String? = nil) {
    let text = Array(traceparent.utf8)
    let dash = UInt8(ascii: "-")
    guard text.count >= 55, text[2] == dash, text[35] == dash, text[52] == dash,
      let version = UInt8(hexDigits: text[0..<2]), version != 0xFF,
      version == 0 ? text.count == 55 : text.count == 55 || text[55] == dash,
      let traceID = TraceID(hex: String(decoding: text[3..<35], as: UTF8.self)),
      let spanID = SpanID(hex: String(decoding: text[36..<52], as: UTF8.self)),
      let flags = UInt8(hexDigits: text[53..<55])
    else { return nil }
    self.init(
      traceID: traceID, spanID: spanID, flags: version == 0 ? flags : flags & Self.sampledFlag,
      state: tracestate.flatMap(TraceState.init(parsing:)) ?? TraceState(), isRemote: true)
  }

  /// The `traceparent` of this place, version 00.
  package var traceparent: String {
    let digits = String(flags, radix: 16)
    return "00-\(traceID)-\(spanID)-\(digits.utf8.count == 1 ? "0" : "")\(digits)"
  }
}

extension TraceContext {
  /// Where in a trace messages of the log belong that are written outside of its spans.
  @TaskLocal package static var here: TraceContext?

  /// Where in a trace the current task is.
  package static var current: TraceContext? { ServiceContext.current?.traceContext ?? here }
}
