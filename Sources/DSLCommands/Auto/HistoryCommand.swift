import ArgumentParser
import Coordination
import DSLBase

extension DecisionOutcome: ExpressibleByArgument {}

extension Context {
  /// The journal for reading; `nil` when nothing was ever journaled.
  func journal() throws -> Journal? { try Journal.openForReading(directory) }
}

/// `dsl auto history`: what was decided and what became of it.
struct HistoryCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List past decisions and what became of them, newest first.")
  static let reportName = "auto-history"

  @Option(name: .shortAndLong, help: "Decisions to list at most.")
  var limit = 20

  @Option(help: ArgumentHelp("Only decisions of this cycle.", valueName: "id"))
  var cycle: String?

  @Option(name: .long, help: "Only decisions of this type; may be repeated.")
  var type: [String] = []

  @Option(name: .long, help: "Only decisions with this outcome; may be repeated.")
  var outcome: [DecisionOutcome] = []

  @Option(help: ArgumentHelp("Only decisions at most this old, such as 2h.", valueName: "duration"))
  var since: String?

  @Flag(help: "List cycles instead of decisions.")
  var cycles = false

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let age = try since.map { try Input.seconds($0, "--since") }
    let from = age.map { context.time.now.adding(seconds: -$0) }
    let journal = try context.journal()
    if cycles {
      let found = try journal?.cycles(CycleFilter(since: from, limit: limit)) ?? []
      return Report(
        Self.reportName, ["cycles": .array(found.map(DecisionView.summary)), "count": .int(found.count)]
      ) {
        cycleTable(found, $0)
      }
    }
    let whole = try cycle.map { try journal?.cycle($0).record.id ?? $0 }
    let found =
      try journal?.decisions(
        DecisionFilter(cycle: whole, types: type, outcomes: outcome, since: from, limit: limit)) ?? []
    let data: JSONValue = [
      "decisions": .array(found.map(DecisionView.summary)), "count": .int(found.count),
    ]
    return Report(Self.reportName, data) { paint in
      found.isEmpty ? "no decisions\n" : DecisionView.table(found, paint)
    }
  }

  private func cycleTable(_ cycles: [JournaledCycle], _ paint: Paint) -> String {
    guard !cycles.isEmpty else { return "no cycles\n" }
    var table = TextTable(header: [
      "started", "cycle", "health", "state", "executed", "failed", "skipped", "ms",
    ])
    table.rightAligned = [2, 4, 5, 6, 7]
    for cycle in cycles {
      let metrics = cycle.record.metrics
      let state = metrics["health_state"]?.string.flatMap(HealthState.init) ?? .unknown
      table.rows.append([
        String(cycle.record.startedAt.description.prefix(19)) + "Z", cycle.record.id,
        Shown.number(metrics["health_score"]?.double), paint(state),
        cycle.result.map { String($0.executed) } ?? "-", cycle.result.map { String($0.failed) } ?? "-",
        cycle.result.map { String($0.skipped) } ?? "-", Shown.number(cycle.result?.durationMs, decimals: 1),
      ])
    }
    return table.text(paint)
  }
}

/// `dsl auto show`: one decision or cycle, whole.
struct ShowCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one decision or cycle with everything that is known of it.")
  static let reportName = "auto-show"

  @Argument(help: "The id of a decision (d-…) or a cycle (c-…), or a beginning of it that only one has.")
  var id: String

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    guard let journal = try context.journal() else {
      throw DSLError(.notFound, "\(context.directory.path) has no journal, so nothing was decided here yet")
    }
    let data: JSONValue
    if id.hasPrefix("c-") {
      let cycle = try journal.cycle(id)
      var object = DecisionView.summary(cycle).object ?? [:]
      object["observation"] = cycle.record.observation
      object["settings"] = cycle.record.settings
      let decisions = try journal.decisions(DecisionFilter(cycle: cycle.record.id, limit: 1000))
      object["decisions"] = .array(decisions.reversed().map(DecisionView.whole))
      data = .object(object)
    } else {
      data = DecisionView.whole(try journal.decision(id))
    }
    return Report(Self.reportName, data) { _ in YAMLText.of(data) }
  }
}
