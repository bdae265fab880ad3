public import DSLBase

/// A score with the terms it is made of.
public struct HealthScore: Sendable, Equatable {
  /// One summand as computed.
  public struct Part: Sendable, Equatable {
    /// The metric.
    public let metric: MetricName
    /// Its measured value; `nil` when it was not measured.
    public let value: Double?
    /// The value brought to 0…1.
    public let shaped: Double?
    /// The share of the score.
    public let weight: Double
    /// What it adds to the score.
    public let weighted: Double?
  }

  /// The summands in their order.
  public let parts: [Part]
  /// The score, 0…1; `nil` when a term's metric was not measured.
  public let value: Double?
  /// The state; `unknown` without a score.
  public let state: HealthState

  /// The metrics whose absence leaves the score unknown.
  public var missing: [MetricName] { parts.filter { $0.value == nil }.map(\.metric) }

  /// The score in words, with what each term adds: `0.2891 critical = 0.1091 completion_rate + …`.
  public var explanation: String {
    guard let value else {
      return missing.isEmpty
        ? "unknown: the score has no terms"
        : "unknown: not measured: " + missing.map(\.rawValue).joined(separator: ", ")
    }
    let sum = parts.map { "\(NumberText.short($0.weighted ?? 0)) \($0.metric)" }.joined(separator: " + ")
    return "\(NumberText.short(value)) \(state) = \(sum)"
  }
}

extension HealthModel {
  /// Scores what was measured.
  ///
  /// Unknown is not zero: when a term's metric is absent or not a finite number there is no score, the state
  /// is `unknown`, and `HealthScore.missing` says why.
  public func score(_ metrics: SystemMetrics) -> HealthScore {
    var sum: Double?
    var complete = !terms.isEmpty
    var parts: [HealthScore.Part] = []
    for term in terms {
      let value = metrics[term.metric].flatMap { $0.isFinite ? $0 : nil }
      let shaped = value.map(term.shape.apply)
      let weighted = shaped.map { term.weight * $0 }
      if let weighted { sum = sum.map { $0 + weighted } ?? weighted } else { complete = false }
      parts.append(
        HealthScore.Part(
          metric: term.metric, value: value, shaped: shaped, weight: term.weight, weighted: weighted))
    }
    guard complete, let sum else { return HealthScore(parts: parts, value: nil, state: .unknown) }
    let score = min(1, sum)
    return HealthScore(parts: parts, value: score, state: state(of: score))
  }
}

extension HealthModel {
  /// The observation with score and state filled in. A blind one stays without score, in the state `unknown`.
  public func assess(_ observation: Observation) -> Observation {
    var scored = observation
    let score = observation.blind == nil ? score(observation.metrics) : nil
    scored.metrics.healthScore = score?.value
    scored.metrics.healthState = score?.state ?? .unknown
    return scored
  }
}
