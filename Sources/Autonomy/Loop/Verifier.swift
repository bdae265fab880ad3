import Coordination
import DSLBase
import DecisionEngine

/// Checks at the next observation whether what was done had the effect that was predicted.
struct Verifier {
  /// Who the journal names for an undo that nobody asked for.
  static let name = "auto-rollback"
  /// Decisions looked at a cycle; more are not carried out in one.
  private static let limit = 50
  /// Decisions older than this that have their verdict account for nothing any more, seconds: longer than any prediction.
  private static let horizonSeconds = 600.0

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
  /// - Returns: a sentence a verdict, the latest decision's first.
  func run(_ now: Observation) async throws -> [String] {
    guard now.blind == nil else { return [] }
    var notes: [String] = []
    let filter = DecisionFilter(outcomes: [.executed], limit: Self.limit)
    // Latest first, so that each prediction knows what the decisions after it account for.
    var floor = Double.infinity
    for entry in try executor.journal.decisions(filter) where !entry.isUndone {
      if entry.verdict != nil, now.at.seconds(since: entry.at) > Self.horizonSeconds { break }
      let decision = try Decision(json: entry.decision)
      let before = try Observation(json: try executor.journal.cycle(entry.cycle).record.observation)
      guard var prediction = engine.predict(decision, before) else { continue }
      // What a later decision was meant to cost is not the fault of an earlier one: of two, the lower floor holds.
      floor = min(floor, prediction.healthFloor ?? .infinity)
      prediction.healthFloor = prediction.healthFloor.map { min($0, floor) }
      guard entry.verdict == nil else { continue }
      let verdict = engine.verify(prediction, before: before, after: now)
      // What cannot be told yet is asked again, until the prediction's time is over.
      guard verdict != .unknown || now.at.seconds(since: before.at) >= prediction.withinSeconds else {
        continue
      }
      try executor.journal.verified(
        decision: decision.id,
        [
          "verdict": .string(verdict.rawValue), "prediction": prediction.json, "at": now.at.json,
          "health_before": .optional(before.metrics.healthScore),
          "health_after": .optional(now.metrics.healthScore),
        ])
      var note = "\(decision.id) \(decision.type): prediction \(verdict.rawValue) (\(prediction.sentence))"
      if verdict == .worse, autoRollback {
        let report = try await Rollback(executor).undo(entry, by: Self.name)
        note += "; \(report.outcome.rawValue)"
      }
      notes.append(note)
    }
    return notes
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
