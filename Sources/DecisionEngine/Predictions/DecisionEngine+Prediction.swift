public import DSLBase

extension DecisionEngine {
  /// How far the score may fall short of what is expected before a decision counts as harmful.
  static let healthTolerance = 0.05

  /// What a decision is expected to do to what was observed; `nil` for types the engine does not know.
  ///
  /// The floor of the score comes from the health model itself: removing idle agents lowers the score by what
  /// their term is worth, and that much is no harm.
  public func predict(_ decision: Decision, _ observation: Observation) -> Prediction? {
    let metrics = observation.metrics
    let target = decision.parameters["target_agents"]?.double
    func prediction(
      _ metric: MetricName, _ direction: Prediction.Direction, by amount: Double? = nil,
      within seconds: Double,
      floor: Double? = nil
    ) -> Prediction {
      let expected = [metrics.healthScore, floor].compactMap { $0 }.min()
      return Prediction(
        metric: metric, direction: direction, amount: amount, withinSeconds: seconds,
        healthFloor: expected.map { max(0, $0 - Self.healthTolerance) })
    }
    let change = target.flatMap { target in metrics[.activeAgents].map { abs(target - $0) } }
    switch decision.type {
    case .scaleUp: return prediction(.activeAgents, .up, by: change, within: 60)
    case .scaleDown:
      var smaller = metrics
      if let target { smaller[.activeAgents] = target }
      return prediction(
        .activeAgents, .down, by: change, within: 120, floor: health.score(smaller).value)
    case .coordinationImprove:
      let stuck = [MetricName.expiredClaims, .overdueWork].first { metrics[$0] ?? 0 > 0 }
      return prediction(stuck ?? .workQueueSize, .down, within: 120)
    case .optimize: return prediction(.throughputPerMinute, .steady, within: 120)
    case .restart: return prediction(.staleAgents, .down, within: 60)
    case .healthCheck: return prediction(.activeAgents, .steady, within: 60)
    case .telemetryEnhance: return prediction(.telemetryVolume, .up, within: 120)
    default:
      // Of a remediation that its issue is over; it is given the time that detectors need to see that.
      guard RemediationAction(rawValue: decision.type.rawValue) != nil, metrics[.openIssues] != nil else {
        return nil
      }
      return prediction(.openIssues, .down, within: 300)
    }
  }

  /// Judges a prediction at a later observation, scored or not.
  ///
  /// Work that arrived in between is taken out before the scores are compared: a burst of new items lowers
  /// health without any fault of the decision.
  public func verify(_ prediction: Prediction, before: Observation, after: Observation) -> Verification {
    guard before.blind == nil, after.blind == nil else { return .unknown }
    if let floor = prediction.healthFloor,
      let score = health.score(Self.withoutArrivals(before.metrics, after.metrics)).value, score < floor
    {
      return .worse
    }
    guard let old = before.metrics[prediction.metric], let new = after.metrics[prediction.metric] else {
      return .unknown
    }
    let isMet =
      switch prediction.direction {
      case .up: new >= old + (prediction.amount ?? 0) && (new > old || prediction.amount != nil)
      case .down: new <= old - (prediction.amount ?? 0) && (new < old || prediction.amount != nil)
      case .steady: new >= old
      }
    if isMet { return .met }
    return after.at.seconds(since: before.at) >= prediction.withinSeconds ? .missed : .unknown
  }

  /// The later metrics as they would be had no item arrived since the earlier ones.
  private static func withoutArrivals(_ before: SystemMetrics, _ after: SystemMetrics) -> SystemMetrics {
    guard let queue = after[.workQueueSize], let done = after[.completedCount],
      let oldQueue = before[.workQueueSize],
      let oldDone = before[.completedCount]
    else { return after }
    let arrived = max(0, queue + done - oldQueue - oldDone)
    let rest = max(0, queue - arrived)
    var metrics = after
    metrics[.workQueueSize] = rest
    metrics[.completionRate] = rest + done > 0 ? done / (rest + done) : 0
    return metrics
  }
}
