import Autonomy
import DSLBase

/// How a turn of the loop is shown.
struct CycleView {
  private let cycle: CycleReport

  init(_ cycle: CycleReport) { self.cycle = cycle }

  func report(_ command: String) -> Report {
    var report = Report(command, cycle.json) { paint in text(paint) }
    report.warnings = cycle.warnings
    report.errors = cycle.failed.map { "\($0.decision.type) \($0.decision.id) failed: \(outcome($0))" }
    if let blind = cycle.observation.blind {
      report.errors.append("the state is unknown: \(blind)")
      report.status = .unknownState
    } else if cycle.supersededBy != nil {
      report.status = .locked
    } else if !cycle.failed.isEmpty {
      report.status = .gateFailed
    }
    return report
  }

  private func text(_ paint: Paint) -> String {
    let metrics = cycle.observation.metrics
    var text = paint("Health: ", .strong) + paint(metrics.healthState)
    text += (metrics.healthScore.map { " (\(Shown.number($0)))" } ?? "") + "\n"
    text += "Cycle: \(cycle.id)  Trace ID: \(cycle.traceID)\n"
    text += "Decisions: \(cycle.decisions.count) generated, \(cycle.executed.count) executed, "
    text += "\(cycle.failed.count) failed, \(cycle.skipped) skipped" + (cycle.dryRun ? " (dry run)\n" : "\n")
    for decision in cycle.decisions {
      text += "  " + mark(decision, paint) + " " + paint(decision.decision.type.rawValue, .strong)
      text += ": \(Shown.safe(outcome(decision)))\n"
    }
    if let silence = cycle.silence { text += "  \(silence)\n" }
    for line in cycle.verifications { text += "  \(Shown.safe(line))\n" }
    return text
  }

  /// The turn in a line or two, for a loop.
  func lines(_ number: Int, _ paint: Paint) -> String {
    let metrics = cycle.observation.metrics
    var text =
      paint(String(cycle.startedAt.description.dropFirst(11).prefix(8)), .quiet) + " #\(number) Health: "
    text += paint(metrics.healthState) + (metrics.healthScore.map { " (\(Shown.number($0)))" } ?? "")
    text += ", agents \(metrics.activeAgents), queue \(metrics.workQueueSize), done \(metrics.completedCount)"
    text += ". Executed: \(cycle.executed.count.counted("decision"))\n"
    for decision in cycle.decisions {
      text += "           " + mark(decision, paint) + " \(decision.decision.type): "
      text += Shown.safe(outcome(decision)) + "\n"
    }
    for line in cycle.verifications { text += "           \(Shown.safe(line))\n" }
    return text
  }

  private func mark(_ decision: DecisionReport, _ paint: Paint) -> String {
    switch decision.outcome {
    case .executed: paint.mark(true)
    case .failed, .stopped: paint.mark(false)
    case .nothingToDo, .wouldExecute, .refused: paint.mark(nil)
    }
  }

  private func outcome(_ decision: DecisionReport) -> String {
    switch decision.outcome {
    case .executed(let result): result
    case .nothingToDo(let reason): "nothing to do: \(reason)"
    case .wouldExecute(let steps):
      "would " + steps.prefix(5).map { "\($0.action) \($0.target)" }.joined(separator: ", ")
        + (steps.count > 5 ? " and \(steps.count - 5) more" : "")
    case .refused(let gate, let reason, _, _): "held by \(gate): \(reason)"
    case .failed(let error, let undone): "\(error); \(undone)"
    case .stopped(let reason, let done, let all):
      "the kill switch was thrown (\(reason)) after \(done) of \(all.counted("step")); what was done stays"
    }
  }
}
