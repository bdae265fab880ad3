import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl auto explain`: why, why not, and how far.
struct ExplainCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say of each rule and gate why it does what it does, and what would flip it.",
    discussion: """
      Explains what is seen now; with an id what was seen when that decision was made, and the rule behind it; with
      --state the metrics or the observation in a file (JSON or YAML). Changes nothing.
      """)
  static let reportName = "auto-explain"

  @Argument(help: "The id of a journaled decision, or a beginning of it that only one has.")
  var decision: String?

  @Option(help: ArgumentHelp("Only this rule.", valueName: "name"))
  var rule: String?

  @Option(
    help: ArgumentHelp("Explain this state: {\"active_agents\": 2, …} or an observation.", valueName: "file"),
    completion: .file(extensions: ["json", "yaml"]))
  var state: String?

  @Option(help: "default, dslmodel, or a policy file.")
  var policy: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    guard decision == nil || state == nil else {
      throw ValidationError("Give a decision or --state, not both.")
    }
    let loaded = try context.settings()
    var warnings = loaded.warnings
    let explanation: Explanation
    var onlyRule = rule
    if let decision {
      let (found, made, note) = try explain(decision, context, loaded.settings)
      explanation = found
      onlyRule = rule ?? made
      warnings += note.map { [$0] } ?? []
    } else if let state {
      let engine = try context.policyEngine(policy, loaded.settings)
      explanation = Explanation(
        engine, try Self.observation(try context.text(of: state), state, context),
        gates: loaded.settings.gates,
        history: GateHistory(), now: context.time.now)
    } else {
      var engine = try context.policyEngine(policy, loaded.settings)
      let gates = loaded.settings.gates.adding(engine.policy)
      let now = context.time.now
      explanation = try await context.withEngine(loaded.settings, .look) { host in
        let observation = await host.asked(try host.status()).observation
        engine.record =
          try host.journal?.calibrationRecord(at: now, gates.calibration) ?? CalibrationRecord()
        return Explanation(
          engine, observation, gates: gates,
          history: try host.journal?.gateHistory(gates, at: now, record: engine.record) ?? GateHistory(),
          now: now)
      }
    }
    return try show(explanation, onlyRule, warnings)
  }

  private func show(_ explanation: Explanation, _ rule: String?, _ warnings: [String]) throws -> Report {
    var explanation = explanation
    if let rule {
      let names = explanation.rules.map(\.consideration.rule)
      explanation.rules.removeAll { $0.consideration.rule != rule }
      if explanation.rules.isEmpty {
        throw DSLError(
          .notFound, "the policy has no rule \"\(rule)\"" + NearestSpelling.hint(for: rule, among: names))
      }
    }
    let shown = explanation
    var report = Report(Self.reportName, shown.json) { text(shown, $0) }
    report.warnings = warnings
    return report
  }

  /// The decision's cycle once more: its observation, health model and limits, and what the gates
  /// in force now would have found then.
  private func explain(
    _ id: String, _ context: Context, _ settings: Settings
  ) throws -> (Explanation, rule: String?, note: String?) {
    guard let journal = try context.journal() else {
      throw DSLError(.notFound, "\(context.directory.path) has no journal, so nothing was decided here yet")
    }
    let entry = try journal.decision(id)
    let record = try journal.cycle(entry.cycle).record
    let conditions = try JournaledConditions(settings: record.settings)
    let then = policy == nil ? try context.policy(of: record, conditions, journal, settings) : nil
    let used = try then ?? context.policyEngine(policy ?? conditions.policy, settings).policy
    var engine = DecisionEngine(policy: used, health: conditions.health, limits: conditions.limits)
    engine.record = conditions.record
    let gates = settings.gates.adding(used)
    let isSame = PolicySource.hash(used.source) == record.policyHash
    let explanation = Explanation(
      engine, try Observation(json: record.observation), gates: gates,
      history: try journal.gateHistory(gates, at: entry.at, record: engine.record, isPresent: false),
      now: entry.at, cycle: record.id, strategies: try AnsweredStrategy.all(in: record.settings))
    let note = isSame ? nil : "policy \(used.name) is not the one that decided then: it has changed since"
    return (explanation, entry.decision["rule"]?.string, note)
  }

  private static func observation(_ text: String, _ file: String, _ context: Context) throws -> Observation {
    if let json = try? JSONParser.parse(text), json["at_ns"] != nil { return try Observation(json: json) }
    return try PolicyTable.observation(yaml: text, file: file, at: context.time.now)
  }

  private func text(_ explanation: Explanation, _ paint: Paint) -> String {
    var text = "Health: \(explanation.health)\n"
    if let silence = explanation.silence { text += "Nothing is decided: \(Shown.safe(silence))\n" }
    for note in explanation.rules {
      let outcome = note.decision == nil ? note.outcome : paint(note.outcome, .good)
      text += paint(Shown.safe(note.consideration.rule), .strong) + " \(Shown.safe(outcome))\n"
      text += "  \(note.distance)\n"
      if let confidence = note.confidence { text += lines(confidence, note.decision != nil, paint) }
      for gate in note.gates {
        let line = Shown.safe(gate.text)
        text += "  \(gate.refusal == nil ? line : paint(line, .warning))\n"
      }
    }
    return text
  }

  /// Where the confidence comes from, of rules that decide and of those that the gate would hold.
  private func lines(_ note: ConfidenceNote, _ decides: Bool, _ paint: Paint) -> String {
    let isShort = note.assessment.result < note.required
    guard decides || isShort else { return "" }
    var text = "  " + (isShort ? paint(Shown.safe(note.text), .warning) : note.text) + "\n"
    guard !note.factors.isEmpty else { return text }
    text += "    \(Shown.number(note.assessment.ceiling)) is the rule's\n"
    for factor in note.factors { text += "    \(Shown.safe(factor))\n" }
    return text
  }
}
