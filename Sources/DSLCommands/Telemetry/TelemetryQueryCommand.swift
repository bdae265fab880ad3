import ArgumentParser
import DSLBase
import SignalStore
import Telemetry

/// `dsl telemetry query`: spans, log records and data points.
struct TelemetryQueryCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Find spans, log records and data points, newest first.",
    discussion: """
      Looks at what was received and at what the directory's files hold: *.jsonl, telemetry_*.json, and what the engine \
      writes of itself. Changes nothing.
        dsl telemetry query --status error --since 1h
        dsl telemetry query --service cart --min-duration 500ms --attribute http.route=/items
        dsl telemetry query --signal logs --format jsonl
      """)
  static let reportName = "telemetry-query"

  @Option(help: "What to look for: traces, metrics or logs.")
  var signal = OTLPSignal.traces

  @OptionGroup var options: SignalOptions

  @Option(name: .shortAndLong, help: "Records to list at most.")
  var limit = 50

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard limit >= 0 else { throw ValidationError("--limit \(limit): expected 0 or more") }
  }

  func report(_ context: Context) async throws -> Report? {
    let query = try options.query(signal, limit: limit, now: context.time.now)
    let (store, unread, warnings) = try context.signals()
    let records = try store.records(query, unread: unread)
    if global.format == .jsonl, !global.json {
      for record in records { context.console.write(record.json.text() + "\n") }
      for warning in warnings { context.console.note("dsl: warning: " + Shown.safe(warning)) }
      return nil
    }
    let data: JSONValue = [
      "signal": .string(signal.rawValue), "limit": .int(limit), "records": .array(records.map(\.json)),
    ]
    var report = Report(Self.reportName, data) { SignalTable.text(records, $0) }
    report.warnings = warnings
    return report
  }
}

/// Records for people, a line each.
enum SignalTable {
  static func text(_ records: [SignalRecord], _ paint: Paint) -> String {
    guard !records.isEmpty else { return "nothing found\n" }
    var table = TextTable(header: header(records[0]))
    table.rightAligned = [3]
    table.rows = records.map { row($0, paint) }
    return table.text(paint)
  }

  static func row(_ record: SignalRecord, _ paint: Paint) -> [String] {
    let time = String(record.time.description.prefix(23)) + "Z"
    let service = Shown.clipped(Shown.safe(record.origin.service), 24)
    switch record {
    case .span(let span):
      return [
        time, service, Shown.clipped(Shown.safe(span.name), 40), duration(span.nanoseconds),
        state(span.status, paint), span.traceID.description,
      ]
    case .log(let log):
      let text = log.body.string ?? (log.body == .null ? log.eventName : log.body.text())
      return [
        time, service, Shown.clipped(Shown.safe(text), 80), String(log.severity),
        log.severity >= 17 ? paint(log.severityText ?? "error", .bad) : log.severityText ?? "-",
        log.traceID?.description ?? "-",
      ]
    case .point(let point):
      return [
        time, service, Shown.clipped(Shown.safe(point.metric), 40), Shown.number(point.value, decimals: 3),
        point.unit.isEmpty ? "-" : Shown.safe(point.unit), point.kind?.word ?? "-",
      ]
    }
  }

  private static func header(_ record: SignalRecord) -> [String] {
    switch record {
    case .span: ["time", "service", "name", "took", "status", "trace"]
    case .log: ["time", "service", "text", "severity", "level", "trace"]
    case .point: ["time", "service", "metric", "value", "unit", "kind"]
    }
  }

  static func state(_ status: Int, _ paint: Paint) -> String {
    status == 2 ? paint("error", .bad) : status == 1 ? paint("ok", .good) : "unset"
  }

  /// A duration in the unit that suits it.
  static func duration(_ nanoseconds: Int64) -> String {
    switch nanoseconds {
    case ..<1000: "\(nanoseconds)ns"
    case ..<1_000_000: Shown.number(Double(nanoseconds) / 1e3, decimals: 1) + "us"
    case ..<1_000_000_000: Shown.number(Double(nanoseconds) / 1e6, decimals: 1) + "ms"
    default: Shown.number(Double(nanoseconds) / 1e9, decimals: 2) + "s"
    }
  }
}
