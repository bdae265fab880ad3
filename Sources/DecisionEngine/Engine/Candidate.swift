import DSLBase

/// A rule or proposal on its way to becoming a decision.
struct Candidate {
  enum Result {
    case proposal(DecisionProposal)
    case failure(Consideration.Outcome)
  }

  let rule: String
  let type: DecisionType?
  let result: Result
  /// How the proposal's confidence came about; `nil` where it is a constant.
  let assessment: ConfidenceAssessment?

  init(
    rule: String, type: DecisionType?, result: Result, assessment: ConfidenceAssessment? = nil
  ) {
    self.rule = rule
    self.type = type
    self.result = result
    self.assessment = assessment
  }

  /// A strategy's proposal, held within the ranges that decisions have.
  init(rule: String, _ proposal: DecisionProposal) {
    guard (0...1).contains(proposal.confidence) else {
      let reason = "confidence \(proposal.confidence) is not within 0 and 1"
      self.init(rule: rule, type: proposal.type, result: .failure(.unusable(reason)))
      return
    }
    var proposal = proposal
    proposal.priority = min(max(proposal.priority, 0), 10)
    if proposal.description.isEmpty { proposal.description = "\(proposal.type) \(proposal.target)" }
    self.init(
      rule: rule, type: proposal.type, result: .proposal(proposal), assessment: proposal.assessment)
  }
}

extension Policy.Rule {
  /// What the rule makes of an observation.
  ///
  /// - Parameter assessment: what evidence and record leave of the rule's confidence; `nil` for a constant one.
  func candidate(_ outer: Scope, _ assessment: ConfidenceAssessment?) -> Candidate {
    var scope = outer
    scope.bind(bindings)
    if let mismatch = when.ask(scope).mismatch {
      return Candidate(rule: name, type: type, result: .failure(.failed(mismatch)))
    }
    var values = JSONObject()
    for parameter in parameters {
      switch parameter.value {
      case .constant(let value): values[parameter.name] = value
      case .formula(let expression):
        guard let value = expression.value({ scope[$0] }) else {
          let unknown = expression.names.filter { scope[$0] == nil }.joined(separator: ", ")
          let reason =
            "parameter \(parameter.name) cannot be computed" + (unknown.isEmpty ? "" : ": \(unknown) unknown")
          return Candidate(rule: name, type: type, result: .failure(.unusable(reason)))
        }
        values[parameter.name] = Int(exactly: value).map { .int($0) } ?? .double(value)
      }
    }
    let proposal = DecisionProposal(
      type: type, priority: priority, description: description.filled(scope.text),
      rationale: rationale.filled(scope.text), parameters: values,
      confidence: assessment?.result ?? confidence, target: target)
    return Candidate(rule: name, type: type, result: .proposal(proposal), assessment: assessment)
  }
}
