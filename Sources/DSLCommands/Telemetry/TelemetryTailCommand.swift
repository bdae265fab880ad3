import ArgumentParser
import DSLBase
import SignalStore
import Telemetry

/// `dsl telemetry tail`: the newest records, and those that come.
struct TelemetryTailCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail",
    abstract: "Show the newest records, oldest first, and with --follow those that come.",
    discussion: "With --format jsonl one JSON object a line. Ends with Ctrl-C, or when its reader goes away.")
  static let reportName = "telemetry-tail"
  /// Seconds between two looks.
  private static let interval = 0.5
  /// Records that are remembered so that none is shown twice.
  private static let memory = 100_000

  @Option(help: "What to show: traces, metrics or logs.")
  var signal = OTLPSignal.traces

  @OptionGroup var options: SignalOptions

  @Option(name: [.customShort("n"), .customLong("lines")], help: "Records to begin with.")
  var lines = 10

  @Flag(help: "Go on showing what comes.")
  var follow = false

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard lines >= 0 else { throw ValidationError("--lines \(lines): expected 0 or more") }
  }

  func report(_ context: Context) async throws -> Report? {
    var query = try options.query(signal, limit: lines, now: context.time.now)
    let (store, unread, warnings) = try context.signals()
    let records = Array(try store.records(query, unread: unread).reversed())
    guard follow else {
      let data: JSONValue = ["signal": .string(signal.rawValue), "records": .array(records.map(\.json))]
      if global.format == .jsonl, !global.json {
        show(records, context)
        return nil
      }
      var report = Report(Self.reportName, data) { SignalTable.text(records, $0) }
      report.warnings = warnings
      return report
    }
    for warning in warnings { context.console.note("dsl: warning: " + Shown.safe(warning)) }
    query.limit = Self.memory
    // All that is there already counts as seen, whether it was shown or not.
    var seen = Set(try store.records(query, unread: unread).map(\.identity))
    show(records, context)
    while !context.console.isClosed {
      try await context.time.sleep(seconds: Self.interval)
      let (store, unread, _) = try context.signals()
      let new = try store.records(query, unread: unread).reversed().filter { !seen.contains($0.identity) }
      show(new, context)
      if seen.count > 2 * Self.memory { seen = Set(try store.records(query, unread: unread).map(\.identity)) }
      seen.formUnion(new.map(\.identity))
    }
    return nil
  }

  private func show(_ records: [SignalRecord], _ context: Context) {
    for record in records {
      if global.json || global.format == .json || global.format == .jsonl {
        context.console.write(record.json.text() + "\n")
      } else {
        context.console.write(SignalTable.row(record, context.paint).joined(separator: "  ") + "\n")
      }
    }
  }
}

extension SignalRecord {
  /// What tells a record from others.
  fileprivate var identity: Int {
    var hasher = Hasher()
    hasher.combine(time.nanoseconds)
    hasher.combine(origin.service)
    switch self {
    case .span(let span):
      hasher.combine(span.traceID)
      hasher.combine(span.spanID)
    case .log(let log):
      hasher.combine(log.body)
      hasher.combine(log.attributes)
    case .point(let point):
      hasher.combine(point.metric)
      hasher.combine(point.attributes)
    }
    return hasher.finalize()
  }
}
