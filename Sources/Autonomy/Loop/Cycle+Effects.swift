import Coordination
import DSLBase
import DecisionEngine
import Telemetry
import Tracing

extension Cycle {
  /// Carries out the decisions that passed, in order of rank, and notes those that did not.
  func carryOut(
    _ verdicts: [Verdict], _ observation: Observation, _ executor: DecisionExecutor?,
    _ requests: Requests, cycle: String, warnings: inout [String]
  ) async throws -> [DecisionReport] {
    var reports: [DecisionReport] = []
    var refused: [RefusedDecision] = []
    var newLeader: String?
    for (number, verdict) in verdicts.enumerated() {
      let decision = verdict.decision
      if let newLeader {
        reports.append(.left(decision, reason: newLeader))
        continue
      }
      switch (verdict.refusal, executor) {
      case (nil, _?) where supervision.isStopping():
        warnings.append("told to stop: \((verdicts.count - number).counted("decision")) left alone")
        try executor?.journal.refused(refused)
        return reports
      case (nil, let executor?):
        do {
          reports.append(try await execute(decision, observation, executor, requests, cycle: cycle))
        } catch let error as DSLError where error.code == .superseded {
          newLeader = error.message
          reports.append(.left(decision, reason: error.message))
        }
        supervision.progressed()
      case (nil, nil): reports.append(try await wouldDo(decision, observation))
      case (let refusal?, _) where refusal.gate == .dryRun:
        reports.append(try await wouldDo(decision, observation))
      case (let refusal?, _):
        reports.append(
          DecisionReport(
            decision: decision,
            outcome: .refused(
              gate: refusal.gate.rawValue, reason: refusal.reason, observed: refusal.observed,
              required: refusal.required),
            durationMs: 0, freesAt: refusal.freesAt))
        refused.append(
          RefusedDecision(
            decision: decision.json, id: decision.id, cycle: cycle, type: decision.type.rawValue,
            target: decision.target, at: time.now, gate: refusal.gate.rawValue, reason: refusal.reason,
            observed: refusal.observed, required: refusal.required))
      }
    }
    // The journal is the new leader's; what was left out will be decided by that one.
    if newLeader == nil { try executor?.journal.refused(refused) }
    return reports
  }

  /// What a dry run says of a decision: the steps that would be taken now.
  private func wouldDo(_ decision: Decision, _ observation: Observation) async throws -> DecisionReport {
    let outcome: DecisionReport.Outcome
    do {
      switch try await plan(decision, observation) {
      case .steps(let steps): outcome = .wouldExecute(steps)
      case .nothing(let reason): outcome = .nothingToDo(reason)
      case .refused(let reason): outcome = .noPlace(reason)
      }
    } catch let error as DSLError where error.code != .corrupt && error.code != .io {
      outcome = .failed(error: error.description, undone: "nothing was done")
    }
    return DecisionReport(decision: decision, outcome: outcome, durationMs: 0)
  }

  func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    if let handler = handlers[decision.type] { return try await handler.plan(decision, observation) }
    return try await backend.plan(decision, observation)
  }

  private func execute(
    _ decision: Decision, _ observation: Observation, _ executor: DecisionExecutor, _ requests: Requests,
    cycle: String
  ) async throws -> DecisionReport {
    let (plan, approval) = (requests.plans[decision.id], requests.approval(of: decision))
    func carryOut() async throws -> DecisionReport {
      try await executor.execute(decision, observation, cycle: cycle, plan: plan, approval: approval)
    }
    return try await tracer.withSpan(.decisionExecution) { span in
      span.set(.decisionID, decision.id)
      span.set(.decisionType, decision.type.rawValue)
      span.set(.confidence, decision.confidence)
      let report: DecisionReport
      switch decision.type {
      case .scaleUp, .scaleDown:
        report = try await tracer.withSpan(.scalingDecision) { inner in
          inner.set(.scalingDirection, decision.type == .scaleUp ? "up" : "down")
          inner.set(.currentAgents, observation.metrics.activeAgents)
          inner.set(
            .targetAgents, decision.parameters["target_agents"]?.int ?? observation.metrics.activeAgents)
          inner.set(.triggerReason, decision.rationale)
          return try await carryOut()
        }
      case .coordinationImprove:
        report = try await tracer.withSpan(.coordinationImprovement) { inner in
          inner.set(.queueSizeBefore, observation.metrics.workQueueSize)
          inner.set(.improvementType, "none")
          let report = try await carryOut()
          if !report.improvements.isEmpty {
            inner.set(.improvementType, report.improvements.joined(separator: ","))
          }
          inner.set(.queueSizeAfter, try await backend.observe().metrics.workQueueSize)
          return report
        }
      default: report = try await carryOut()
      }
      span.set(.executionResult, report.word)
      for trace in report.traces {
        guard let place = TraceContext(traceparent: trace.parent) else { continue }
        if trace.isItem {
          span.link(to: place, work: trace.id)
        } else {
          span.link(to: place, agent: trace.id)
        }
      }
      if case .failed(let error, _) = report.outcome { span.setStatus(.init(code: .error, message: error)) }
      return report
    }
  }

  /// The closing attributes of a cycle's span, and the two spans that state what the cycle rested on and led to.
  func finish(_ span: RecordedSpan, _ report: CycleReport) {
    span.set(.cycleDurationMs, Int(report.durationMs.rounded()))
    span.set(.decisionsExecuted, report.executed.count)
    span.set(.decisionsFailed, report.failed.count)
    let before = report.observation.metrics.healthScore
    span.set(.systemImprovement, zip2(before, report.healthAfter).map { $0 < $1 } ?? false)
    tracer.withSpan(.telemetryAsSystem) { thesis in
      let sources = report.observation.evidence.map { "\($0.source) \($0.status.rawValue) (\($0.records))" }
      thesis.set(.detail, "decided on " + sources.joined(separator: ", "))
    }
    guard !report.executed.isEmpty else { return }
    tracer.withSpan(.spanDrivesCode) { thesis in
      let artifacts = JSONValue.strings(report.executed.map(\.decision.type.rawValue))
      let decisions = JSONValue.strings(report.executed.map(\.decision.id))
      thesis.set(.detail, JSONValue.object(["artifacts": artifacts, "decisions": decisions]).text())
    }
  }

  private func zip2<First, Second>(_ first: First?, _ second: Second?) -> (First, Second)? {
    guard let first, let second else { return nil }
    return (first, second)
  }
}

extension RecordedSpan {
  /// Notes a refusal as an event.
  func note(_ verdict: Verdict) {
    guard let refusal = verdict.refusal else { return }
    refused(
      gate: refusal.gate.rawValue, reason: refusal.reason, decisionID: verdict.decision.id,
      decisionType: verdict.decision.type.rawValue)
  }
}

extension PastActionFact {
  /// What the journal remembers of an action, as the gates see it.
  init(_ action: PastAction) {
    self.init(
      type: DecisionType(rawValue: action.type), target: action.target, at: action.at,
      direction: ActionDirection(rawValue: action.direction))
  }
}
