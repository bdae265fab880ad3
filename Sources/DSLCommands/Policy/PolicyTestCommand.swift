import ArgumentParser
import Autonomy
import DSLBase
import DecisionEngine

/// `dsl policy test`: holds a policy to a table of states and decisions.
struct PolicyTestCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Hold a policy to a table of states and the decisions expected of them.",
    discussion: "docs/policies.md has the format. Ends with 1 when a test fails.")
  static let reportName = "policy-test"

  @Argument(help: "The table, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Option(help: "The policy to test instead of the one that the table names.")
  var policy: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let table = try PolicyTable(yaml: try context.text(of: file), file: file)
    let engine = try context.policyEngine(policy ?? beside(table.policy), loaded.settings)
    let results = table.run(engine)
    let failed = results.count { !$0.passed }
    let data: JSONValue = [
      "policy": .string(engine.policy.name), "tests": .array(results.map(\.json)),
      "passed": .int(results.count - failed), "failed": .int(failed),
    ]
    var report = Report(Self.reportName, data) { text(results, $0) }
    report.warnings = loaded.warnings
    report.status = failed == 0 ? .success : .gateFailed
    return report
  }

  /// A file that the table names stands beside it.
  private func beside(_ policy: String?) -> String? {
    guard let policy, policy.contains(where: { $0 == "/" || $0 == "." }), !policy.hasPrefix("/"),
      let slash = file.lastIndex(of: "/")
    else { return policy }
    return file[...slash] + policy
  }

  private func text(_ results: [PolicyTable.Result], _ paint: Paint) -> String {
    var text = ""
    for result in results {
      text += (result.passed ? "ok    " : paint("FAILED", .warning) + "") + " \(Shown.safe(result.name))\n"
      for problem in result.problems { text += "  \(file):\(result.line): \(Shown.safe(problem))\n" }
    }
    return text + "\(results.count { $0.passed }) of \(results.count) tests passed\n"
  }
}
