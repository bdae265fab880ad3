import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl auto analyze`: what would be decided, and why.
struct AnalyzeCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze", abstract: "Show what would be decided, and why, without doing it.",
    discussion: "Changes nothing. --verbose lists every rule with the condition that kept it from matching.")
  static let reportName = "auto-analyze"

  @Option(
    help:
      "default, dslmodel, or a policy file; on a simulated cluster also heuristic, threshold, random, oracle, or a file of dsl sim train."
  )
  var policy: String?

  @OptionGroup var backend: BackendOption
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings(backend.settings(policy: policy, context))
    return try await context.withEngine(loaded.settings, .look) { engine in
      let analysis = try await engine.analyze()
      let verbose = global.verbose
      var report = Report(Self.reportName, analysis.json(directory: context.directory.path)) { paint in
        text(analysis, paint, verbose: verbose)
      }
      report.mirrored = ["metrics", "decisions"]
      report.warnings = loaded.warnings + analysis.status.warnings
      if let blind = analysis.status.observation.blind {
        report.errors = ["the state is unknown: \(blind)"]
        report.status = .unknownState
      }
      return report
    }
  }

  private func text(_ analysis: EngineAnalysis, _ paint: Paint, verbose: Bool) -> String {
    let metrics = analysis.status.observation.metrics
    var text = paint("Health: ", .strong) + paint(metrics.healthState)
    text += (metrics.healthScore.map { " (\(Shown.number($0, decimals: 5)))" } ?? "") + "\n"
    text += analysis.status.control.text(paint)
    for verdict in analysis.verdicts { text += lines(verdict, paint) }
    if let silence = analysis.decisions.silence { text += silence + "\n" }
    guard verbose else { return text }
    text += paint("Considered\n", .strong)
    var table = TextTable()
    for entry in analysis.decisions.considered { table.rows.append(["  " + entry.rule, entry.words]) }
    return text + table.text(paint)
  }

  private func lines(_ verdict: Verdict, _ paint: Paint) -> String {
    let decision = verdict.decision
    let head =
      "p\(decision.priority) \(Shown.number(decision.confidence)) " + paint(decision.type.rawValue, .strong)
    let gate = verdict.refusal.map { paint("  held by \($0.gate.rawValue): \($0.reason)", .warning) } ?? ""
    return "\(head): \(Shown.safe(decision.description))\(gate)\n  \(Shown.safe(decision.rationale))\n"
      + paint("  \(decision.id) by rule \(decision.rule)\n", .quiet)
  }
}

extension Consideration {
  /// What became of the rule, as a phrase.
  var words: String {
    switch outcome {
    case .matched(let id): "matched: \(id)"
    case .superseded(let by): "matched, but \(by) has precedence"
    case .failed(let mismatch): "\(mismatch)"
    case .unusable(let reason): "unusable: \(reason)"
    }
  }
}
