import Coordination
import DSLBase
import DecisionEngine
import Telemetry
import Tracing

extension Cycle {
  /// Looks at telemetry and notes in what was seen how many issues are open.
  func lookForIssues(_ report: inout CycleReport) async {
    guard let remediation else { return }
    report.warnings += await remediation.look(report.observation)
    if report.observation.blind == nil {
      report.observation.metrics[.openIssues] = remediation.openIssues
    }
  }

  /// What remediation proposes, with its notes among those of the turn.
  func remedies(_ observation: Observation, notes: inout [String]) -> RemediationTurn.Plans {
    guard let remediation else { return RemediationTurn.Plans() }
    let trace = ServiceContext.current?.traceContext?.traceID.description ?? ""
    let plans = remediation.plans(observation, engine, traceID: trace)
    notes += plans.notes
    return plans
  }

  /// Judges plans as if they were decisions of this turn, and tells what they would do; nothing is done or journaled.
  ///
  /// By themselves: what is only rehearsed neither supersedes a real decision nor uses up a limit.
  func rehearse(
    _ answers: [AnsweredStrategy], _ observation: Observation, _ history: Journal?, cycle id: String
  ) async throws -> [DecisionReport] {
    guard !answers.isEmpty else { return [] }
    var dry = self
    dry.gates.dryRun = true
    let decisions = answers.flatMap { answer in
      answer.proposals.map { Decision($0, rule: answer.name, cycle: id, at: observation.at) }
    }
    let verdicts = try dry.judge(decisions, history)
    var warnings: [String] = []
    return try await dry.carryOut(
      verdicts, observation, nil, Requests(), cycle: id, warnings: &warnings)
  }

  /// Rehearses, and notes in the report and the book what became of all plans.
  func settleRemedies(
    _ report: inout CycleReport, _ plans: RemediationTurn.Plans, _ history: Journal?
  ) async throws {
    guard let remediation else { return }
    let rehearsed = try await rehearse(plans.rehearsed, report.observation, history, cycle: report.id)
    report.warnings += rehearsed.map { entry in
      "remediation (dry run): \(entry.decision.parameters["issue_type"]?.string ?? "") of "
        + "\(entry.decision.parameters["service"]?.string ?? ""), \(entry.decision.type): \(entry.account)"
    }
    remediation.settle(report.decisions + rehearsed, at: time.now)
  }
}

extension DecisionReport {
  /// What became of it, as a phrase.
  package var account: String {
    switch outcome {
    case .executed(let result): result
    case .nothingToDo(let reason): "nothing to do: \(reason)"
    case .wouldExecute(let steps): "would have " + StepSummary.of(steps)
    case .refused(let gate, let reason, _, _): "held back by \(gate): \(reason)"
    case .failed(let error, let undone): "\(error); \(undone)"
    case .stopped: sentence
    }
  }
}
