import Tracing

/// A finished span, ready to be encoded.
struct SpanData: Sendable {
  var name: String
  var kind: SpanKind
  var context: TraceContext
  var parent: TraceContext?
  var start: UInt64
  var end: UInt64
  var attributes = SpanAttributes()
  var events: [SpanEvent] = []
  var links: [SpanLink] = []
  var status: SpanStatus?
  var droppedEvents = 0
  var droppedLinks = 0
}
