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
      policy would have decided: added, dropped, changed, and how a model of the fleet would have fared. With --trace it
      derives what dsl policy check --traces wrote, and ends with 1 when anything differs or the finding does not show.
      Changes nothing.

      Examples:
        dsl auto replay --all
        dsl auto replay --all --policy candidate.yaml
        dsl auto replay --trace faults/runaway-1.json
      """)
  static let reportName = "auto-replay"

  @Argument(help: "Ids of cycles (c-…), or beginnings that only one has; the last one unless given.")
  var cycles: [String] = []

  @Flag(help: "All cycles in the journal.")
  var all = false

  @Option(help: "Decide by this policy instead: default, dslmodel, or a file.")
  var policy: String?

  @Option(
    help: ArgumentHelp("Derive the trace of a finding instead of the journal.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var trace: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    if let trace {
      guard cycles.isEmpty, !all, policy == nil else {
        throw ValidationError("Give --trace alone: a trace has its own cycles and policy.")
      }
      return try TraceReplay(trace, context).report(Self.reportName)
    }
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
    let replay = JournalReplay(journal, context, loaded.settings, other)
    let outcomes = try found.map { try replay.outcome($0) }
    let modelled = try other == nil ? nil : replay.modelled(found)
    let differing = outcomes.count { !$0.isEqual }
    let data: JSONValue = [
      "policy": .optional(other?.name), "cycles": .array(outcomes.map(\.json)),
      "replayed": .int(outcomes.count { $0.problem == nil }), "differing": .int(differing),
      "modelled": modelled?.json ?? .null, "trace": .null,
    ]
    var report = Report(Self.reportName, data) { text(outcomes, modelled, $0) }
    report.warnings = loaded.warnings
    report.status = differing == 0 || other != nil ? .success : .gateFailed
    return report
  }

  private func text(_ outcomes: [JournalReplay.Outcome], _ modelled: Counterfactual?, _ paint: Paint)
    -> String
  {
    var text = ""
    for outcome in outcomes where !outcome.isEqual {
      text += paint(outcome.cycle, .strong) + "\n"
      for difference in outcome.differences { text += "  \(Shown.safe(difference.text))\n" }
      if let problem = outcome.problem {
        text += "  " + paint("cannot be replayed: \(Shown.safe(problem))", .warning) + "\n"
      }
    }
    let decisions = outcomes.map(\.decisions).reduce(0, +)
    text +=
      "\(outcomes.count { $0.isEqual }) of \(outcomes.count.counted("cycle")) equal, \(decisions.counted("decision"))\n"
    guard let modelled else {
      return policy == nil
        ? text : text + "too few cycles saw the fleet to model its health; --all takes the whole journal\n"
    }
    var table = TextTable(header: [
      "over \(modelled.cycles.count) cycles", "mean health", "least", "agent cycles", "items left",
    ])
    table.rightAligned = [1, 2, 3, 4]
    let rows = [
      ("observed", modelled.observed), ("model, as decided then", modelled.journaled),
      ("model, \(policy ?? "")", modelled.candidate),
    ]
    for (name, row) in rows {
      table.rows.append([
        Shown.safe(name), Shown.number(row.meanHealth), Shown.number(row.leastHealth),
        String(row.agentCycles), String(row.workLeft),
      ])
    }
    return text + table.text(paint)
  }
}

/// The replay of a trace that `dsl policy check --traces` wrote.
struct TraceReplay {
  private static let sizeLimit = 64 << 20

  private let file: String
  private let (policy, message): (String, String)
  private let outcome: PolicyTrace.Outcome

  /// Reads the file and derives it again.
  ///
  /// - Throws: `notFound`, `io`, `corrupt` when it is no trace, `invalidInput` when its policy cannot be read.
  init(_ file: String, _ context: Context) throws {
    self.file = file
    let json = try Self.json(file, context)
    if json["format"]?.string == ClusterTrace.format {
      let trace = try ClusterTrace(json)
      (policy, message) = (trace.policyName, trace.message)
      let (engine, settings) = try Self.engine(
        trace.policyText, trace.types, trace.settings, .everywhere, file)
      outcome = try trace.replay(engine, gates: settings.gates)
    } else {
      let recorded = try PolicyTrace.Recorded(json)
      (policy, message) = (recorded.policyName, recorded.message)
      let (engine, settings) = try Self.engine(
        recorded.policyText, recorded.types, recorded.settings, .standard, file)
      outcome = recorded.replay(engine, gates: settings.gates)
    }
  }

  /// The document in a file.
  ///
  /// - Throws: `notFound`, `io`, `corrupt` when it is no JSON.
  static func json(_ file: String, _ context: Context) throws -> JSONValue {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try context.files.read(file, limit: sizeLimit) } catch {
      throw error.asDSLError
    }
    do { return try JSONParser.parse(String(decoding: bytes, as: UTF8.self)) } catch {
      throw DSLError(
        .corrupt, "\(file) is no trace: it is no JSON", cause: "\(error)",
        fix: "write it anew: dsl policy check --traces DIR")
    }
  }

  /// The engine that a trace was made with.
  private static func engine(
    _ text: String, _ types: [DecisionType], _ settings: JSONValue, _ catalog: MetricCatalog, _ file: String
  ) throws -> (DecisionEngine, Settings) {
    let types = types.filter { !DecisionType.all.contains($0) }
    let policy = try Policy(
      yaml: text, file: "\(file): policy", catalog: catalog, types: DecisionType.all + types)
    let settings = try SettingCatalog.settings(journaled: settings)
    return (DecisionEngine(policy: policy, health: settings.health, limits: settings.limits), settings)
  }

  func report(_ name: String) -> Report {
    let difference: JSONValue =
      outcome.difference.map {
        ["field": .string($0.field), "recorded": $0.recorded, "derived": $0.derived]
      } ?? .null
    let data: JSONValue = [
      "policy": .string(policy), "cycles": [], "replayed": .int(outcome.cycles),
      "differing": .int(outcome.isEqual ? 0 : 1), "modelled": .null,
      "trace": [
        "file": .string(file), "finding": .string(message), "cycles": .int(outcome.cycles),
        "decisions": .int(outcome.decisions), "equal": .bool(outcome.difference == nil),
        "confirmed": .bool(outcome.isConfirmed), "difference": difference,
      ],
    ]
    var report = Report(name, data, display: text)
    report.status = outcome.isEqual ? .success : .gateFailed
    return report
  }

  private func text(_ paint: Paint) -> String {
    var text = "\(Shown.safe(policy)): \(Shown.safe(message))\n"
    text += "\(outcome.cycles.counted("cycle")), \(outcome.decisions.counted("decision")) derived again: "
    if let difference = outcome.difference {
      let was = Shown.safe(difference.recorded.text()), now = Shown.safe(difference.derived.text())
      text += paint("\(difference.field) is \(was) in the trace and \(now) now", .warning) + "\n"
    } else {
      text += "equal\n"
    }
    return text
      + (outcome.isConfirmed
        ? "the finding is confirmed\n" : paint("the finding does not show", .warning) + "\n")
  }
}
