import ArgumentParser
import Autonomy
import ClusterSim
import Coordination
import DSLBase
import DecisionEngine

/// `dsl policy play`: lets the loop run into what a check found.
struct PolicyPlayCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "play",
    abstract: "Play a counter-example of a check on a simulated cluster, in the loop itself.",
    discussion: """
      Takes a trace that dsl policy check --backend sim --traces wrote, makes a directory whose cluster stands where the finding
      begins, and runs the loop there: journal, gates, undo and all, with a clock that goes on by the loop's interval in each
      cycle. The directory stays, for dsl auto history, dsl sim explain and dsl serve. Ends with 1 when what the finding says does
      not happen. With --policy another policy plays from the same state, and it ends with 1 when it happens all the same.

      Examples:
        dsl policy check mine.yaml --backend sim --traces faults
        dsl policy play faults/cluster_fails-1.json played
        dsl policy play faults/cluster_fails-1.json mended --policy mended.yaml
      """)
  static let reportName = "policy-play"

  @Argument(help: "A trace.", completion: .file(extensions: ["json"]))
  var trace: String

  @Argument(help: "Where to play it: a directory that is not there yet.", completion: .directory)
  var into: String

  @Option(help: "Another policy to play it with: default, dslmodel, or a file.")
  var policy: String?

  @Option(
    name: .customLong("max-cycles"),
    help: ArgumentHelp(
      "Cycles at most; as many as the finding takes unless given.", valueName: "count"))
  var cycles: Int?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    guard cycles.map({ (1...1_000_000).contains($0) }) ?? true else {
      throw DSLError(.invalidInput, "--max-cycles \(cycles ?? 0)", fix: "give 1 to 1000000")
    }
    let read = try ClusterTrace(TraceReplay.json(trace, context))
    var other: String?
    if let policy {
      var settings = try context.settings().settings
      settings.backend = SimBackend.word
      other = try context.policyEngine(policy, settings).policy.source
    }
    let directory = CoordinationDirectory(path: into, files: context.files)
    let play = ClusterPlay(read, in: directory, other: other)
    try play.prepare()
    var progress = Progress("cycles", total: cycles ?? play.cycles, context)
    let outcome = try await play.run(limit: cycles, progress: { progress.show($0) }) { context.world($0) }
    progress.end()
    let isAsWanted = outcome.isShown == (policy == nil)
    let data: JSONValue = [
      "trace": .string(trace), "directory": .string(into), "finding": .string(read.findingID),
      "message": .string(read.message), "policy": .string(policy ?? read.policyName),
      "cycles": .int(outcome.cycles), "executed": .int(outcome.executed),
      "held": .array(outcome.held.map { ["gate": .string($0.gate), "decisions": .int($0.count)] }),
      "cause": .string(outcome.cause.name), "shown": .bool(outcome.isShown),
      "parted_after_cycle": .optional(outcome.parted), "black_box": .optional(outcome.blackBox),
    ]
    var report = Report(Self.reportName, data) { text(read, outcome, $0) }
    report.warnings = outcome.warnings
    report.status = isAsWanted ? .success : .gateFailed
    return report
  }

  private func text(_ trace: ClusterTrace, _ outcome: ClusterPlay.Outcome, _ paint: Paint) -> String {
    var text = "\(Shown.safe(trace.policyName)): \(Shown.safe(trace.message))\n"
    text +=
      "\(outcome.cycles.counted("cycle")) of the loop in \(Shown.safe(into))"
      + (policy.map { " with \(Shown.safe($0))" } ?? "")
      + ", \(outcome.executed.counted("decision")) carried out"
    for (gate, count) in outcome.held { text += ", \(count) held by \(gate)" }
    text +=
      outcome.cause == .none ? "; the cluster goes on\n" : "; the episode ended: \(outcome.cause.name)\n"
    if policy == nil {
      text +=
        outcome.parted.map { paint("the loop parts from the trace after cycle \($0)", .warning) + "\n" }
        ?? "state for state as in the trace\n"
    }
    if let box = outcome.blackBox { text += "recorded: dsl sim explain \(Shown.safe(box))\n" }
    let happens = outcome.isShown ? "it happens" : "it does not happen"
    return text + paint(happens, outcome.isShown == (policy == nil) ? .strong : .warning) + "\n"
  }
}
