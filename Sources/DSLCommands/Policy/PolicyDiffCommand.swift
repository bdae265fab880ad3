import ArgumentParser
import Autonomy
import DSLBase
import DecisionEngine

/// `dsl policy diff`: where two policies decide differently.
struct PolicyDiffCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show in which states two policies decide differently.",
    discussion: "Compares over the states of policy check. Ends with 1 when they differ in any.")
  static let reportName = "policy-diff"

  @Argument(help: "default, dslmodel, or a file.")
  var first: String

  @Argument(help: "The policy to compare it with.")
  var second: String

  @Option(name: .shortAndLong, help: "Changes to list at most in a table.")
  var limit = 20

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let diff = PolicyDiff(
      try context.fleetEngine(first, loaded.settings), try context.fleetEngine(second, loaded.settings))
    var report = Report(Self.reportName, diff.json) { text(diff, $0) }
    report.warnings = loaded.warnings
    report.status = diff.differing == 0 ? .success : .gateFailed
    return report
  }

  private func text(_ diff: PolicyDiff, _ paint: Paint) -> String {
    let summary = "\(diff.differing) of \(diff.compared) states differ\n"
    guard diff.differing > 0 else { return summary }
    var table = TextTable(header: ["states", first, second, "smallest"].map(Shown.safe))
    table.rightAligned = [0]
    func rules(_ names: [String]) -> String {
      names.isEmpty ? "nothing" : Shown.safe(names.joined(separator: ", "))
    }
    for change in diff.changes.prefix(max(0, limit)) {
      table.rows.append([
        String(change.states), rules(change.before), rules(change.after), change.example.text,
      ])
    }
    let rest = diff.changes.count - max(0, limit)
    return summary + table.text(paint)
      + (rest > 0 ? "and \(rest) more kinds of change; --limit shows them\n" : "")
  }
}
