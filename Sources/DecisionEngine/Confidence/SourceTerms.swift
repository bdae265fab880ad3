import DSLBase

/// How fresh and how complete the sources of an observation are. Of several the one that leaves least counts.
enum SourceTerms {
  typealias Term = ConfidenceAssessment.Term

  /// Age against limit: 1 up to the limit, then limit / age, so that twice as old is half as fresh.
  ///
  /// A source without ages or limit is judged by its status: stale is 0, unverified is 0 under its own weight. One that
  /// lies in the future counts by how far: both say that the clocks or the writers cannot be relied on.
  static func freshness(_ sources: [SourceEvidence], _ weights: Policy.EvidenceWeights) -> Term {
    let best = Term(
      name: "freshness", value: 1, weight: 1 - weights.stale, why: "every source is within its limit")
    return worst(best, sources.compactMap { freshness(of: $0, weights) })
  }

  private static func freshness(of source: SourceEvidence, _ weights: Policy.EvidenceWeights) -> Term? {
    if source.status == .unverified {
      return Term(
        name: "freshness", value: 0, weight: 1 - weights.unverified,
        why: "\(source.source) do not say how old they are")
    }
    guard let age = source.newestAgeSeconds?.magnitude, let limit = source.limitSeconds, age.isFinite else {
      guard source.status == .stale else { return nil }
      return Term(
        name: "freshness", value: 0, weight: 1 - weights.stale, why: "\(source.source) are stale")
    }
    guard age > limit else { return nil }
    let (is_, may) = (NumberText.short(age.rounded()), NumberText.short(limit))
    return Term(
      name: "freshness", value: limit / age, weight: 1 - weights.stale,
      why: "\(source.source): the newest is \(is_) s old, the limit is \(may) s")
  }

  /// The share that could be read; 0 for a source that is not there, or corrupt without a count.
  static func completeness(_ sources: [SourceEvidence], _ weights: Policy.EvidenceWeights) -> Term {
    let best = Term(
      name: "completeness", value: 1, weight: 1 - weights.corrupt, why: "everything could be read")
    return worst(best, sources.compactMap { completeness(of: $0, weights) })
  }

  private static func completeness(of source: SourceEvidence, _ weights: Policy.EvidenceWeights) -> Term? {
    if source.status == .missing {
      return Term(
        name: "completeness", value: 0, weight: 1 - weights.missing, why: "\(source.source) are missing")
    }
    let all = source.records + source.unreadable
    guard source.unreadable > 0 || source.status == .corrupt else { return nil }
    return Term(
      name: "completeness",
      value: source.unreadable == 0 ? 0 : Double(source.records) / Double(all), weight: 1 - weights.corrupt,
      why: "\(source.source): \(source.unreadable) of \(all) records cannot be read")
  }

  /// The term that leaves least; the earlier of two that leave as much.
  private static func worst(_ best: Term, _ terms: [Term]) -> Term {
    terms.reduce(best) { $1.factor < $0.factor ? $1 : $0 }
  }
}
