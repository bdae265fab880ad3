import DSLBase

extension Policy {
  /// What bad evidence and a bad record leave of a rule's confidence, at their worst: the `evidence` section of a policy.
  ///
  /// 1 is no influence. A policy without the section keeps the constants of its rules.
  struct EvidenceWeights: Sendable, Equatable {
    /// Sources older than their limit without end.
    var stale = 1.0
    /// A source that is not there.
    var missing = 1.0
    /// A source of which nothing can be read.
    var corrupt = 1.0
    /// A source that does not say how old it is.
    var unverified = 1.0
    /// Sources that contradict each other in everything that they can be compared in.
    var disagreement = 1.0
    /// A rule of whose predictions none came true.
    var record = 1.0

    /// The keys of the section, each with its place.
    static var keys: [(name: String, place: WritableKeyPath<EvidenceWeights, Double>)] {
      [
        ("stale", \.stale), ("missing", \.missing), ("corrupt", \.corrupt), ("unverified", \.unverified),
        ("disagreement", \.disagreement), ("record", \.record),
      ]
    }

    /// Whether confidences are the constants of the rules.
    var areNeutral: Bool { self == EvidenceWeights() }
  }
}

/// The terms that rest on one observation: the same for all rules.
struct EvidenceTerms: Sendable, Equatable {
  let terms: [ConfidenceAssessment.Term]

  init(_ observation: Observation, _ weights: Policy.EvidenceWeights) {
    terms = [
      SourceTerms.freshness(observation.evidence, weights),
      SourceTerms.completeness(observation.evidence, weights),
      Agreement.term(observation, weight: 1 - weights.disagreement),
    ]
  }

  /// What they leave of any confidence.
  var factor: Double { terms.reduce(1) { $0 * $1.factor } }
}

extension Policy {
  /// How sure a rule may be, given what is seen and how its predictions fared.
  ///
  /// - Parameters:
  ///   - ceiling: the number in the rule.
  ///   - evidence: the terms of the observation.
  ///   - kind: what is known of earlier decisions of this kind.
  func assess(
    _ ceiling: Double, _ evidence: EvidenceTerms, _ kind: CalibrationRecord.Kind?
  ) -> ConfidenceAssessment {
    let record = ConfidenceAssessment.Term(
      name: "record", value: kind?.value(of: ceiling) ?? 1, weight: 1 - self.evidence.record,
      why: kind?.text ?? "no decision of this kind has been measured yet")
    return ConfidenceAssessment(ceiling: ceiling, terms: evidence.terms + [record])
  }
}
