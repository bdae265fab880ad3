public import DSLBase

/// How metrics become one score between 0 and 1: a weighted sum of terms, and the thresholds between the
/// states.
///
/// The sum is formed from left to right in doubles, so that the same terms give the same bits everywhere. A
/// custom score is another list of terms, in Swift or in YAML (`docs/policies.md`).
public struct HealthModel: Sendable, Equatable {
  /// How a measured value is brought to 0…1.
  public enum Shape: Sendable, Equatable {
    /// As it is, held within 0…1: for shares.
    case value
    /// Grows with the value and is full at this one: `min(value / at, 1)`.
    case saturating(at: Double)
    /// Shrinks with the value and is empty from this one on: `max(0, 1 − value / at)`.
    case inverse(at: Double)
  }

  /// One summand of the score.
  public struct Term: Sendable, Equatable {
    /// The metric it looks at.
    public var metric: MetricName
    /// Its share of the score; 0 or more.
    public var weight: Double
    /// How the value is brought to 0…1.
    public var shape: Shape

    /// A summand.
    public init(_ metric: MetricName, weight: Double, shape: Shape) {
      self.metric = metric
      self.weight = weight
      self.shape = shape
    }
  }

  /// The scores at which a better state begins; ascending.
  public struct Thresholds: Sendable, Equatable {
    /// `critical` ends and `degraded` begins.
    public var degraded: Double
    /// `degraded` ends and `healthy` begins.
    public var healthy: Double
    /// `healthy` ends and `optimal` begins.
    public var optimal: Double

    /// Thresholds; the defaults are those of the document: 0.3, 0.6, 0.9.
    public init(degraded: Double = 0.3, healthy: Double = 0.6, optimal: Double = 0.9) {
      self.degraded = degraded
      self.healthy = healthy
      self.optimal = optimal
    }
  }

  /// The summands, in the order in which they are added.
  public var terms: [Term]
  /// Where the states begin.
  public var thresholds: Thresholds

  /// A score of these terms.
  public init(terms: [Term], thresholds: Thresholds = Thresholds()) {
    self.terms = terms
    self.thresholds = thresholds
  }

  /// The score of the document: `0.4 · completion_rate + 0.3 · min(active_agents / 5, 1)
  /// + 0.2 · max(0, 1 − work_queue_size / 10) + 0.1 · min(telemetry_volume / 20, 1)`.
  public static let standard = HealthModel(terms: [
    Term(.completionRate, weight: 0.4, shape: .value),
    Term(.activeAgents, weight: 0.3, shape: .saturating(at: 5)),
    Term(.workQueueSize, weight: 0.2, shape: .inverse(at: 10)),
    Term(.telemetryVolume, weight: 0.1, shape: .saturating(at: 20)),
  ])

  /// The state that a score stands for.
  public func state(of score: Double) -> HealthState {
    if score < thresholds.degraded { return .critical }
    if score < thresholds.healthy { return .degraded }
    return score < thresholds.optimal ? .healthy : .optimal
  }
}

extension HealthModel.Shape {
  /// Brings a value to 0…1.
  func apply(_ value: Double) -> Double {
    switch self {
    case .value: max(0, min(value, 1))
    case .saturating(let full): max(0, min(value / full, 1))
    case .inverse(let empty): min(1, max(0, 1 - value / empty))
    }
  }
}
