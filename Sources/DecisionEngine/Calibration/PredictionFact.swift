package import DSLBase

/// A prediction that was acted on, with what else its judgement depends on.
package struct PredictionFact: Sendable, Equatable {
  package var type: DecisionType
  package var rule: String
  package var prediction: Prediction
  /// When what led to the decision was observed.
  package var madeAt: Timestamp
  /// When it was judged; `nil` while it is not.
  package var settledAt: Timestamp?

  package init(
    type: DecisionType, rule: String, prediction: Prediction, madeAt: Timestamp, settledAt: Timestamp? = nil
  ) {
    self.type = type
    self.rule = rule
    self.prediction = prediction
    self.madeAt = madeAt
    self.settledAt = settledAt
  }

  /// From when on nothing is credited to it any more.
  private var end: Timestamp { settledAt ?? madeAt.adding(seconds: prediction.withinSeconds) }

  /// How many times its span a prediction may be overdue when it is judged.
  private static let patience = 10.0

  /// What the ledger makes of a verdict.
  ///
  /// It is unknown, and counts neither way, when
  /// - it could not be seen at the time;
  /// - it is judged later than ten times its span: too much else has happened since;
  /// - it came true, and a decision of another kind pushed the same metric the same way meanwhile;
  /// - it did not, and a decision pushed the same metric the other way meanwhile.
  ///
  /// - Parameters:
  ///   - verification: the verdict, once it is due.
  ///   - others: the other predictions that were acted on lately, in any order.
  ///   - now: when the verdict was found.
  /// - Returns: the outcome, with the reason where it is unknown.
  package func outcome(
    _ verification: Verification, among others: [PredictionFact], at now: Timestamp
  ) -> (outcome: PredictionOutcome, reason: String) {
    if verification == .unknown { return (.unknown, "it could not be told when it was due") }
    let elapsed = now.seconds(since: madeAt)
    guard elapsed <= Self.patience * prediction.withinSeconds else {
      return (.unknown, "it was judged \(NumberText.short(elapsed.rounded())) s after it was made")
    }
    let isHit = verification == .met
    for other in others where other.overlaps(self, until: now) {
      guard isHit ? other.helped(self) : other.hindered(self) else { continue }
      let verb = isHit ? "may have caused it" : "may have prevented it"
      return (.unknown, "\(other.type) by \(other.rule) \(verb)")
    }
    return (isHit ? .hit : .miss, "")
  }

  /// Whether it was at work while another was measured.
  private func overlaps(_ measured: PredictionFact, until now: Timestamp) -> Bool {
    madeAt <= now && end > measured.madeAt && prediction.metric == measured.prediction.metric
  }

  /// Whether it may have brought about what another predicted. Decisions of the same kind share their credit.
  private func helped(_ measured: PredictionFact) -> Bool {
    let isSameKind = type == measured.type && rule == measured.rule
    return !isSameKind && prediction.direction != .steady
      && prediction.direction == measured.prediction.direction
  }

  /// Whether it may have undone what another predicted; what is to stay steady may rise.
  private func hindered(_ measured: PredictionFact) -> Bool {
    switch measured.prediction.direction {
    case .up, .steady: prediction.direction == .down
    case .down: prediction.direction == .up
    }
  }
}
