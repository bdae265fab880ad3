import DSLBase
import Tracing

extension OTLPWriter {
  /// One `MetricsData` object on one line, without line feed.
  ///
  /// Sums and histograms are cumulative. The time at which one began counting is left out where it is not known.
  ///
  /// - Parameter at: when the values were read, nanoseconds since the epoch.
  static func line(resource: Resource, families: [MetricFamily], at: UInt64) -> [UInt8] {
    var writer = OTLPWriter(limits: SpanLimits())
    writer.open(.metrics, resource)
    var first = true
    for family in families where !family.points.isEmpty {
      if !first { writer.raw(",") }
      first = false
      writer.metric(family, at)
    }
    writer.close()
    return writer.bytes
  }

  private mutating func metric(_ family: MetricFamily, _ at: UInt64) {
    let declaration = family.declaration
    raw(#"{"name":"#)
    string(declaration.name)
    raw(#","description":"#)
    string(declaration.help)
    raw(#","unit":"#)
    string(declaration.unit)
    switch declaration.kind {
    case .gauge: raw(#","gauge":{"dataPoints":["#)
    case .counter: raw(#","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":["#)
    case .histogram: raw(#","histogram":{"aggregationTemporality":2,"dataPoints":["#)
    }
    for (position, point) in family.points.enumerated() {
      if position > 0 { raw(",") }
      raw("{")
      if !point.labels.isEmpty {
        raw(#""attributes":"#)
        attributes(point.labels.map { ($0.name, .string($0.value)) })
        raw(",")
      }
      if declaration.kind != .gauge, family.startNanoseconds > 0 {
        raw(#""startTimeUnixNano":"\#(family.startNanoseconds)","#)
      }
      raw(#""timeUnixNano":"\#(at)""#)
      value(point.value)
      raw("}")
    }
    raw("]}}")
  }

  private mutating func value(_ value: MetricPoint.Value) {
    switch value {
    case .number(let number): raw(#","asDouble":\#(Self.number(number))"#)
    case .histogram(let histogram):
      let counts = histogram.counts.map { "\"\($0)\"" }.joined(separator: ",")
      let bounds = histogram.bounds.map(Self.number).joined(separator: ",")
      raw(#","count":"\#(histogram.count)","sum":\#(Self.number(histogram.sum))"#)
      raw(#","bucketCounts":[\#(counts)],"explicitBounds":[\#(bounds)]"#)
      if let exemplar = histogram.exemplar {
        let at = UInt64(clamping: exemplar.at.nanoseconds)
        raw(#","exemplars":[{"timeUnixNano":"\#(at)","asDouble":\#(Self.number(exemplar.value)),"traceId":"#)
        string(exemplar.traceID)
        raw("}]")
      }
    }
  }

  /// A number; what JSON cannot express as the words that the JSON mapping of protocol buffers has for it.
  static func number(_ number: Double) -> String {
    number.isFinite
      ? number.description : number.isNaN ? #""NaN""# : number < 0 ? #""-Infinity""# : #""Infinity""#
  }
}
