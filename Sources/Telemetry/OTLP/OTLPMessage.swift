/// The messages of OTLP by the names that their members have in JSON (opentelemetry-proto 1.x, `opentelemetry/proto`).
///
/// A message and its JSON differ in nothing but the encoding of single members, so that one table says how to get from the
/// one to the other.
enum OTLPMessage: Hashable {
  case traces, resourceSpans, scopeSpans, span, event, link, status
  case metrics, resourceMetrics, scopeMetrics, metric, gauge, sum, histogram, exponential, summary
  case numberPoint, histogramPoint, exponentialPoint, summaryPoint, buckets, quantile, exemplar
  case logs, resourceLogs, scopeLogs, logRecord
  case resource, scope, keyValue, anyValue, arrayValue, keyValueList

  /// How a member is written.
  enum Kind {
    /// As UTF-8.
    case text
    /// Bytes that JSON has as hexadecimal digits.
    case id
    /// Bytes that JSON has in base64.
    case base64
    case bool
    /// A whole number of as many bytes as it needs: enumerations, `int64`, `uint32`, `uint64`.
    case varint
    /// A small whole number of either sign (`sint32`).
    case zigzag
    case fixed32
    /// `fixed64` and `sfixed64`.
    case fixed64
    case double
    /// Without a key for each.
    case packedVarint, packedFixed64, packedDouble
    /// One, or each of a list.
    case message(OTLPMessage)
  }

  /// A member's number and how it is written.
  struct Field {
    let number: UInt32
    let kind: Kind

    init(_ number: UInt32, _ kind: Kind) {
      self.number = number
      self.kind = kind
    }
  }

  /// What a body of the signal is.
  init(_ signal: OTLPSignal) {
    switch signal {
    case .traces: self = .traces
    case .metrics: self = .metrics
    case .logs: self = .logs
    }
  }

  /// The member of that name; `nil` when the message has none.
  subscript(name: String) -> Field? { Self.members[self]?[name] }

  private static let members: [Self: [String: Field]] = common.merging(spans) { $1 }.merging(points) { $1 }
    .merging(records) { $1 }

  // trace/v1/trace.proto
  private static let spans: [Self: [String: Field]] = [
    .traces: ["resourceSpans": Field(1, .message(.resourceSpans))],
    .resourceSpans: outer("scopeSpans", .scopeSpans), .scopeSpans: inner("spans", .span),
    .span: [
      "traceId": Field(1, .id), "spanId": Field(2, .id), "traceState": Field(3, .text),
      "parentSpanId": Field(4, .id), "name": Field(5, .text), "kind": Field(6, .varint),
      "startTimeUnixNano": Field(7, .fixed64), "endTimeUnixNano": Field(8, .fixed64),
      "attributes": Field(9, .message(.keyValue)), "droppedAttributesCount": Field(10, .varint),
      "events": Field(11, .message(.event)), "droppedEventsCount": Field(12, .varint),
      "links": Field(13, .message(.link)), "droppedLinksCount": Field(14, .varint),
      "status": Field(15, .message(.status)), "flags": Field(16, .fixed32),
    ],
    .event: [
      "timeUnixNano": Field(1, .fixed64), "name": Field(2, .text),
      "attributes": Field(3, .message(.keyValue)), "droppedAttributesCount": Field(4, .varint),
    ],
    .link: [
      "traceId": Field(1, .id), "spanId": Field(2, .id), "traceState": Field(3, .text),
      "attributes": Field(4, .message(.keyValue)), "droppedAttributesCount": Field(5, .varint),
      "flags": Field(6, .fixed32),
    ],
    .status: ["message": Field(2, .text), "code": Field(3, .varint)],
  ]

