import ArgumentParser
import DSLBase

/// `dsl telemetry remediation-history`: what the engine did about what it saw.
struct RemediationHistoryCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "remediation-history", abstract: "List what the engine did, newest first.",
    discussion: "Actions that were carried out or tried; `dsl auto history` lists refused decisions as well.")
  static let reportName = "remediation-history"

  @Option(name: .shortAndLong, help: "Actions to list at most.")
  var limit = 10

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard limit >= 0 else { throw ValidationError("--limit \(limit): expected 0 or more") }
  }

  func report(_ context: Context) async throws -> Report? {
    let remediation = try RemediationView(try context.journal(), in: context.directory)
    let history = try remediation.history(limit: limit)
    let data: JSONValue = [
      "limit": .int(limit), "history": .array(history), "total_actions": .optional(remediation.total),
    ]
    return Report(Self.reportName, data) { RemediationView.table(history, $0) }
  }
}
