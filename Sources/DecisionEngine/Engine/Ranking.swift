package import DSLBase

/// Turns candidates into ranked decisions that do not contradict each other.
enum Ranking {
  /// Ranks, settles conflicts, and notes what became of each candidate.
  ///
  /// - Parameter silence: asked for the reason when no decision is left.
  static func settle(
    _ candidates: [Candidate], cycle: String, at: Timestamp, silence: () -> String
  ) -> DecisionSet {
    var outcomes: [Consideration.Outcome?] = candidates.map { candidate in
      if case .failure(let outcome) = candidate.result { outcome } else { nil }
    }
    let decisions: [(index: Int, decision: Decision)] = candidates.enumerated().compactMap {
      index, candidate in
      guard case .proposal(let proposal) = candidate.result else { return nil }
      var decision = Decision(proposal, rule: candidate.rule, cycle: cycle, at: at)
      decision.assessment = candidate.assessment
      return (index, decision)
    }
    var taken: [String: String] = [:]
    var chosen: [Decision] = []
    for (index, decision) in decisions.sorted(by: { precedes($0, $1) }) {
      if let winner = taken[conflictKey(decision)] {
        outcomes[index] = .superseded(by: winner)
      } else {
        taken[conflictKey(decision)] = decision.rule
        chosen.append(decision)
        outcomes[index] = .matched(decision.id)
      }
    }
    let considered = zip(candidates, outcomes).compactMap { candidate, outcome in
      outcome.map { Consideration(rule: candidate.rule, type: candidate.type, outcome: $0) }
    }
    return DecisionSet(decisions: chosen, silence: chosen.isEmpty ? silence() : nil, considered: considered)
  }

  /// Priority and confidence descending, then id; the order of proposal decides between equals.
  private static func precedes(
    _ a: (index: Int, decision: Decision), _ b: (index: Int, decision: Decision)
  ) -> Bool {
    let (x, y) = (a.decision, b.decision)
    if x.priority != y.priority { return x.priority > y.priority }
    if x.confidence != y.confidence { return x.confidence > y.confidence }
    return (x.id, a.index) < (y.id, b.index)
  }

  /// Decisions with the same key exclude each other: one type on one target, and both directions of scaling.
  private static func conflictKey(_ decision: Decision) -> String {
    let direction = ActionDirection(of: decision.type)
    return (direction == .neutral ? decision.type.rawValue : "scale") + "\u{1F}" + decision.target
  }
}

extension Decision {
  /// A proposal with what the engine adds to it.
  package init(_ proposal: DecisionProposal, rule: String, cycle: String, at: Timestamp) {
    self.init(
      id: DecisionID.make(cycle: cycle, rule: rule, type: proposal.type, target: proposal.target),
      type: proposal.type, priority: proposal.priority, description: proposal.description,
      rationale: proposal.rationale, parameters: proposal.parameters, confidence: proposal.confidence,
      target: proposal.target, createdAt: at, rule: rule, assessment: proposal.assessment)
  }
}
