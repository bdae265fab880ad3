import ArgumentParser
import Autonomy
import DSLBase
import DecisionEngine

/// `dsl telemetry security-report`: who could have the engine do or believe something.
struct SecurityReportCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "security-report", abstract: "Examine who else could steer the engine, or read along.",
    discussion: """
      Looks at modes and owners of the coordination directory, its records, configuration, policy and state, and of \
      the programs that agents are run with, and at what was found in telemetry. Changes nothing. Of files permission bits \
      alone are looked at, no access control lists. With --print-rules it prints the rules that telemetry is held \
      against, standard ones and those of security.rules, as they may stand in dsl.yaml, and looks at nothing.
        dsl telemetry security-report --print-rules > rules.yaml
      """)
  static let reportName = "security-report"

  @Flag(help: "Print the rules that hold, as they may stand in dsl.yaml.")
  var printRules = false

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    if printRules { return SecurityRulesReport.of(loaded) }
    let view = try context.securityView(loaded)
    var report = Report(Self.reportName, ["report": view.data]) { view.text($0) }
    report.warnings = loaded.warnings + view.warnings
    return report
  }
}

/// What `--print-rules` prints: configuration that makes the rules that hold.
private enum SecurityRulesReport {
  static let reportName = "security-rules"

  static func of(_ loaded: LoadedSettings) -> Report {
    let rules = loaded.settings.security.rules.inForce
    let data: JSONValue = ["security": ["rules": .array(rules.map(\.json))]]
    var report = Report(reportName, data) { _ in YAMLText.of(data) }
    report.warnings = loaded.warnings
    return report
  }
}
