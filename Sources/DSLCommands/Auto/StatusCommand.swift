import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl auto status`: how the fleet does.
struct StatusCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show how the fleet does.",
    discussion: """
      Changes nothing. The exit status tells whether the engine can see, not whether the fleet is well, unless asked:
      --exit-code ends with 1 on a degraded and 2 on a critical fleet, --fail-below with 1 below a score.
      """)
  static let reportName = "auto-status"

  @Flag(name: .customLong("exit-code"), help: "End with 1 when degraded and 2 when critical.")
  var exitCode = false

  @Option(
    name: .customLong("fail-below"), help: ArgumentHelp("End with 1 below this score.", valueName: "score"))
  var failBelow: Double?

  @Option(
    help: ArgumentHelp(
      "Write metrics there as well, for the node exporter of Prometheus.",
      valueName: "file"), completion: .file())
  var textfile: String?

  @OptionGroup var backend: BackendOption
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings([backend.setting])
    return try await context.withEngine(loaded.settings, .look) { engine in
      let status = await engine.asked(try engine.status())
      if let textfile { try engine.write(try engine.metrics(of: status), textfile: textfile) }
      var report = StatusView(status, directory: context.directory.path).report(verbose: global.verbose)
      report.warnings = loaded.warnings + status.warnings
      report.status = verdict(status.observation)
      return report
    }
  }

  private func verdict(_ observation: Observation) -> ExitStatus {
    guard observation.blind == nil, let score = observation.metrics.healthScore else { return .unknownState }
    if let failBelow, score < failBelow { return .gateFailed }
    switch observation.metrics.healthState {
    case .critical where exitCode: return .critical
    case .degraded where exitCode: return .gateFailed
    default: return .success
    }
  }
}
