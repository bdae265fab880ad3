import ArgumentParser
import Autonomy
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
      """)
  static let reportName = "policy-check"

  @Argument(help: "default, dslmodel, or a file; the configured one unless given.")
  var policy: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let engine = try context.policyEngine(policy, loaded.settings)
    let found = PolicyCheck.run(engine, gates: loaded.settings.gates)
    var report = Report(Self.reportName, found.json) { text(found, $0) }
    report.warnings = loaded.warnings
    report.status = found.isClean ? .success : .gateFailed
    return report
  }

  private func text(_ report: PolicyReport, _ paint: Paint) -> String {
    var text =
      "\(Shown.safe(report.policy)): \(report.gridStates) states in "
      + "\(report.allStates / max(1, report.gridStates)) situations, \(report.loops) closed loops\n"
    var table = TextTable(header: ["health", "states", "no decision", "no reason either"])
    table.rightAligned = [1, 2, 3]
    for share in report.shares {
      table.rows.append([
        paint(share.health), String(share.states), String(share.undecided), String(share.silent),
      ])
    }
    text += table.text(paint)
    for finding in report.findings { text += lines(finding, paint) }
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
