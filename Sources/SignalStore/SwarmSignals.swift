import DSLBase
import Telemetry

/// Turns what SwarmSH and the original wrote as telemetry into OTLP/JSON: spans in their ten shapes, and records with
/// `metrics`. Pure.
struct SwarmSignals {
  /// Spans and data points by service, in the order in which services came.
  private var spans: [(service: String, values: [JSONValue])] = []
  private var points: [(service: String, values: [JSONValue])] = []
  /// Objects that were taken over.
  private(set) var count = 0

  /// What became of an object.
  enum Outcome: Equatable {
    case taken
    case otlp(OTLPSignal)
    case dropped(String)
  }

  /// Takes an object over.
  ///
  /// - Parameter modified: the time of a measurement that names none.
  mutating func add(_ object: JSONObject, modified: Timestamp) -> Outcome {
    if object["resourceSpans"] != nil { return .otlp(.traces) }
    if object["resourceMetrics"] != nil { return .otlp(.metrics) }
    if object["resourceLogs"] != nil { return .otlp(.logs) }
    if let trace = Self.text(object, ["trace_id", "traceId"]) { return addSpan(object, trace) }
    if let metrics = object["metrics"]?.object { return addPoints(object, metrics, modified) }
    return .dropped("neither a span nor a measurement")
  }

  /// The requests that stand for what was taken over.
  var requests: [(signal: OTLPSignal, body: [UInt8])] {
    var requests: [(OTLPSignal, [UInt8])] = []
    if !spans.isEmpty {
      requests.append((.traces, Self.request("resourceSpans", "scopeSpans", "spans", spans)))
    }
    if !points.isEmpty {
      requests.append((.metrics, Self.request("resourceMetrics", "scopeMetrics", "metrics", points)))
    }
    return requests
  }

  private static func request(
    _ outer: String, _ inner: String, _ list: String, _ values: [(service: String, values: [JSONValue])]
  ) -> [UInt8] {
    let resources = values.map { service, values -> JSONValue in
      let resource: JSONValue = ["attributes": attributes(["service.name": .string(service)])]
      return .object(["resource": resource, inner: [.object([list: .array(values)])]])
    }
    return JSONValue.object([outer: .array(resources)]).serialized()
  }

  // MARK: Spans

  private mutating func addSpan(_ object: JSONObject, _ trace: String) -> Outcome {
    guard let name = Self.text(object, ["operation_name", "operation", "name", "span_name", "event"]) else {
      return .dropped("a span without a name")
    }
    let times = ["start_time", "startTime", "timestamp", "start", "time"].lazy.compactMap { object[$0] }
    guard let start = times.compactMap({ Timestamp.parse($0)?.time }).first, start.nanoseconds > 0 else {
      return .dropped("a span without a time")
    }
    guard let end = Self.end(object, start) else { return .dropped("a span whose duration is no number") }
    var attributes = Self.attributes(of: object)
    let (traceID, spanID, parent) = Self.ids(object, trace, &attributes)
    let (status, word) = Self.status(object["status"])
    if let word { attributes["swarmsh.status"] = .string(word) }
    var span: JSONObject = [
      "traceId": .string(traceID), "spanId": .string(spanID), "name": .string(name),
      "kind": .int(Self.kind(object)),
      "startTimeUnixNano": .string("\(start.nanoseconds)"), "endTimeUnixNano": .string("\(end.nanoseconds)"),
      "status": ["code": .int(status)], "attributes": Self.attributes(attributes),
    ]
    if let parent { span["parentSpanId"] = .string(parent) }
    let service =
      Self.text(object, ["service", "service_name", "service.name"]) ?? attributes["service.name"]?.string
      ?? object["resource_attributes"]?["service.name"]?.string ?? "swarmsh"
    Self.append(.object(span), to: &spans, service)
    count += 1
    return .taken
  }

  private static func end(_ object: JSONObject, _ start: Timestamp) -> Timestamp? {
    let given = ["end_time", "endTime"].lazy.compactMap { object[$0] }
    if let end = given.compactMap({ Timestamp.parse($0)?.time }).first { return max(start, end) }
    guard let duration = ["duration_ms", "duration"].lazy.compactMap({ object[$0] }).first else {
      return start
    }
    guard let milliseconds = duration.double ?? duration.string.flatMap(Double.init), milliseconds >= 0,
      milliseconds < 1e12
    else { return nil }
    return start.adding(seconds: milliseconds / 1000)
  }

