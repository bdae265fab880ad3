package import DSLBase

/// A span as it was read back from OTLP/JSON.
package struct ArchivedSpan: Sendable, Equatable {
  /// What happened during a span.
  package struct Event: Sendable, Equatable {
    package var name: String
    package var at: Timestamp
    package var attributes: JSONObject
  }

  /// Another span that it points to.
  package struct Link: Sendable, Equatable {
    package var traceID: TraceID
    package var spanID: SpanID
    package var attributes: JSONObject
  }

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
  /// By name, as plain JSON: integers and doubles are numbers, arrays arrays.
  package var attributes: JSONObject
  package var events: [Event]
  package var links: [Link]
  /// `service.name` of the process it came from.
  package var service: String?

  /// Seconds from start to end.
  package var seconds: Double { end.seconds(since: start) }

  /// The spans of one `TracesData` line.
  ///
  /// - Returns: `nil` when the line is not one: not JSON, or without `resourceSpans`. Single spans that lack
  ///   an id, a name or a time are left out.
  package static func spans(line: [UInt8]) -> [ArchivedSpan]? {
    guard let data = try? JSONParser.parse(line), let resources = data["resourceSpans"]?.array else {
      return nil
    }
    var spans: [ArchivedSpan] = []
    for resource in resources {
      let service = attributes(resource["resource"]?["attributes"])["service.name"]?.string
      for scope in resource["scopeSpans"]?.array ?? [] {
        for span in scope["spans"]?.array ?? [] {
          guard let span = ArchivedSpan(span, service: service) else { continue }
          spans.append(span)
        }
      }
    }
    return spans
  }

  private init?(_ json: JSONValue, service: String?) {
    guard let (traceID, spanID) = Self.ids(json), let name = json["name"]?.string,
      let start = Self.time(json["startTimeUnixNano"]), let end = Self.time(json["endTimeUnixNano"])
    else { return nil }
    self.name = name
    self.traceID = traceID
    self.spanID = spanID
    parentSpanID = json["parentSpanId"]?.string.flatMap { SpanID(hex: $0, upperCase: true) }
    kind = json["kind"]?.int ?? 0
    self.start = start
    self.end = end
    status = json["status"]?["code"]?.int ?? 0
    statusMessage = json["status"]?["message"]?.string
    attributes = Self.attributes(json["attributes"])
    events = (json["events"]?.array ?? []).compactMap { event in
      guard let name = event["name"]?.string, let at = Self.time(event["timeUnixNano"]) else { return nil }
      return Event(name: name, at: at, attributes: Self.attributes(event["attributes"]))
    }
    links = (json["links"]?.array ?? []).compactMap { link in
      Self.ids(link).map { Link(traceID: $0, spanID: $1, attributes: Self.attributes(link["attributes"])) }
    }
    self.service = service
  }

  private static func ids(_ json: JSONValue) -> (TraceID, SpanID)? {
    guard let trace = json["traceId"]?.string.flatMap({ TraceID(hex: $0, upperCase: true) }),
      let span = json["spanId"]?.string.flatMap({ SpanID(hex: $0, upperCase: true) })
    else { return nil }
    return (trace, span)
  }

  /// A 64-bit integer as OTLP/JSON has it: a string; a number is taken too, as receivers must.
  private static func time(_ json: JSONValue?) -> Timestamp? {
    (json?.string.flatMap(Int64.init) ?? json?.int.map(Int64.init)).map(Timestamp.init(nanoseconds:))
  }

  private static func attributes(_ json: JSONValue?) -> JSONObject {
    var attributes = JSONObject()
    for pair in json?.array ?? [] {
      if let key = pair["key"]?.string { attributes[key] = value(pair["value"]) }
    }
    return attributes
  }

  private static func value(_ json: JSONValue?) -> JSONValue {
    guard let member = json?.object?.first(where: { _ in true }) else { return .null }
    switch member.key {
    case "intValue": return member.value.string.flatMap(Int64.init).map { .int($0) } ?? member.value
    case "arrayValue": return .array((member.value["values"]?.array ?? []).map(value))
    case "kvlistValue": return .object(attributes(member.value["values"]))
    default: return member.value
    }
  }
}
