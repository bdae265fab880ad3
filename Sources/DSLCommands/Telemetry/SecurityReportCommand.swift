import ArgumentParser
import Autonomy
import DSLBase

/// `dsl telemetry security-report`: who could have the engine do or believe something.
struct SecurityReportCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "security-report", abstract: "Examine who else could steer the engine, or read along.",
    discussion: """
      Looks at modes and owners of the coordination directory, its records, configuration, policy and state, and of \
      the programs that agents are run with, and at what was found in telemetry. Changes nothing. Of files permission bits \
      alone are looked at, no access control lists.
      """)
  static let reportName = "security-report"

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let view = try context.securityView(loaded)
    var report = Report(Self.reportName, ["report": view.data]) { view.text($0) }
    report.warnings = loaded.warnings + view.warnings
    return report
  }
}
