public import DSLBase

/// What became of the effect that a decision predicted.
public enum PredictionOutcome: String, Sendable, Hashable, CaseIterable {
  /// It came.
  case hit
  /// It did not come in time, or health fell below what the decision accounts for.
  case miss
  /// It cannot be told, and counts neither way.
  case unknown
}

/// One measured prediction.
public struct CalibrationEntry: Sendable, Equatable {
  /// The decision.
  public var decision: String
  /// Its type.
  public var type: DecisionType
  /// The rule or strategy it came from.
  public var rule: String
  /// The confidence with which it was carried out, 0…1: the forecast that is judged.
  public var confidence: Double
  /// What became of it.
  public var outcome: PredictionOutcome
  /// When that was found out.
  public var at: Timestamp

  /// An entry.
  public init(
    decision: String, type: DecisionType, rule: String, confidence: Double, outcome: PredictionOutcome,
    at: Timestamp
  ) {
    self.decision = decision
    self.type = type
    self.rule = rule
    self.confidence = confidence
    self.outcome = outcome
    self.at = at
  }
}
