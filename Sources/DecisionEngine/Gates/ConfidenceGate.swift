import DSLBase

extension GateSettings {
  /// How a kind of decision whose predictions miss tightens its own gate.
  public struct Calibration: Sendable, Equatable {
    /// Seconds after which an outcome counts half.
    public var halfLifeSeconds: Double
    /// The most that is asked for in addition; 0 never asks for more.
    public var maxOffset: Double

    /// A day: long enough to learn from decisions that are rare, short enough to forgive within a week.
    public init(halfLifeSeconds: Double = 86_400, maxOffset: Double = 0.4) {
      self.halfLifeSeconds = halfLifeSeconds
      self.maxOffset = maxOffset
    }
  }

  /// What the confidence gate asks of a kind of decision in addition: what the kind claimed beyond what it kept, so that
  /// its confidence less what is known to be too much reaches the minimum. 0 under a forced confidence.
  ///
  /// - Parameter kind: how its predictions fared; `nil` when nothing is known.
  public func offset(of kind: CalibrationRecord.Kind?) -> Double {
    guard forceConfidence == nil else { return 0 }
    return min(calibration.maxOffset, kind?.overclaim ?? 0)
  }

  /// The least confidence that holds for a kind of decision, at most 1.
  public func requiredConfidence(of kind: CalibrationRecord.Kind?) -> Double {
    let offset = offset(of: kind)
    return offset > 0 ? min(1, requiredConfidence + offset) : requiredConfidence
  }
}

extension GateJudge {
  func confidence(_ decision: Decision) -> GateRefusal? {
    let kind = history.record[decision.type, decision.rule]
    let required = settings.requiredConfidence(of: kind)
    if decision.confidence >= required { return nil }
    let (observed, least) = NumberText.pair(decision.confidence, required)
    var reason = "confidence \(observed) is below \(least)"
    if let kind, required > settings.requiredConfidence {
      let added = NumberText.hundredths(required - settings.requiredConfidence)
      reason += ", of which \(added) because of its record: \(kind.text)"
    }
    return GateRefusal(
      gate: .confidence, reason: reason, observed: decision.confidence, required: required)
  }
}
