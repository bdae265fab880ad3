package import DSLBase

/// Where a record comes from.
package struct SignalOrigin: Sendable, Equatable {
  /// `service.name`; empty when the resource does not say.
  package var service: String
  /// Attributes of the resource, as plain JSON.
  package var resource: JSONObject
  /// Name and version of the instrumentation scope; empty when unknown.
  package var scope: String
  package var scopeVersion: String
}

/// A span as it was received.
package struct SpanRecord: Sendable, Equatable {
  /// What happened during a span.
  package struct Event: Sendable, Equatable {
    package var name = ""
    package var at = Timestamp(nanoseconds: 0)
    package var attributes = JSONObject()
  }

  /// Another span that it points to.
  package struct Link: Sendable, Equatable {
    package var traceID: TraceID
    package var spanID: SpanID
    package var attributes = JSONObject()
  }

  package var origin: SignalOrigin
  package var name: String
  package var traceID: TraceID
  package var spanID: SpanID
  package var parentSpanID: SpanID?
  /// As in OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer, 0 unknown.
  package var kind: Int
  package var start: Timestamp
  package var end: Timestamp
  /// As in OTLP: 0 unset, 1 ok, 2 error.
  package var status: Int
  package var statusMessage: String?
  package var traceState: String?
  /// By name, as plain JSON: integers and doubles are numbers, arrays arrays, bytes base64.
  package var attributes = JSONObject()
  package var events: [Event] = []
  package var links: [Link] = []
  /// How many attributes, events and links the sender left out.
  package var dropped = (attributes: 0, events: 0, links: 0)

  /// Nanoseconds from start to end; 0 for a span that ends before it starts, as clocks that are set make them.
  package var nanoseconds: Int64 { max(0, end.nanoseconds &- start.nanoseconds) }

  package static func == (one: Self, other: Self) -> Bool {
    one.origin == other.origin && one.name == other.name && one.traceID == other.traceID
      && one.spanID == other.spanID && one.parentSpanID == other.parentSpanID && one.kind == other.kind
      && one.start == other.start && one.end == other.end && one.status == other.status
      && one.statusMessage == other.statusMessage && one.traceState == other.traceState
      && one.attributes == other.attributes && one.events == other.events && one.links == other.links
      && one.dropped == other.dropped
  }
}

/// A log record as it was received.
package struct LogSignal: Sendable, Equatable {
  package var origin: SignalOrigin
  package var time: Timestamp
  package var observed: Timestamp
  /// 1 to 24 (trace to fatal), 0 unknown.
  package var severity: Int
  package var severityText: String?
  package var eventName: String
  package var body: JSONValue
  package var attributes: JSONObject
  package var traceID: TraceID?
  package var spanID: SpanID?
}

/// A data point as it was received.
package struct PointSignal: Sendable, Equatable {
  package var origin: SignalOrigin
  package var metric: String
  package var unit: String
  package var description: String
  package var kind: OTLPMetricKind?
  /// As in OTLP: 1 delta, 2 cumulative, 0 unknown.
  package var temporality: Int
  package var isMonotonic: Bool
  package var time: Timestamp
  /// Where its interval begins, if it says.
  package var start: Timestamp?
  /// Its number; the sum of a distribution.
  package var value: Double?
  /// The number exactly, when it is an integer.
  package var integer: Int64?
  package var attributes: JSONObject
  /// What else a distribution has: `count`, `min`, `max`, `bucket_counts`, `bounds`, …
  package var distribution: JSONObject
}

/// A record of any kind.
package enum SignalRecord: Sendable, Equatable {
  case span(SpanRecord)
  case log(LogSignal)
  case point(PointSignal)

  package var time: Timestamp {
    switch self {
    case .span(let span): span.start
    case .log(let log): log.time
    case .point(let point): point.time
    }
  }

  package var origin: SignalOrigin {
    switch self {
    case .span(let span): span.origin
    case .log(let log): log.origin
    case .point(let point): point.origin
    }
  }

  package var attributes: JSONObject {
    switch self {
    case .span(let span): span.attributes
    case .log(let log): log.attributes
    case .point(let point): point.attributes
    }
  }
}