  // metrics/v1/metrics.proto
  private static let points: [Self: [String: Field]] = [
    .metrics: ["resourceMetrics": Field(1, .message(.resourceMetrics))],
    .resourceMetrics: outer("scopeMetrics", .scopeMetrics), .scopeMetrics: inner("metrics", .metric),
    .metric: [
      "name": Field(1, .text), "description": Field(2, .text), "unit": Field(3, .text),
      "gauge": Field(5, .message(.gauge)), "sum": Field(7, .message(.sum)),
      "histogram": Field(9, .message(.histogram)),
      "exponentialHistogram": Field(10, .message(.exponential)), "summary": Field(11, .message(.summary)),
      "metadata": Field(12, .message(.keyValue)),
    ],
    .gauge: ["dataPoints": Field(1, .message(.numberPoint))],
    .sum: [
      "dataPoints": Field(1, .message(.numberPoint)), "aggregationTemporality": Field(2, .varint),
      "isMonotonic": Field(3, .bool),
    ],
    .histogram: [
      "dataPoints": Field(1, .message(.histogramPoint)), "aggregationTemporality": Field(2, .varint),
    ],
    .exponential: [
      "dataPoints": Field(1, .message(.exponentialPoint)), "aggregationTemporality": Field(2, .varint),
    ],
    .summary: ["dataPoints": Field(1, .message(.summaryPoint))],
    .numberPoint: times([
      "asDouble": Field(4, .double), "exemplars": Field(5, .message(.exemplar)), "asInt": Field(6, .fixed64),
      "attributes": Field(7, .message(.keyValue)), "flags": Field(8, .varint),
    ]),
    .histogramPoint: times([
      "count": Field(4, .fixed64), "sum": Field(5, .double), "bucketCounts": Field(6, .packedFixed64),
      "explicitBounds": Field(7, .packedDouble), "exemplars": Field(8, .message(.exemplar)),
      "attributes": Field(9, .message(.keyValue)), "flags": Field(10, .varint), "min": Field(11, .double),
      "max": Field(12, .double),
    ]),
    .exponentialPoint: times([
      "attributes": Field(1, .message(.keyValue)), "count": Field(4, .fixed64), "sum": Field(5, .double),
      "scale": Field(6, .zigzag), "zeroCount": Field(7, .fixed64), "positive": Field(8, .message(.buckets)),
      "negative": Field(9, .message(.buckets)), "flags": Field(10, .varint),
      "exemplars": Field(11, .message(.exemplar)), "min": Field(12, .double), "max": Field(13, .double),
      "zeroThreshold": Field(14, .double),
    ]),
    .buckets: ["offset": Field(1, .zigzag), "bucketCounts": Field(2, .packedVarint)],
    .summaryPoint: times([
      "count": Field(4, .fixed64), "sum": Field(5, .double), "quantileValues": Field(6, .message(.quantile)),
      "attributes": Field(7, .message(.keyValue)), "flags": Field(8, .varint),
    ]),
    .quantile: ["quantile": Field(1, .double), "value": Field(2, .double)],
    .exemplar: [
      "timeUnixNano": Field(2, .fixed64), "asDouble": Field(3, .double), "spanId": Field(4, .id),
      "traceId": Field(5, .id), "asInt": Field(6, .fixed64),
      "filteredAttributes": Field(7, .message(.keyValue)),
    ],
  ]

  // logs/v1/logs.proto
  private static let records: [Self: [String: Field]] = [
    .logs: ["resourceLogs": Field(1, .message(.resourceLogs))],
    .resourceLogs: outer("scopeLogs", .scopeLogs), .scopeLogs: inner("logRecords", .logRecord),
    .logRecord: [
      "timeUnixNano": Field(1, .fixed64), "severityNumber": Field(2, .varint),
      "severityText": Field(3, .text), "body": Field(5, .message(.anyValue)),
      "attributes": Field(6, .message(.keyValue)), "droppedAttributesCount": Field(7, .varint),
      "flags": Field(8, .fixed32), "traceId": Field(9, .id), "spanId": Field(10, .id),
      "observedTimeUnixNano": Field(11, .fixed64), "eventName": Field(12, .text),
    ],
  ]

  // common/v1/common.proto, resource/v1/resource.proto
  private static let common: [Self: [String: Field]] = [
    .resource: ["attributes": Field(1, .message(.keyValue)), "droppedAttributesCount": Field(2, .varint)],
    .scope: [
      "name": Field(1, .text), "version": Field(2, .text), "attributes": Field(3, .message(.keyValue)),
      "droppedAttributesCount": Field(4, .varint),
    ],
    .keyValue: ["key": Field(1, .text), "value": Field(2, .message(.anyValue))],
    .anyValue: [
      "stringValue": Field(1, .text), "boolValue": Field(2, .bool), "intValue": Field(3, .varint),
      "doubleValue": Field(4, .double), "arrayValue": Field(5, .message(.arrayValue)),
      "kvlistValue": Field(6, .message(.keyValueList)), "bytesValue": Field(7, .base64),
    ],
    .arrayValue: ["values": Field(1, .message(.anyValue))],
    .keyValueList: ["values": Field(1, .message(.keyValue))],
  ]

  private static func outer(_ list: String, _ message: Self) -> [String: Field] {
    [
      "resource": Field(1, .message(.resource)), list: Field(2, .message(message)),
      "schemaUrl": Field(3, .text),
    ]
  }

  private static func inner(_ list: String, _ message: Self) -> [String: Field] {
    ["scope": Field(1, .message(.scope)), list: Field(2, .message(message)), "schemaUrl": Field(3, .text)]
  }

  private static func times(_ more: [String: Field]) -> [String: Field] {
    more.merging(["startTimeUnixNano": Field(2, .fixed64), "timeUnixNano": Field(3, .fixed64)]) { $1 }
  }
}
