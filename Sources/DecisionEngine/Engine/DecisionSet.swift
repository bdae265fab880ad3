public import DSLBase

/// What one observation led to, with everything that was weighed.
public struct DecisionSet: Sendable, Equatable {
  /// The decisions, ranked: priority first, then confidence, both descending, then id.
  public let decisions: [Decision]
  /// Why there is nothing to do, as a sentence; `nil` exactly when there are decisions.
  public let silence: String?
  /// What became of each rule and strategy, in the order of policy and strategies.
  public let considered: [Consideration]

  /// A set of decisions.
  public init(decisions: [Decision], silence: String?, considered: [Consideration]) {
    self.decisions = decisions
    self.silence = silence
    self.considered = considered
  }
}

/// What became of one rule, or of one proposal of a strategy.
public struct Consideration: Sendable, Equatable {
  /// The outcome.
  public enum Outcome: Sendable, Equatable {
    /// It made the decision of that id.
    case matched(String)
    /// It matched, but the rule of that name has precedence on the same target.
    case superseded(by: String)
    /// This condition kept it from matching.
    case failed(ConditionMismatch)
    /// It matched, but what it proposes cannot be used; the reason as a phrase.
    case unusable(String)
  }

  /// The rule or strategy.
  public let rule: String
  /// What it proposes; `nil` for a strategy that proposed nothing.
  public let type: DecisionType?
  /// What became of it.
  public let outcome: Outcome

  /// A consideration.
  public init(rule: String, type: DecisionType?, outcome: Outcome) {
    self.rule = rule
    self.type = type
    self.outcome = outcome
  }
}
