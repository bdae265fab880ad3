import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl policy check`: looks for faults before a policy acts.
struct PolicyCheckCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Look for the faults of a policy over its states and in the loop it closes.",
    discussion: """
      Tells dead zones, runaways, limit cycles, rules that never fire, are shadowed or blocked, and contradictions, each
      with its smallest counter-example, under the limits, gates and score in force. Ends with 1 when there are faults.
      With --traces each finding is also written as a document that dsl auto replay --trace derives again.
      A policy for a simulated cluster (--backend sim, or one that asks for what only a cluster measures) is played on clusters
      instead; what is found there dsl policy play plays in the loop.

      Examples:
        dsl policy check
        dsl policy check mine.yaml --set limits.max_agents=20
        dsl policy check dslmodel --traces faults && dsl auto replay --trace faults/runaway-1.json
        dsl policy check cluster.yaml --backend sim --traces faults
      """)
  static let reportName = "policy-check"

  @Argument(help: "default, dslmodel, or a file; the configured one unless given.")
  var policy: String?

  @Option(
    help: ArgumentHelp("Write a trace of each finding into this directory.", valueName: "dir"),
    completion: .directory)
  var traces: String?

  @OptionGroup var backend: BackendOption

  @Option(
    help: ArgumentHelp("On clusters: validation episodes to play, 20 without it.", valueName: "count"))
  var episodes: Int?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings([backend.setting])
    if let check = try ClusterChecking(self, context, loaded) { return try check.report() }
    guard episodes == nil else {
      throw ValidationError("--episodes is for policies of a simulated cluster: give --backend sim with it.")
    }
    let engine = try context.fleetEngine(policy, loaded.settings)
    let found = PolicyCheck.run(engine, gates: loaded.settings.gates)
    let hash = PolicySource.hash(engine.policy.source)
    let decisive = SettingCatalog.decisive(loaded.settings)
    let written = try FaultTraces(folder: traces, files: context.files).write(found.findings, named: \.id) {
      $0.proof?.document(of: $0, engine, gates: loaded.settings.gates, settings: decisive, hash: hash)
    }
    var data = found.json.object ?? [:]
    data["backend"] = "files"
    data["cluster"] = .null
    data["traces"] = .strings(written)
    let payload = JSONValue.object(data)
    var report = Report(Self.reportName, payload) { text(found, written, $0) }
    report.warnings = loaded.warnings
    report.status = found.isClean ? .success : .gateFailed
    return report
  }

  private func text(_ report: PolicyReport, _ traces: [String], _ paint: Paint) -> String {
    var text =
      "\(Shown.safe(report.policy)): \(report.gridStates) states in "
      + "\(report.allStates / max(1, report.gridStates)) situations, \(report.loops) closed loops\n"
    text += report.shares.table(paint)
    for finding in report.findings { text += lines(finding, paint) }
    for path in traces { text += "trace: dsl auto replay --trace \(Shown.safe(path))\n" }
    if report.loops > 0 {
      text += paint("the closed loops are a model; --format json lists what it assumes\n", .quiet)
    }
    return text + (report.isClean ? paint("no faults\n", .strong) : "")
  }

  private func lines(_ finding: PolicyFinding, _ paint: Paint) -> String {
    let head = finding.isFault ? paint(finding.kind.rawValue, .warning) : paint("note", .quiet)
    var text = "\(head): \(Shown.safe(finding.message))\n"
    if let state = finding.state { text += "  smallest: \(state.text)\n" }
    if let sample = finding.sample { text += "  also the sample directory: \(sample.text)\n" }
    guard !finding.trace.isEmpty else { return text }
    var table = TextTable(header: [
      "  cycle", "agents", "starting", "work", "done", "health", "state", "rules",
    ])
    table.rightAligned = [0, 1, 2, 3, 4, 5]
    for step in finding.trace {
      let counts = [step.cycle, step.agents, step.starting, step.work, step.completed].map { String($0) }
      let refused = step.refused.map { "(\($0))" }
      table.rows.append(
        counts + [
          Shown.number(step.health), paint(step.state),
          Shown.safe((step.passed + refused).joined(separator: ", ")),
        ])
    }
    return text + table.text(paint)
  }
}
