import DSLBase
import Tracing

/// Writes spans as OTLP/JSON: the JSON mapping of `opentelemetry/proto/trace/v1/trace.proto` with the
/// exceptions of the OTLP specification: ids in hex, enums as integers, 64-bit integers as strings,
/// lowerCamelCase names.
///
/// By hand, because the generic mapping of protocol buffers writes ids in base64, which receivers reject.
struct OTLPWriter {
  private(set) var bytes: [UInt8] = []
  private let limits: SpanLimits

  init(limits: SpanLimits) { self.limits = limits }

  /// One `TracesData` object on one line, without line feed.
  static func line(resource: Resource, spans: [[UInt8]], limits: SpanLimits) -> [UInt8] {
    var writer = OTLPWriter(limits: limits)
    writer.open(.traces, resource)
    for (position, span) in spans.enumerated() {
      if position > 0 { writer.raw(",") }
      writer.bytes.append(contentsOf: span)
    }
    writer.close()
    return writer.bytes
  }

  /// One `Span` object.
  static func span(_ span: SpanData, limits: SpanLimits) -> [UInt8] {
    var writer = OTLPWriter(limits: limits)
    writer.raw(#"{"traceId":"\#(span.context.traceID)","spanId":"\#(span.context.spanID)""#)
    if !span.context.state.text.isEmpty {
      writer.raw(#","traceState":"#)
      writer.string(span.context.state.text)
    }
    if let parent = span.parent { writer.raw(#","parentSpanId":"\#(parent.spanID)""#) }
    writer.raw(#","flags":\#(flags(span.context.flags, remote: span.parent?.isRemote ?? false)),"name":"#)
    writer.string(span.name)
    writer.raw(
      #","kind":\#(kind(span.kind)),"startTimeUnixNano":"\#(span.start)","endTimeUnixNano":"\#(span.end)""#)
    writer.attributeMembers(span.attributes)
    writer.events(span.events)
    if span.droppedEvents > 0 { writer.raw(#","droppedEventsCount":\#(span.droppedEvents)"#) }
    writer.links(span.links)
    if span.droppedLinks > 0 { writer.raw(#","droppedLinksCount":\#(span.droppedLinks)"#) }
    writer.status(span.status)
    writer.raw("}")
    return writer.bytes
  }

  /// Bits 0–7 the trace flags; bit 8 says that bit 9 is known, bit 9 that the parent (or linked) span is
  /// remote.
  private static func flags(_ flags: UInt8, remote: Bool) -> UInt32 {
    UInt32(flags) | 0x100 | (remote ? 0x200 : 0)
  }

  private static func kind(_ kind: SpanKind) -> Int {
    switch kind {
    case .internal: 1
    case .server: 2
    case .client: 3
    case .producer: 4
    case .consumer: 5
    }
  }

  mutating func events(_ events: [SpanEvent]) {
    guard !events.isEmpty else { return }
    raw(#","events":["#)
    for (position, event) in events.enumerated() {
      raw((position > 0 ? "," : "") + #"{"timeUnixNano":"\#(event.nanosecondsSinceEpoch)","name":"#)
      string(event.name)
      attributeMembers(event.attributes)
      raw("}")
    }
    raw("]")
  }

  mutating func links(_ links: [SpanLink]) {
    let linked = links.compactMap { link in link.context.traceContext.map { ($0, link.attributes) } }
    guard !linked.isEmpty else { return }
    raw(#","links":["#)
    for (position, (context, attributes)) in linked.enumerated() {
      raw((position > 0 ? "," : "") + #"{"traceId":"\#(context.traceID)","spanId":"\#(context.spanID)""#)
      if !context.state.text.isEmpty {
        raw(#","traceState":"#)
        string(context.state.text)
      }
      attributeMembers(attributes)
      raw(#","flags":\#(Self.flags(context.flags, remote: context.isRemote))}"#)
    }
    raw("]")
  }

  mutating func status(_ status: SpanStatus?) {
    guard let status else { return }
    raw(#","status":{"code":\#(status.code == .ok ? 1 : 2)"#)
    if status.code == .error, let message = status.message {
      raw(#","message":"#)
      string(message)
    }
    raw("}")
  }

  /// The members `attributes` and, if some were dropped, `droppedAttributesCount`; nothing when there are
  /// none.
  mutating func attributeMembers(_ attributes: SpanAttributes) {
    guard !attributes.isEmpty else { return }
    var list: [(String, SpanAttribute)] = []
    attributes.forEach { list.append(($0, $1)) }
    list.sort { $0.0 < $1.0 }
    raw(#","attributes":"#)
    self.attributes(list.prefix(limits.attributes))
    if list.count > limits.attributes {
      raw(#","droppedAttributesCount":\#(list.count - limits.attributes)"#)
    }
  }

  mutating func attributes(_ list: some Collection<(String, SpanAttribute)>) {
    raw("[")
    var first = true
    for (key, value) in list {
      raw((first ? "" : ",") + #"{"key":"#)
      string(key)
      raw(#","value":"#)
      self.value(value)
      raw("}")
      first = false
    }
    raw("]")
  }

  /// What begins a line of any signal: the resource, and the scope up to the list of its items.
  mutating func open(_ signal: OTLPSignal, _ resource: Resource) {
    let words: (resource: String, scope: String, items: String) =
      switch signal {
      case .traces: ("resourceSpans", "scopeSpans", "spans")
      case .metrics: ("resourceMetrics", "scopeMetrics", "metrics")
      case .logs: ("resourceLogs", "scopeLogs", "logRecords")
      }
    raw(#"{"\#(words.resource)":[{"resource":{"attributes":"#)
    attributes(resource.attributes.map { ($0.key, .string($0.value)) })
    raw(#"},"\#(words.scope)":[{"scope":{"name":"#)
    string(Resource.scopeName)
    if let version = resource[Resource.serviceVersion] {
      raw(#","version":"#)
      string(version)
    }
    raw(#"},"\#(words.items)":["#)
  }

  /// What ends it.
  mutating func close() {
    raw(#"],"schemaUrl":"\#(Resource.schemaURL)"}],"schemaUrl":"\#(Resource.schemaURL)"}]}"#)
  }

  /// Appends text that is JSON already.
  mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func string(_ text: String) {
    JSONValue.writeString(text.utf8.count <= limits.stringBytes ? text : cut(text), into: &bytes)
  }

  private func cut(_ text: String) -> String {
    var (end, size) = (text.startIndex, 0)
    while end < text.endIndex {
      size += text.unicodeScalars[end].utf8.count
      if size > limits.stringBytes { break }
      end = text.unicodeScalars.index(after: end)
    }
    return String(text[..<end])
  }
}

// MARK: - Values

extension OTLPWriter {
  /// An `AnyValue`.
  mutating func value(_ value: SpanAttribute) {
    switch value {
    case .string(let text): member("stringValue") { $0.string(text) }
    case .bool(let flag): raw(#"{"boolValue":\#(flag)}"#)
    case .int32(let number): integer(Int64(number))
    case .int64(let number): integer(number)
    case .double(let number): double(number)
    case .stringConvertible(let any): member("stringValue") { $0.string(String(describing: any)) }
    case .stringArray(let array): list(array) { $0.value(.string($1)) }
    case .boolArray(let array): list(array) { $0.value(.bool($1)) }
    case .int32Array(let array): list(array) { $0.integer(Int64($1)) }
    case .int64Array(let array): list(array) { $0.integer($1) }
    case .doubleArray(let array): list(array) { $0.double($1) }
    case .stringConvertibleArray(let array): unnamed(array)
    default: raw("{}")
    }
  }

  mutating func member(_ name: String, _ body: (inout OTLPWriter) -> Void) {
    raw(#"{"\#(name)":"#)
    body(&self)
    raw("}")
  }

  mutating func integer(_ number: Int64) { raw(#"{"intValue":"\#(number)"}"#) }

  /// A number; what JSON cannot express as the words that the JSON mapping of protocol buffers has for it.
  mutating func double(_ number: Double) {
    if number.isFinite {
      raw(#"{"doubleValue":\#(number)}"#)
    } else {
      raw(#"{"doubleValue":"\#(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")"}"#)
    }
  }

  /// An array of a type that `SpanAttribute` has no case for. `[Int]` ends up here too, as
  /// swift-distributed-tracing converts arrays through a protocol witness that tells `Int32` and `Int64` from
  /// others, but not `Int`.
  mutating func unnamed(_ array: [any CustomStringConvertible & Sendable]) {
    if let integers = array as? [Int] {
      list(integers) { $0.integer(Int64($1)) }
    } else {
      list(array) { $0.value(.string(String(describing: $1))) }
    }
  }

  mutating func list<T>(_ elements: [T], _ body: (inout OTLPWriter, T) -> Void) {
    if elements.isEmpty { return raw(#"{"arrayValue":{}}"#) }
    raw(#"{"arrayValue":{"values":["#)
    for (position, element) in elements.enumerated() {
      if position > 0 { raw(",") }
      body(&self, element)
    }
    raw("]}}")
  }
}
