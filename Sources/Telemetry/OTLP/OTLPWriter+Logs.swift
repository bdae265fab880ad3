package import DSLBase
import Tracing

/// One message of a log, ready to be encoded.
package struct LogRecord: Sendable, Equatable {
  /// How bad it is; the number is the `SeverityNumber` of `opentelemetry/proto/logs/v1/logs.proto`.
  package enum Severity: Int, Sendable {
    case trace = 1
    case debug = 5
    case info = 9
    case notice = 10
    case warning = 13
    case error = 17
    case critical = 21
  }

  package var at: Timestamp
  package var severity: Severity
  /// The level as the logger calls it.
  package var level: String
  package var body: String
  /// By key.
  package var attributes: [(key: String, value: String)]
  /// Where in a trace it was written.
  package var place: TraceContext?

  package init(
    at: Timestamp, severity: Severity, level: String, body: String,
    attributes: [(key: String, value: String)] = [], place: TraceContext? = nil
  ) {
    self.at = at
    self.severity = severity
    self.level = level
    self.body = body
    self.attributes = attributes
    self.place = place
  }

  /// Bytes that it takes in memory, and about as many when it is encoded.
  var size: Int {
    attributes.reduce(200 + body.utf8.count) { $0 + 40 + $1.key.utf8.count + $1.value.utf8.count }
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.at == b.at && a.severity == b.severity && a.level == b.level && a.body == b.body && a.place == b.place
      && a.attributes.elementsEqual(b.attributes, by: ==)
  }
}

extension OTLPWriter {
  /// One `LogsData` object on one line, without line feed.
  static func line(resource: Resource, records: [LogRecord], limits: SpanLimits = SpanLimits()) -> [UInt8] {
    var writer = OTLPWriter(limits: limits)
    writer.open(.logs, resource)
    for (position, record) in records.enumerated() {
      if position > 0 { writer.raw(",") }
      writer.record(record)
    }
    writer.close()
    return writer.bytes
  }

  private mutating func record(_ record: LogRecord) {
    let time = UInt64(clamping: record.at.nanoseconds)
    raw(#"{"timeUnixNano":"\#(time)","observedTimeUnixNano":"\#(time)","#)
    raw(#""severityNumber":\#(record.severity.rawValue),"severityText":"#)
    string(record.level)
    raw(#","body":{"stringValue":"#)
    string(record.body)
    raw("}")
    var values = SpanAttributes()
    for attribute in record.attributes { values.set(attribute.key, value: .string(attribute.value)) }
    attributeMembers(values)
    if let place = record.place {
      raw(#","flags":\#(place.flags),"traceId":"\#(place.traceID)","spanId":"\#(place.spanID)""#)
    }
    raw("}")
  }
}
