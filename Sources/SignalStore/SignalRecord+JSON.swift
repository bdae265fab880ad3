package import DSLBase
package import Telemetry

extension SignalRecord {
  /// All that is known of a record, as commands and the server show it.
  package var json: JSONValue {
    switch self {
    case .span(let span): span.json
    case .log(let log): log.json
    case .point(let point): point.json
    }
  }
}

extension SignalOrigin {
  /// Adds where a record comes from.
  fileprivate func add(to object: inout JSONObject) {
    object["scope"] = .optional(scope.isEmpty ? nil : scope)
    object["resource"] = .object(resource)
  }
}

extension SpanRecord {
  /// Words for kinds and states, by their numbers in OTLP.
  package static let kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"]
  package static let states = ["unset", "ok", "error"]

  /// All that is known of a span.
  package var json: JSONValue {
    var object: JSONObject = [
      "service": .string(origin.service), "name": .string(name), "trace_id": .string(traceID.description),
      "span_id": .string(spanID.description), "parent_span_id": .optional(parentSpanID?.description),
      "kind": .string(Self.kinds[min(max(kind, 0), 5)]), "start": start.json, "end": end.json,
      "duration_ms": .double(Double(nanoseconds) / 1e6),
      "status": .string(Self.states[min(max(status, 0), 2)]),
      "status_message": .optional(statusMessage), "attributes": .object(attributes),
      "events": .array(
        events.map { ["name": .string($0.name), "at": $0.at.json, "attributes": .object($0.attributes)] }),
      "links": .array(
        links.map {
          [
            "trace_id": .string($0.traceID.description), "span_id": .string($0.spanID.description),
            "attributes": .object($0.attributes),
          ]
        }),
    ]
    origin.add(to: &object)
    return .object(object)
  }
}

extension LogSignal {
  /// All that is known of a log record.
  package var json: JSONValue {
    var object: JSONObject = [
      "service": .string(origin.service), "time": time.json, "severity": .int(severity),
      "severity_text": .optional(severityText), "event": .optional(eventName.isEmpty ? nil : eventName),
      "body": body,
      "trace_id": .optional(traceID?.description), "span_id": .optional(spanID?.description),
      "attributes": .object(attributes),
    ]
    origin.add(to: &object)
    return .object(object)
  }
}

extension PointSignal {
  /// All that is known of a data point.
  package var json: JSONValue {
    var object: JSONObject = [
      "service": .string(origin.service), "metric": .string(metric), "kind": .optional(kind?.word),
      "unit": .optional(unit.isEmpty ? nil : unit), "time": time.json,
      "value": integer.map { .int($0) } ?? .optional(value), "attributes": .object(attributes),
      "distribution": .object(distribution),
    ]
    origin.add(to: &object)
    return .object(object)
  }
}

extension TraceSummary {
  /// A trace at a glance.
  package var json: JSONValue {
    [
      "trace_id": .string(id.description), "service": .string(service), "name": .string(name),
      "has_root": .bool(hasRoot), "spans": .int(spans), "errors": .int(errors), "services": .int(services),
      "start": start.json, "end": end.json, "duration_ms": .double(Double(nanoseconds) / 1e6),
    ]
  }
}
