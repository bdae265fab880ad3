import DSLBase
import Logging

/// Writes log messages to stderr, one a line: time, level, message, then its fields in order.
struct LogLines: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level
  private let console: Console
  private let time: any TimeSource

  init(_ console: Console, time: any TimeSource, level: Logger.Level) {
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
    let text = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
    console.note("\(time.now) \(event.level) " + Shown.safe("\(event.message)\(text)"))
  }

  private static func quoted(_ value: String) -> String {
    value.contains { $0 == " " || $0 == "\"" } ? JSONValue.string(value).text() : value
  }
}
