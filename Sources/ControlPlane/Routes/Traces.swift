import Autonomy
import Coordination
import DSLBase
import HTTPTypes
import SignalStore
import Telemetry

/// Traces: what was received, and what the directory's files hold beside it, the engine's own spans among it.
struct Traces: Sendable {
  let surface: ControlSurface
  let looks: LookingThread

  var routes: [Route] {
    let (surface, looks) = (surface, looks)
    return [
      Route(
        .get, "/api/v1/traces", .read, "Traces, received ones and the engine's own, newest first.",
        command: "serve-traces"
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

  /// The store, opened for looking, and what of the files is not in it.
  private static func signals(_ surface: ControlSurface) throws -> (store: SignalStore, unread: FileSignals) {
    let directory = surface.directory(try surface.settings().settings)
    let store = try SignalStore(directory: directory, access: .readOnly)
    guard try directory.files.status(directory.path) != nil else { return (store, FileSignals()) }
    return (store, try store.unread(directory))
  }

  private static func list(_ surface: ControlSurface, limit: Int) throws -> Envelope {
    let (store, unread) = try signals(surface)
    var query = SignalQuery(.traces)
    query.limit = limit
    let traces = try store.traces(query, unread: unread.blocks).map(json)
    var envelope = Envelope("serve-traces", ["traces": .array(traces), "count": .int(traces.count)])
    if unread.refused > 0 {
      envelope.warnings = ["\(unread.refused) parts of files cannot be read as telemetry"]
    }
    return envelope
  }

  private static func json(_ trace: TraceSummary) -> JSONValue {
    [
      "trace_id": .string(trace.id.description), "name": .string(trace.name),
      "service": .string(trace.service),
      "started_at": trace.start.json, "duration_ms": .double(Double(trace.nanoseconds) / 1e6),
      "spans": .int(trace.spans), "errors": .int(trace.errors),
    ]
  }

  private static func show(_ surface: ControlSurface, _ text: String) throws -> Envelope {
    guard let id = TraceID(hex: text, upperCase: true) else {
      throw DSLError(.notFound, "a trace's id is 32 hexadecimal digits", fix: "see /api/v1/traces")
    }
    let (store, unread) = try signals(surface)
    let spans = try store.trace(id, unread: unread.blocks).spans
    guard let first = spans.map(\.start).min() else {
      throw DSLError(.notFound, "there is no trace \(id)", fix: "see /api/v1/traces")
    }
    let rows = spans.map { json($0, since: first) }
    return Envelope("serve-trace", ["trace_id": .string(id.description), "spans": .array(rows)])
  }

  private static func json(_ span: SpanRecord, since first: Timestamp) -> JSONValue {
    [
      "span_id": .string(span.spanID.description),
      "parent_span_id": .optional(span.parentSpanID?.description),
      "name": .string(span.name), "service": .string(span.origin.service), "started_at": span.start.json,
      "offset_ms": .double(Double(span.start.nanoseconds - first.nanoseconds) / 1e6),
      "duration_ms": .double(Double(span.nanoseconds) / 1e6),
      "status": .string(SpanRecord.states[min(max(span.status, 0), 2)]),
      "status_message": .optional(span.statusMessage), "attributes": .object(span.attributes),
      "events": .array(
        span.events.map {
          ["name": .string($0.name), "at": $0.at.json, "attributes": .object($0.attributes)]
        }),
    ]
  }
}
