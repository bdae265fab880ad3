package import DSLBase

/// Turns an issue into a plan, or says why there is none. Pure.
///
/// An action that nobody here can carry out is refused now, and not when it would run.
package struct RemediationPlanner: Sendable {
  package let engine: DecisionEngine
  package let table: RemediationTable
  /// The least confidence of a plan that is made without a person. 0…1.
  package let threshold: Double
  /// Who carries an action out for a service.
  package let handler: @Sendable (RemediationAction, _ service: String) -> ActionHandler

  package init(
    engine: DecisionEngine, table: RemediationTable, threshold: Double,
    handler: @escaping @Sendable (RemediationAction, _ service: String) -> ActionHandler
  ) {
    self.engine = engine
    self.table = table
    self.threshold = threshold
    self.handler = handler
  }

  /// What to do about an issue that a detector raised.
  package func plan(
    _ issue: RemediationIssue, _ observation: Observation, traceID: String = ""
  ) -> RemediationAnswer {
    guard let row = table.row(for: issue) else {
      return .refused("no line of remediation.plans is for \(issue.type)", fix: "add one")
    }
    guard let action = row.action else {
      return .refused("remediation.plans leaves \(issue.type) of \(issue.service) alone", fix: nil)
    }
    let assessment = assess(row.confidence, issue, action, observation)
    let answer = make(issue, action, row.parameters, assessment, traceID)
    guard case .plan = answer, assessment.result < threshold else { return answer }
    let (is_, least) = NumberText.pair(assessment.result, threshold)
    let lift = assessment.lifts.first.map { "; mostly because \($0.term.why)" } ?? ""
    return .refused(
      "confidence \(is_) in \(action.rawValue) is below remediation.confidence_threshold \(least)\(lift)",
      fix: "lower the threshold, or raise the line's confidence")
  }

  /// What a person ordered: sure of the diagnosis, as far as what is seen can be relied on.
  ///
  /// - Throws: `DSLError` `.invalidInput` for parameters that the action does not take, `.unsupported` when nobody carries
  ///   it out.
  package func ordered(
    _ issue: RemediationIssue, _ action: RemediationAction, _ parameters: JSONObject,
    _ observation: Observation, traceID: String = ""
  ) throws(DSLError) -> RemediationPlan {
    let complete = try RemediationCatalog.info(action).complete(parameters)
    let assessment = assess(1, issue, action, observation)
    switch make(issue, action, complete, assessment, traceID) {
    case .plan(let plan): return plan
    case .refused(let reason, let fix): throw DSLError(.unsupported, reason, fix: fix)
    }
  }

  private func make(
    _ issue: RemediationIssue, _ action: RemediationAction, _ given: JSONObject,
    _ assessment: ConfidenceAssessment, _ traceID: String
  ) -> RemediationAnswer {
    let info = RemediationCatalog.info(action)
    let parameters: JSONObject
    do throws(DSLError) { parameters = try info.complete(given) } catch {
      return .refused(error.message, fix: error.fix)
    }
    let handler = handler(action, issue.service)
    let undo: String
    switch handler {
    case .missing(let reason, let fix): return .refused(reason, fix: fix)
    case .builtIn: undo = info.undo
    case .command(let name, true): undo = "command \(name) has an undo"
    case .command(let name, false): undo = "cannot be taken back: command \(name) has no undo"
    case .program(let name): undo = "program \(name) is asked to undo it"
    }
    return .plan(
      RemediationPlan(
        issue: issue, action: action, parameters: parameters, estimatedImpact: info.impact,
        rollbackPlan: undo, handler: handler.name ?? "", assessment: assessment, traceID: traceID))
  }

  /// The table's number, and what detection, evidence and record leave of it.
  ///
  /// A detector that is as sure as the threshold asks takes nothing away; below that, in proportion.
  private func assess(
    _ ceiling: Double, _ issue: RemediationIssue, _ action: RemediationAction, _ observation: Observation
  ) -> ConfidenceAssessment {
    let enough = threshold > 0 ? min(1, issue.confidence / threshold) : 1
    let sure = NumberText.hundredths(issue.confidence)
    let detection = ConfidenceAssessment.Term(
      name: "detection", value: enough, weight: 1, why: "the detector is sure of \(issue.type) by \(sure)")
    let policy = engine.policy
    guard !policy.evidence.areNeutral else {
      return ConfidenceAssessment(ceiling: ceiling, terms: [detection])
    }
    let kind = engine.record[action.type, RemediationPlan.rulePrefix + issue.type]
    let rest = policy.assess(ceiling, EvidenceTerms(observation, policy.evidence), kind)
    return ConfidenceAssessment(ceiling: ceiling, terms: [detection] + rest.terms)
  }
}
