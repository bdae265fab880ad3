import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl notify test`: whether messages arrive.
struct NotifyTestCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Send a message that says that nothing is wrong, and say whether it arrived.",
    discussion: """
      Each receiver gets it once, whatever severity it asks for, without waiting behind others; a failed attempt is not
      repeated. Ends with 1 when one did not get it. Neither the journal nor incidents change.

      Examples:
        dsl notify test
        dsl notify test pager slack
      """)
  static let reportName = "notify-test"

  @Argument(help: "Names of receivers under notify; all unless given.")
  var receivers: [String] = []

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    try loaded.requireReadable()
    let configured = loaded.settings.notify.receivers
    guard !configured.isEmpty else {
      throw DSLError(
        .notFound, "no receiver is configured", fix: "name one under notify (docs/notifications.md)")
    }
    for name in receivers where !configured.contains(where: { $0.name == name }) {
      let hint = NearestSpelling.hint(for: name, among: configured.map(\.name))
      throw DSLError(.notFound, "notify names no receiver \"\(name)\"" + hint)
    }
    let asked = configured.filter { receivers.isEmpty || receivers.contains($0.name) }
    let message = TestMessage(context.directory, context.world(loaded.settings), by: AccountName.current)
    let results = await message.send(to: asked)
    let failed = results.filter { $0.outcome != "delivered" }
    let data: JSONValue = [
      "receivers": .array(
        results.map {
          [
            "name": .string($0.receiver), "outcome": .string($0.outcome), "reason": .optional($0.reason),
          ]
        }), "delivered": .int(results.count - failed.count), "failed": .int(failed.count),
    ]
    var report = Report(Self.reportName, data) { paint in
      results.map { result in
        paint.mark(result.outcome == "delivered") + " \(Shown.safe(result.receiver)): \(result.outcome)\n"
      }.joined()
    }
    report.warnings = loaded.warnings
    report.errors = failed.map { "\($0.receiver): \($0.reason ?? $0.outcome)" }
    report.status = failed.isEmpty ? .success : .gateFailed
    return report
  }
}
