public import DSLBase

/// Observation in, decisions out: pure, so that the same inputs give the same bits in any process at any
/// time.
public struct DecisionEngine: Sendable, Equatable {
  /// The rules.
  public var policy: Policy
  /// The score.
  public var health: HealthModel
  /// The bounds of the fleet.
  public var limits: FleetLimits
  /// How earlier decisions fared, as far as confidence rests on it; empty is neutral.
  public var record = CalibrationRecord()

  /// An engine.
  public init(policy: Policy, health: HealthModel = .standard, limits: FleetLimits = FleetLimits()) {
    self.policy = policy
    self.health = health
    self.limits = limits
  }

  /// The observation with score and state filled in; see `HealthModel.assess`.
  public func assess(_ observation: Observation) -> Observation { health.assess(observation) }

  /// Decides on a scored observation.
  ///
  /// Without a score (a blind observation, or a term that was not measured) there is no decision, whatever
  /// policy and strategies say: the engine does not act on what it cannot see. Of several proposals of one
  /// type on one target, and of scaling up and down the same target, the best ranked is taken and the others
  /// are told as superseded.
  ///
  /// - Parameters:
  ///   - observation: as `assess` returns it.
  ///   - cycle: the cycle's id; decision ids derive from it.
  ///   - strategies: further sources of proposals, asked in this order.
  /// - Returns: never empty of both decisions and silence.
  public func decide(
    _ observation: Observation, cycle: String, strategies: [any DecisionStrategy] = []
  ) -> DecisionSet {
    if let reason = blindness(observation) {
      return DecisionSet(decisions: [], silence: reason, considered: [])
    }
    var scope = Scope(observation, limits: limits, thresholds: health.thresholds)
    scope.bind(policy.bindings)
    let evidence = policy.evidence.areNeutral ? nil : EvidenceTerms(observation, policy.evidence)
    var candidates = policy.rules.map { rule in
      rule.candidate(
        scope, evidence.map { policy.assess(rule.confidence, $0, record[rule.type, rule.name]) })
    }
    for strategy in strategies {
      let proposals = strategy.decide(observation)
      candidates += proposals.map { Candidate(rule: strategy.name, $0) }
      if proposals.isEmpty {
        let why = strategy.silence.map { ": \($0)" } ?? ""
        let nothing = Consideration.Outcome.unusable("proposes nothing" + why)
        candidates.append(Candidate(rule: strategy.name, type: nil, result: .failure(nothing)))
      }
    }
    return Ranking.settle(candidates, cycle: cycle, at: observation.at) {
      silence(observation, scope, candidates: candidates)
    }
  }

  private func blindness(_ observation: Observation) -> String? {
    if let blind = observation.blind { return "the engine is blind: \(blind)" }
    guard observation.metrics.healthState == .unknown || observation.metrics.healthScore == nil else {
      return nil
    }
    let missing = health.score(observation.metrics).missing.map(\.rawValue)
    return missing.isEmpty
      ? "health is unknown: the observation has no score"
      : "health is unknown: not measured: " + missing.joined(separator: ", ")
  }

  /// Why nothing matched: in the policy's words, else by the rule that came nearest.
  private func silence(_ observation: Observation, _ scope: Scope, candidates: [Candidate]) -> String {
    let head = "health is \(scope.text("health_score")) (\(scope.state))"
    for silence in policy.silences where silence.when.ask(scope) == .met {
      return head + ": " + silence.say.filled(scope.text)
    }
    let failures: [String] = candidates.compactMap { candidate in
      guard case .failure(.failed(let mismatch)) = candidate.result, mismatch.subject != Scope.stateName
      else {
        return nil
      }
      return "\(candidate.rule) does not match: \(mismatch)"
    }
    return head + ": " + (failures.first ?? "no rule of policy \(policy.name) is for this state")
  }
}
