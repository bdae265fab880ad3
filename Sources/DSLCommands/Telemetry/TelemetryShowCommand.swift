import ArgumentParser
import DSLBase
import SignalStore
import Telemetry

/// `dsl telemetry show`: one trace as a waterfall.
struct TelemetryShowCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a trace as a waterfall, with its log records.",
    discussion: "As wide as the terminal, or COLUMNS. Changes nothing.")
  static let reportName = "telemetry-show"

  @Argument(help: "The trace: 32 hexadecimal digits, as `dsl telemetry traces` lists them.")
  var trace: String

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    guard let id = TraceID(hex: trace, upperCase: true) else {
      throw DSLError(
        .invalidInput, "\(trace) is no trace id: expected 32 hexadecimal digits",
        fix: "dsl telemetry traces lists them")
    }
    let (store, unread, warnings) = try context.signals()
    let (spans, logs) = try store.trace(id, unread: unread)
    guard !spans.isEmpty || !logs.isEmpty else {
      throw DSLError(.notFound, "there is no trace \(id)", fix: "dsl telemetry traces lists those there are")
    }
    let data: JSONValue = [
      "trace_id": .string(id.description), "spans": .array(spans.map(\.json)),
      "logs": .array(logs.map(\.json)),
    ]
    let width = context.environment["COLUMNS"].flatMap(Int.init) ?? context.console.columns ?? 80
    var report = Report(Self.reportName, data) { paint in
      Waterfall(spans, width: width).text(paint)
        + (logs.isEmpty ? "" : "\n" + SignalTable.text(logs.map(SignalRecord.log), paint))
    }
    report.warnings = warnings
    return report
  }
}
