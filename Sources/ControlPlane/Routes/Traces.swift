import Autonomy
import Coordination
import DSLBase
import HTTPTypes
import Telemetry

/// The traces of the engine's own spans, as its files have them.
struct Traces: Sendable {
  /// Lines that are read for a list: each is a trace, or a part of one.
  private static let readLimit = 2000

  let surface: ControlSurface
  let looks: LookingThread

  var routes: [Route] {
    let (surface, looks) = (surface, looks)
    return [
      Route(
        .get, "/api/v1/traces", .read, "Traces of the engine's cycles, newest first.", command: "serve-traces"
      ) {
        call in
        .envelope(try await looks.run { try Self.list(surface, limit: call.int("limit") ?? 20) })
      }.taking(Parameter("limit", .integer(1...200), "The most traces; 20 unless given.")),
      Route(.get, "/api/v1/traces/{id}", .read, "The spans of one trace.", command: "serve-trace") { call in
        .envelope(try await looks.run { try Self.show(surface, call.text("id") ?? "") })
      }.taking(Parameter("id", .text(32), "The trace's id: 32 hexadecimal digits.", isInPath: true))
        .failing(.notFound),
    ]
  }

  private static func archive(_ surface: ControlSurface) throws -> SpanArchive {
    let settings = try surface.settings().settings
    let directory = surface.directory(settings)
    return SpanArchive(files: directory.files, path: directory.spans, keep: settings.telemetry.keep)
  }

  private static func list(_ surface: ControlSurface, limit: Int) throws -> Envelope {
    var order: [TraceID] = []
    var found: [TraceID: [ArchivedSpan]] = [:]
    let summary = try archive(surface).read(limit: readLimit) { spans in
      for span in spans {
        if found[span.traceID] == nil {
          guard order.count < limit else { return false }
          order.append(span.traceID)
        }
        found[span.traceID, default: []].append(span)
      }
      return true
    }
    let traces = order.compactMap { id in found[id].map { json(id, $0) } }
    var envelope = Envelope("serve-traces", ["traces": .array(traces), "count": .int(traces.count)])
    if summary.unreadable > 0 {
      envelope.warnings = ["\(summary.unreadable) lines of \(surface.path)'s spans cannot be read"]
    }
    return envelope
  }

  private static func json(_ id: TraceID, _ spans: [ArchivedSpan]) -> JSONValue {
    let first = spans.min { $0.start < $1.start } ?? spans[0]
    let root = spans.first { $0.parentSpanID == nil } ?? first
    let end = spans.map(\.end).max() ?? root.end
    return [
      "trace_id": .string(id.description), "name": .string(root.name), "service": .optional(root.service),
      "started_at": first.start.json, "duration_ms": .double(end.seconds(since: first.start) * 1000),
      "spans": .int(spans.count), "errors": .int(spans.count { $0.status == 2 }),
    ]
  }

  private static func show(_ surface: ControlSurface, _ text: String) throws -> Envelope {
    guard let id = TraceID(hex: text, upperCase: true) else {
      throw DSLError(.notFound, "a trace's id is 32 hexadecimal digits", fix: "see /api/v1/traces")
    }
    let spans = try archive(surface).trace(id)
    guard let first = spans.first else {
      throw DSLError(.notFound, "there is no trace \(id)", fix: "see /api/v1/traces")
    }
    let rows = spans.map { span -> JSONValue in
      [
        "span_id": .string(span.spanID.description),
        "parent_span_id": .optional(span.parentSpanID?.description),
        "name": .string(span.name), "service": .optional(span.service), "started_at": span.start.json,
        "offset_ms": .double(span.start.seconds(since: first.start) * 1000),
        "duration_ms": .double(span.seconds * 1000),
        "status": .string(["unset", "ok", "error"][max(0, min(2, span.status))]),
        "status_message": .optional(span.statusMessage), "attributes": .object(span.attributes),
        "events": .array(
          span.events.map {
            ["name": .string($0.name), "at": $0.at.json, "attributes": .object($0.attributes)]
          }),
      ]
    }
    return Envelope("serve-trace", ["trace_id": .string(id.description), "spans": .array(rows)])
  }
}
