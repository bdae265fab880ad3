import DSLBase
import Logging
import Telemetry

/// Writes log messages to stderr, one a line: time, level, message, then its fields in order. Collectors get the same
/// messages, with the place in the trace.
struct LogLines: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level
  private let console: Console
  private let time: any TimeSource
  private let export: TelemetryExport?

  init(_ console: Console, time: any TimeSource, level: Logger.Level, export: TelemetryExport? = nil) {
    self.export = export
    self.console = console
    self.time = time
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = metadata.merging(event.metadata ?? [:]) { $1 }
    send(event, fields)
    let text = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
    console.note("\(time.now) \(event.level) " + Shown.safe("\(event.message)\(text)"))
  }

  private func send(_ event: LogEvent, _ fields: Logger.Metadata) {
    guard let export, export.wantsLogs else { return }
    let attributes = fields.map { (key: $0.key, value: "\($0.value)") }.sorted { $0.key < $1.key }
    export.log(
      LogRecord(
        at: time.now, severity: Self.severity(event.level), level: event.level.rawValue,
        body: "\(event.message)", attributes: attributes, place: .current))
  }

  private static func severity(_ level: Logger.Level) -> LogRecord.Severity {
    switch level {
    case .trace: .trace
    case .debug: .debug
    case .info: .info
    case .notice: .notice
    case .warning: .warning
    case .error: .error
    case .critical: .critical
    }
  }

  private static func quoted(_ value: String) -> String {
    value.contains { $0 == " " || $0 == "\"" } ? JSONValue.string(value).text() : value
  }
}
