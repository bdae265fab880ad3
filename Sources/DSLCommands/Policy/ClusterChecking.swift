import Autonomy
import ClusterSim
import Coordination
import DSLBase
import DecisionEngine

/// `dsl policy check` on simulated clusters.
struct ClusterChecking {
  /// Episodes that are played unless told otherwise, and at most.
  private static let episodes = (usual: 20, most: 10_000)

  private let command: PolicyCheckCommand
  private let context: Context
  private let loaded: LoadedSettings
  private let settings: Settings
  private let engine: DecisionEngine
  private var warnings: [String]

  /// - Returns: `nil` where the policy is one for a fleet.
  /// - Throws: what reading the policy throws.
  init?(_ command: PolicyCheckCommand, _ context: Context, _ loaded: LoadedSettings) throws {
    var settings = loaded.settings
    var notes: [String] = []
    if settings.backend != SimBackend.word {
      guard command.backend.backend == nil, settings.backend == "files",
        (try? context.policyEngine(command.policy, settings)) == nil
      else { return nil }
      settings.backend = SimBackend.word
      // What neither a fleet nor a cluster knows is told as for the fleet.
      guard let other = try? context.policyEngine(command.policy, settings) else { return nil }
      let asked = other.policy.clusterMetrics(other.health).map(\.rawValue).joined(separator: ", ")
      let why = asked.isEmpty ? "it decides what only a cluster can carry out" : "it asks about \(asked)"
      notes.append("checked on simulated clusters, because \(why); --backend sim says so beforehand")
    }
    engine = try context.policyEngine(command.policy, settings)
    (self.command, self.context, self.loaded, self.settings) = (command, context, loaded, settings)
    warnings = loaded.warnings + notes
  }

  func report() throws -> Report {
    let count = command.episodes ?? Self.episodes.usual
    guard (1...Self.episodes.most).contains(count) else {
      throw DSLError(.invalidInput, "--episodes \(count)", fix: "give 1 to \(Self.episodes.most)")
    }
    let configuration = try ClusterStore(context.directory, settings.sim).configuration()
    var check = ClusterCheck(
      engine, settings.gates, configuration, seed: settings.sim.seed,
      interval: settings.loop.intervalSeconds)
    var progress = Progress("episodes", total: count, context)
    let found = try check.run(episodes: count) { progress.show($0) }
    progress.end()
    let (decisive, hash) = (SettingCatalog.decisive(settings), PolicySource.hash(engine.policy.source))
    let traces = FaultTraces(folder: command.traces, files: context.files)
    let written = try traces.write(found.findings, named: \.id) {
      try ClusterTrace.document(of: $0, check, settings: decisive, hash: hash)
    }
    var data = found.json.object ?? [:]
    data["traces"] = .strings(written)
    let payload = JSONValue.object(data)
    var report = Report(PolicyCheckCommand.reportName, payload) { text(found, written, $0) }
    report.warnings = warnings
    report.status = found.isClean ? .success : .gateFailed
    return report
  }

  private func text(_ report: ClusterReport, _ traces: [String], _ paint: Paint) -> String {
    var text =
      "\(Shown.safe(report.policy)): \(report.looks) states of \(report.episodes.counted("episode")), "
      + "\(report.configuration.height)x\(report.configuration.width) cells, \(report.loops) closed loops; "
      + "the cluster failed in \(report.failed), with \(ClusterCheck.yardstick) in \(report.yardstickFailed)\n"
    text += report.shares.table(paint)
    for finding in report.findings { text += lines(finding, paint) }
    for path in traces { text += "trace: dsl policy play \(Shown.safe(path)) DIR\n" }
    text += paint("this is a search: --format json lists what it assumes\n", .quiet)
    return text + (report.isClean ? paint("no faults found\n", .strong) : "")
  }

  private func lines(_ finding: ClusterFinding, _ paint: Paint) -> String {
    let head = finding.isFault ? paint(finding.kind.rawValue, .warning) : paint("note", .quiet)
    var text = "\(head): \(Shown.safe(finding.message))\n"
    if let start = finding.start { text += "  from: \(start.text), key \(BlackBox.text(start.key))\n" }
    guard !finding.trace.isEmpty else { return text }
    var table = TextTable(header: [
      "  cycle", "step", "hot", "critical", "load", "budget", "state", "action", "rules",
    ])
    table.rightAligned = [0, 1, 2, 3, 4, 5]
    for step in finding.trace {
      let seen = step.seen
      table.rows.append([
        String(step.cycle), String(seen.step), String(seen.hot), Shown.number(seen.criticalMemory),
        Shown.number(seen.load), Shown.number(seen.budget), paint(step.state), step.action,
        Shown.safe((step.passed + step.refused.map { "(\($0))" }).joined(separator: ", ")),
      ])
    }
    return text + table.text(paint)
  }
}