  /// Ids that are none of OTLP's become some by their hash, so that parents stay parents, and are kept as attributes.
  private static func ids(
    _ object: JSONObject, _ trace: String, _ attributes: inout JSONObject
  ) -> (trace: String, span: String, parent: String?) {
    let span = text(object, ["span_id", "spanId"])
    let parent = text(object, ["parent_span_id", "parentSpanId", "parent_id"])
    let traceID = TraceID(hex: trace, upperCase: true)?.description ?? hash(trace, bytes: 16)
    if traceID != trace.lowercased() { attributes["swarmsh.trace_id"] = .string(trace) }
    func id(_ text: String) -> String {
      SpanID(hex: text, upperCase: true)?.description ?? hash(text, bytes: 8)
    }
    let spanID = span.map(id) ?? hash(JSONValue.object(object).text(), bytes: 8)
    if let span, spanID != span.lowercased() { attributes["swarmsh.span_id"] = .string(span) }
    return (traceID, spanID, parent.flatMap { $0 == "null" ? nil : id($0) })
  }

  private static func hash(_ text: String, bytes: Int) -> String {
    String(SHA256.hex(of: Array(text.utf8)).prefix(2 * bytes))
  }

  private static func status(_ value: JSONValue?) -> (code: Int, word: String?) {
    guard let word = value?.string ?? value?["code"]?.string else { return (0, nil) }
    switch word.lowercased() {
    case "ok", "completed", "success", "succeeded": return (1, nil)
    case "error", "failed", "failure": return (2, nil)
    case "unset", "": return (0, nil)
    default: return (0, word)
    }
  }

  private static func kind(_ object: JSONObject) -> Int {
    switch text(object, ["span_kind", "kind"])?.lowercased() {
    case "internal": 1
    case "server": 2
    case "client": 3
    case "producer": 4
    case "consumer": 5
    default: 0
    }
  }

  /// What the shapes keep attributes in, and every other member with a plain value.
  private static func attributes(of object: JSONObject) -> JSONObject {
    var attributes = JSONObject()
    for key in ["attributes", "span_attributes", "metrics", "tags"] {
      for member in object[key]?.object ?? [:] { attributes[member.key] = member.value }
    }
    let known: Set<String> = [
      "trace_id", "traceId", "span_id", "spanId", "parent_span_id", "parentSpanId", "parent_id",
      "operation_name",
      "operation", "name", "span_name", "start_time", "startTime", "timestamp", "start", "end_time",
      "endTime",
      "duration_ms", "duration", "status", "span_kind", "kind", "service", "service_name",
    ]
    for member in object where !known.contains(member.key) && attributes[member.key] == nil {
      switch member.value {
      case .object, .null: continue
      default: attributes[member.key] = member.value
      }
    }
    return attributes
  }

  // MARK: Measurements

  private mutating func addPoints(
    _ object: JSONObject, _ metrics: JSONObject, _ modified: Timestamp
  ) -> Outcome {
    let time = object["timestamp"].flatMap { Timestamp.parse($0)?.time } ?? modified
    guard time.nanoseconds > 0 else { return .dropped("a measurement without a time") }
    var attributes = JSONObject()
    if let id = object["id"]?.string { attributes["telemetry.id"] = .string(id) }
    for member in metrics where member.value.string != nil { attributes[member.key] = member.value }
    let numbers = metrics.filter { $0.value.double?.isFinite ?? false }
    guard !numbers.isEmpty else { return .dropped("a measurement without numbers") }
    for member in numbers {
      let point: JSONValue = [
        "timeUnixNano": .string("\(time.nanoseconds)"), "asDouble": member.value,
        "attributes": Self.attributes(attributes),
      ]
      let gauge: JSONValue = ["dataPoints": [point]]
      Self.append(["name": .string(member.key), "gauge": gauge], to: &points, "coordination")
    }
    count += 1
    return .taken
  }

  // MARK: OTLP

  private static func append(
    _ value: JSONValue, to list: inout [(service: String, values: [JSONValue])], _ service: String
  ) {
    if let place = list.firstIndex(where: { $0.service == service }) {
      list[place].values.append(value)
    } else {
      list.append((service, [value]))
    }
  }

  private static func text(_ object: JSONObject, _ keys: [String]) -> String? {
    keys.lazy.compactMap { object[$0]?.string }.first { !$0.isEmpty }
  }

  static func attributes(_ object: JSONObject) -> JSONValue {
    .array(object.map { ["key": .string($0.key), "value": value($0.value)] })
  }

  private static func value(_ value: JSONValue) -> JSONValue {
    switch value {
    case .null: [:]
    case .bool: ["boolValue": value]
    case .string: ["stringValue": value]
    case .number(let number):
      number.int.map { ["intValue": .string("\($0)")] }
        ?? (number.double.isFinite ? ["doubleValue": value] : [:])
    case .array(let elements): ["arrayValue": ["values": .array(elements.map(Self.value))]]
    case .object(let object): ["kvlistValue": ["values": attributes(object)]]
    }
  }
}
