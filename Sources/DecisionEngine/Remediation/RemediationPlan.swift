package import DSLBase

/// Who carries an action out for a service.
package enum ActionHandler: Sendable, Equatable {
  /// The backend.
  case builtIn
  /// A configured command, and whether there is one that takes it back.
  case command(String, undoes: Bool)
  /// A program of `programs.handlers`, which says itself what can be undone.
  case program(String)
  /// Nobody: why not, and what would change that.
  case missing(String, fix: String)

  /// As shown: `built_in`, `command clear-cache`, `program clear_cache`; `nil` for none.
  package var name: String? {
    switch self {
    case .builtIn: "built_in"
    case .command(let name, _): "command \(name)"
    case .program(let name): "program \(name)"
    case .missing: nil
    }
  }
}

/// What is to be done about an issue.
package struct RemediationPlan: Sendable, Equatable {
  package var issue: RemediationIssue
  package var action: RemediationAction
  /// The action's own parameters, defaults filled in.
  package var parameters: JSONObject
  /// What it will do to those who use the service.
  package var estimatedImpact: String
  /// How it is taken back, or why it cannot be.
  package var rollbackPlan: String
  /// What carries it out.
  package var handler: String
  /// How the confidence came about.
  package var assessment: ConfidenceAssessment
  /// The trace of the cycle in which it was made; empty outside of one.
  package var traceID: String

  /// The rule that its decisions carry: their record is kept under it.
  package var rule: String { Self.rulePrefix + issue.type }

  /// What the rules of remediation begin with.
  package static let rulePrefix = "remediate_"

  /// What the decision is about.
  package var target: String { action.isAboutFleet ? "fleet" : issue.service }

  /// The plan's fields, in the words of the document.
  package var json: JSONValue {
    [
      "issue_type": .string(issue.type), "severity": .string(issue.severityWord),
      "service": .string(issue.service), "action": .string(action.rawValue),
      "parameters": .object(parameters), "estimated_impact": .string(estimatedImpact),
      "rollback_plan": .string(rollbackPlan), "handler": .string(handler),
      "confidence": .double(assessment.result), "trace_id": .string(traceID),
    ]
  }

  /// The proposal for the engine: ranked, gated and journaled like any other.
  ///
  /// - Parameter more: what the effect needs beside the action's parameters.
  package func proposal(_ more: JSONObject = [:]) -> DecisionProposal {
    var all: JSONObject = [
      "issue_type": .string(issue.type), "service": .string(issue.service),
      "severity": .string(issue.severityWord), "estimated_impact": .string(estimatedImpact),
      "rollback_plan": .string(rollbackPlan),
    ]
    for member in parameters { all[member.key] = member.value }
    for member in more { all[member.key] = member.value }
    var proposal = DecisionProposal(
      type: action.type, priority: 5 + Int((issue.severity * 4).rounded()),
      description: "\(action.rawValue) \(issue.service)", rationale: "\(issue.type): \(issue.evidence)",
      parameters: all, confidence: assessment.result, target: target)
    proposal.assessment = assessment
    return proposal
  }
}

/// What planning came to.
package enum RemediationAnswer: Sendable, Equatable {
  case plan(RemediationPlan)
  /// Nothing will be done: why, and what would change that.
  case refused(String, fix: String?)
}
