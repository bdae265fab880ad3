import ArgumentParser
import DSLBase
import SignalStore
import Telemetry

/// `dsl telemetry traces`: traces at a glance.
struct TelemetryTracesCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "traces", abstract: "List traces, newest first: root, service, spans, errors, duration.",
    discussion: "A trace is listed when one of its spans is as the options say. Changes nothing.")
  static let reportName = "telemetry-traces"

  @OptionGroup var options: SignalOptions

  @Option(name: .shortAndLong, help: "Traces to list at most.")
  var limit = 20

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard limit >= 0 else { throw ValidationError("--limit \(limit): expected 0 or more") }
  }

  func report(_ context: Context) async throws -> Report? {
    let query = try options.query(.traces, limit: limit, now: context.time.now)
    let (store, unread, warnings) = try context.signals()
    let traces = try store.traces(query, unread: unread)
    let data: JSONValue = ["limit": .int(limit), "traces": .array(traces.map(\.json))]
    var report = Report(Self.reportName, data) { Self.table(traces, $0) }
    report.warnings = warnings
    return report
  }

  private static func table(_ traces: [TraceSummary], _ paint: Paint) -> String {
    guard !traces.isEmpty else { return "no traces\n" }
    var table = TextTable(header: ["start", "service", "root", "spans", "errors", "took", "trace"])
    table.rightAligned = [3, 4, 5]
    for trace in traces {
      let errors = trace.errors > 0 ? paint(String(trace.errors), .bad) : "0"
      let name = Shown.clipped(Shown.safe(trace.name), 40)
      table.rows.append([
        String(trace.start.description.prefix(23)) + "Z", Shown.clipped(Shown.safe(trace.service), 24),
        trace.hasRoot ? name : name + paint(" (root missing)", .quiet), String(trace.spans), errors,
        SignalTable.duration(trace.nanoseconds), trace.id.description,
      ])
    }
    return table.text(paint)
  }
}
