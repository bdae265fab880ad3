public import DSLBase

/// What a decision is expected to do, so that the next observations can tell whether it did.
public struct Prediction: Sendable, Equatable {
  /// Where a metric is expected to go.
  public enum Direction: String, Sendable, Hashable {
    /// It rises, by `amount` if that is given.
    case up
    /// It falls, by `amount` if that is given.
    case down
    /// It does not fall.
    case steady
  }

  /// The metric that tells.
  public var metric: MetricName
  /// Where it goes.
  public var direction: Direction
  /// By how much, in the metric's unit; `nil` where any change will do.
  public var amount: Double?
  /// By when, seconds after the observation that led to the decision.
  public var withinSeconds: Double
  /// The lowest score that the decision itself can account for, measured without the work that arrived since.
  /// A lower one means that it did harm; `nil` when the score was unknown.
  public var healthFloor: Double?

  /// A prediction.
  public init(
    metric: MetricName, direction: Direction, amount: Double? = nil, withinSeconds: Double,
    healthFloor: Double? = nil
  ) {
    self.metric = metric
    self.direction = direction
    self.amount = amount
    self.withinSeconds = withinSeconds
    self.healthFloor = healthFloor
  }
}

/// What became of a prediction.
public enum Verification: String, Sendable, Hashable, CaseIterable {
  /// It came true.
  case met
  /// Its time is over and it did not.
  case missed
  /// Health fell below what the decision accounts for. With `--auto-rollback` such a decision is undone.
  case worse
  /// It cannot be told: not measured, blind, or too early.
  case unknown
}
