import Coordination
import DSLBase
import DecisionEngine

/// Checks at the next observation whether what was done had the effect that was predicted, and keeps the ledger of it.
struct Verifier {
  /// Who the journal names for an undo that nobody asked for.
  static let name = "auto-rollback"
  /// Decisions looked at a cycle; more are not carried out in one.
  private static let limit = 50
  /// Decisions older than this that have their verdict account for nothing any more, seconds: longer than any prediction.
  private static let horizonSeconds = 600.0

  /// A decision of late, with what it predicted.
  private struct Candidate {
    var entry: JournaledDecision
    var decision: Decision
    var before: Observation
    var fact: PredictionFact
  }

  private let executor: DecisionExecutor
  private let engine: DecisionEngine
  private let autoRollback: Bool

  init(_ executor: DecisionExecutor, _ engine: DecisionEngine, autoRollback: Bool) {
    self.executor = executor
    self.engine = engine
    self.autoRollback = autoRollback
  }

  /// Judges every executed decision that has no verdict yet and whose prediction is due, and undoes those that made
  /// health worse if that is wanted.
  ///
  /// What falls due while nothing can be seen is unknown to the ledger. Its verdict waits for sight, so that what did harm
  /// can still be undone.
  ///
  /// - Returns: a sentence a verdict, the latest decision's first.
  func run(_ now: Observation) async throws -> [String] {
    var notes: [String] = []
    // Latest first, so that each prediction knows what the decisions after it account for.
    let candidates = try candidates(now)
    var floor = Double.infinity
    for (place, candidate) in candidates.enumerated() {
      var prediction = candidate.fact.prediction
      // What a later decision was meant to cost is not the fault of an earlier one: of two, the lower floor holds.
      floor = min(floor, prediction.healthFloor ?? .infinity)
      prediction.healthFloor = prediction.healthFloor.map { min($0, floor) }
      guard candidate.entry.verdict == nil else { continue }
      let before = candidate.before
      let verdict = engine.verify(prediction, before: before, after: now)
      // What cannot be told yet is asked again, until the prediction's time is over.
      guard verdict != .unknown || now.at.seconds(since: before.at) >= prediction.withinSeconds else {
        continue
      }
      let others = candidates.indices.filter { $0 != place }.map { candidates[$0].fact }
      let reason = try enter(candidate, verdict, among: others, now)
      guard now.blind == nil else { continue }
      notes.append(try await settle(candidate, prediction, verdict, reason, now))
    }
    return notes
  }

  /// The latest executed decisions that were not undone, with their predictions, latest first.
  private func candidates(_ now: Observation) throws -> [Candidate] {
    let filter = DecisionFilter(outcomes: [.executed], limit: Self.limit)
    var found: [Candidate] = []
    for entry in try executor.journal.decisions(filter) where !entry.isUndone {
      if entry.verdict != nil, now.at.seconds(since: entry.at) > Self.horizonSeconds { break }
      let decision = try Decision(json: entry.decision)
      let before = try Observation(json: try executor.journal.cycle(entry.cycle).record.observation)
      guard let prediction = engine.predict(decision, before) else { continue }
      let settled = entry.verdict?["at"].flatMap { Timestamp.parse($0)?.time }
      let fact = PredictionFact(
        type: decision.type, rule: decision.rule, prediction: prediction, madeAt: before.at,
        settledAt: settled)
      found.append(Candidate(entry: entry, decision: decision, before: before, fact: fact))
    }
    return found
  }

  /// Enters a verdict into the ledger.
  ///
  /// - Returns: why it counts neither way; empty when it counts.
  private func enter(
    _ candidate: Candidate, _ verdict: Verification, among others: [PredictionFact], _ now: Observation
  ) throws -> String {
    let (outcome, reason) = candidate.fact.outcome(verdict, among: others, at: now.at)
    let decision = candidate.decision
    try executor.journal.enter(
      LedgerEntry(
        decision: decision.id, type: decision.type.rawValue, rule: decision.rule, target: decision.target,
        confidence: decision.confidence, outcome: outcome.rawValue, reason: reason,
        metric: candidate.fact.prediction.metric.rawValue, madeAt: candidate.fact.madeAt, judgedAt: now.at))
    return reason
  }

  /// Notes a verdict in the journal and undoes what did harm.
  private func settle(
    _ candidate: Candidate, _ prediction: Prediction, _ verdict: Verification, _ reason: String,
    _ now: Observation
  ) async throws -> String {
    let decision = candidate.decision
    try executor.journal.verified(
      decision: decision.id,
      [
        "verdict": .string(verdict.rawValue), "prediction": prediction.json, "at": now.at.json,
        "health_before": .optional(candidate.before.metrics.healthScore),
        "health_after": .optional(now.metrics.healthScore),
      ], undoneBy: verdict == .worse && autoRollback ? Self.name : nil)
    var note = "\(decision.id) \(decision.type): prediction \(verdict.rawValue) (\(prediction.sentence))"
    if verdict != .unknown, !reason.isEmpty { note += ", not counted: \(reason)" }
    if verdict == .worse, autoRollback {
      let report = try await Rollback(executor).undo(candidate.entry, by: Self.name)
      note += "; \(report.outcome.rawValue)"
    }
    return note
  }
}

extension Prediction {
  /// All fields.
  var json: JSONValue {
    [
      "metric": .string(metric.rawValue), "direction": .string(direction.rawValue),
      "amount": .optional(amount),
      "within_s": .double(withinSeconds), "health_floor": .optional(healthFloor),
    ]
  }

  /// In words: "active_agents up by 3 within 60 s".
  var sentence: String {
    let amount = amount.map { " by \(Int(exactly: $0).map(String.init) ?? String($0))" } ?? ""
    return "\(metric) \(direction.rawValue)\(amount) within \(Int(withinSeconds)) s"
  }
}
