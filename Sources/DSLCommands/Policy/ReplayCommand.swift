import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl auto replay`: derives journaled decisions once more.
struct ReplayCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Derive journaled decisions again, bit for bit, from what was seen then.",
    discussion: """
      Ends with 1 when a decision differs and names the first field that does. With --policy it shows what another
      policy would have decided: added, dropped, changed. Changes nothing.
      """)
  static let reportName = "auto-replay"

  @Argument(help: "Ids of cycles (c-…), or beginnings that only one has; the last one unless given.")
  var cycles: [String] = []

  @Flag(help: "All cycles in the journal.")
  var all = false

  @Option(help: "Decide by this policy instead: default, dslmodel, or a file.")
  var policy: String?

  @OptionGroup var global: GlobalOptions

  /// What came of one cycle.
  private struct Outcome {
    var cycle: String
    var decisions: Int
    var differences: [Replay.Difference]
    /// Why it could not be replayed.
    var problem: String?

    var json: JSONValue {
      [
        "cycle": .string(cycle), "decisions": .int(decisions), "equal": .bool(isEqual),
        "differences": .array(differences.map(\.json)), "problem": .optional(problem),
      ]
    }

    var isEqual: Bool { differences.isEmpty && problem == nil }
  }

  func report(_ context: Context) async throws -> Report? {
    guard let journal = try context.journal() else {
      throw DSLError(.notFound, "\(context.directory.path) has no journal, so nothing was decided here yet")
    }
    let loaded = try context.settings()
    let other = try policy.map { try context.policyEngine($0, loaded.settings).policy }
    let found: [JournaledCycle]
    if cycles.isEmpty {
      found = try journal.cycles(CycleFilter(limit: all ? Int(Int32.max) : 1)).reversed()
    } else {
      found = try cycles.map { try journal.cycle($0) }
    }
    let outcomes = try found.map { try replay($0, journal, context, loaded.settings, other) }
    let differing = outcomes.count { !$0.isEqual }
    let data: JSONValue = [
      "policy": .optional(other?.name), "cycles": .array(outcomes.map(\.json)),
      "replayed": .int(outcomes.count { $0.problem == nil }), "differing": .int(differing),
    ]
    var report = Report(Self.reportName, data) { text(outcomes, $0) }
    report.warnings = loaded.warnings
    report.status = differing == 0 || other != nil ? .success : .gateFailed
    return report
  }

  private func replay(
    _ cycle: JournaledCycle, _ journal: Journal, _ context: Context, _ settings: Settings, _ other: Policy?
  ) throws -> Outcome {
    let record = cycle.record
    let journaled = try journal.decisions(DecisionFilter(cycle: record.id, limit: 10_000)).reversed()
    var outcome = Outcome(cycle: record.id, decisions: journaled.count, differences: [])
    do {
      let conditions = try JournaledConditions(settings: record.settings)
      let policy = try other ?? context.policyEngine(conditions.policy, settings).policy
      if other == nil, PolicySource.hash(policy.source) != record.policyHash {
        outcome.problem =
          "the policy \(conditions.policy) has changed since (\(record.policyHash) then); "
          + "--policy shows what another decides"
        return outcome
      }
      let engine = DecisionEngine(policy: policy, health: conditions.health, limits: conditions.limits)
      outcome.differences = Replay.compare(
        engine, try Observation(json: record.observation), cycle: record.id,
        journaled: journaled.map(\.decision), byRule: other != nil,
        strategies: try AnsweredStrategy.all(in: record.settings))
      // A process that died noted only the first of its decisions.
      if cycle.result == nil, other == nil { outcome.differences.removeAll { $0.kind == "added" } }
    } catch let error as DSLError {
      outcome.problem = error.description
    }
    return outcome
  }

  private func text(_ outcomes: [Outcome], _ paint: Paint) -> String {
    var text = ""
    for outcome in outcomes where !outcome.isEqual {
      text += paint(outcome.cycle, .strong) + "\n"
      for difference in outcome.differences { text += "  \(Shown.safe(difference.text))\n" }
      if let problem = outcome.problem {
        text += "  " + paint("cannot be replayed: \(Shown.safe(problem))", .warning) + "\n"
      }
    }
    let decisions = outcomes.map(\.decisions).reduce(0, +)
    return text
      + "\(outcomes.count { $0.isEqual }) of \(outcomes.count) cycles equal, \(decisions) decisions\n"
  }
}
