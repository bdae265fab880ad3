/// Decides whether a trace that begins here is recorded. A trace that came in keeps the decision of whoever
/// began it.
package enum Sampler: Sendable, Equatable {
  /// Every trace.
  case always
  /// No trace.
  case never
  /// This share of the traces, 0…1, by their id, so that every process that sees the trace decides alike.
  case ratio(Double)

  /// Whether a trace of that id is recorded.
  ///
  /// The rule is that of `TraceIdRatioBased` as the OpenTelemetry SDKs have it: the last eight bytes of the
  /// id, less their top bit, against ratio · 2^63.
  package func samples(_ id: TraceID) -> Bool {
    switch self {
    case .always: true
    case .never: false
    case .ratio(let ratio): ratio >= 1 || Double(id.low >> 1) < ratio * 0x1p63
    }
  }
}

/// Bounds of what is kept in memory and written a span; what goes beyond is dropped and counted.
package struct SpanLimits: Sendable, Equatable {
  /// Finished spans waiting for the root of their trace to end, over all traces.
  package var bufferedSpans = 4096
  /// Traces whose root has not ended.
  package var openTraces = 1024
  /// Attributes of a span, event or link; the limit of the OpenTelemetry SDK specification, like the next
  /// two.
  package var attributes = 128
  /// Events of a span.
  package var events = 128
  /// Links of a span.
  package var links = 128
  /// UTF-8 bytes of one string value; longer ones are cut between characters.
  package var stringBytes = 8192

  package init() {}
}
