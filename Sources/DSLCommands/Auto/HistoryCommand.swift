import ArgumentParser
import Autonomy
import Coordination
import DSLBase

extension DecisionOutcome: ExpressibleByArgument {}

extension Context {
  /// The journal for reading; `nil` when nothing was ever journaled.
  func journal() throws -> Journal? { try Journal.openForReading(directory) }
}

/// Which of the journal's decisions are meant.
struct HistoryOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only decisions of this cycle.", valueName: "id"))
  var cycle: String?

  @Option(name: .long, help: "Only decisions of this type; may be repeated.")
  var type: [String] = []

  @Option(name: .long, help: "Only decisions with this outcome; may be repeated.")
  var outcome: [DecisionOutcome] = []

  @Option(name: .long, help: "Only decisions of this rule; may be repeated.")
  var rule: [String] = []

  @Option(name: .long, help: "Only decisions about this target; may be repeated.")
  var target: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Only decisions that this person or program approved, rejected or undid; may be repeated.",
      valueName: "name"))
  var by: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only from then on: 2h (ago), or a time such as 2026-11-21T09:00:00Z.", valueName: "when"))
  var since: String?

  @Option(help: ArgumentHelp("Only before then, as --since.", valueName: "when"))
  var until: String?

  /// The filter that they mean.
  func filter(_ journal: Journal?, now: Timestamp, limit: Int) throws -> DecisionFilter {
    var filter = DecisionFilter(
      cycle: try cycle.map { try journal?.cycle($0).record.id ?? $0 }, types: type, outcomes: outcome,
      since: try since.map { try Input.time($0, "--since", now: now) },
      until: try until.map { try Input.time($0, "--until", now: now) }, limit: limit)
    filter.rules = rule
    filter.targets = target
    filter.people = by
    return filter
  }
}

/// `dsl auto history`: what was decided and what became of it.
struct HistoryCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List past decisions and what became of them, newest first.",
    discussion: """
      With --format jsonl the whole journal, one entry of its hash chain a line, oldest first: cycles, decisions, steps,
      outcomes, undo, verdicts, approvals, pauses.
        dsl auto history --since 2h --outcome failed
        dsl auto history --type scale_down --by alice --format json | jq '.decisions[].id'
        dsl auto history --format jsonl > journal.jsonl
      """)
  static let reportName = "auto-history"
  private static let usualLimit = 20

  @Option(
    name: .shortAndLong, help: "Decisions to list at most: 20 unless given, with --format jsonl all lines.")
  var limit: Int?

  @Option(help: "Decisions to leave out at the beginning.")
  var offset = 0

  @Flag(help: "List the oldest first.")
  var reverse = false

  @Flag(help: "List cycles instead of decisions.")
  var cycles = false

  @OptionGroup var options: HistoryOptions
  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    guard limit ?? 1 > 0, offset >= 0 else {
      throw ValidationError("--limit must be above 0, --offset not below.")
    }
  }

  func report(_ context: Context) async throws -> Report? {
    let journal = try context.journal()
    var filter = try options.filter(journal, now: context.time.now, limit: limit ?? Self.usualLimit)
    filter.offset = offset
    filter.oldestFirst = reverse
    if global.format == .jsonl, !global.json {
      filter.limit = limit ?? .max
      try journal?.export(filter, onlyCycles: cycles) { context.console.write($0.text() + "\n") }
      return nil
    }
    if cycles {
      var cycles = CycleFilter(since: filter.since, until: filter.until, limit: filter.limit)
      cycles.offset = offset
      cycles.oldestFirst = reverse
      let found = try journal?.cycles(cycles) ?? []
      return Report(
        Self.reportName, ["cycles": .array(found.map(\.summary)), "count": .int(found.count)]
      ) {
        cycleTable(found, $0)
      }
    }
    let found = try journal?.decisions(filter) ?? []
    let data: JSONValue = [
      "decisions": .array(found.map(\.summary)), "count": .int(found.count),
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
