import Coordination
import DSLBase

extension DecisionReport.Outcome {
  /// What refuses in the place of a gate what the backend has no place for.
  static let placementGate = "placement"

  /// The backend has no place for what was decided.
  static func noPlace(_ reason: String) -> Self {
    .refused(gate: placementGate, reason: reason, observed: nil, required: nil)
  }
}

extension RefusedDecision {
  /// A decision that the backend has no place for.
  init(_ decision: Decision, cycle: String, reason: String, at time: Timestamp) {
    self.init(
      decision: decision.json, id: decision.id, cycle: cycle, type: decision.type.rawValue,
      target: decision.target, at: time, gate: DecisionReport.Outcome.placementGate, reason: reason,
      observed: nil, required: nil)
  }
}
