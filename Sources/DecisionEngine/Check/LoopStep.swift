package import DSLBase

/// One cycle of a closed loop, as a check tells it.
package struct LoopStep: Sendable, Equatable {
  package var cycle: Int
  package var agents: Int
  /// Agents that were asked for and are not up.
  package var starting: Int
  package var work: Int
  package var completed: Int
  package var telemetry: Int
  /// The score, 0…1.
  package var health: Double
  package var state: HealthState
  /// `rule` or `rule → target` of each decision that passed the gates.
  package var passed: [String]
  /// `rule: gate` of each decision that a gate held back.
  package var refused: [String]

  /// All fields.
  package var json: JSONValue {
    [
      "cycle": .int(cycle), "active_agents": .int(agents), "starting_agents": .int(starting),
      "work_queue_size": .int(work), "completed_count": .int(completed), "telemetry_volume": .int(telemetry),
      "health_score": .double(health), "health_state": .string(state.rawValue), "passed": .strings(passed),
      "refused": .strings(refused),
    ]
  }
}
