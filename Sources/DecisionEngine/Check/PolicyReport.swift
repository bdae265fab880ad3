package import DSLBase

/// What a check found and what it looked at.
package struct PolicyReport: Sendable, Equatable {
  /// How many states of the documented grid are in one health state, and how many of them decide nothing.
  package struct Share: Sendable, Equatable {
    package var health: HealthState
    package var states: Int
    /// States without a decision.
    package var undecided: Int
    /// Of these, states without a stated reason either.
    package var silent: Int

    package init(health: HealthState, states: Int, undecided: Int, silent: Int) {
      (self.health, self.states) = (health, states)
      (self.undecided, self.silent) = (undecided, silent)
    }
  }

  package var policy: String
  /// States of the grid: one situation, and all of them.
  package var gridStates: Int
  package var allStates: Int
  /// Closed loops that were run.
  package var loops: Int
  /// The grid in the situation `counts`, from critical to optimal.
  package var shares: [Share]
  /// In the order of their kinds, then of the policy's rules.
  package var findings: [PolicyFinding]

  /// Whether there is no fault.
  package var isClean: Bool { !findings.contains(where: \.isFault) }

  /// All fields.
  package var json: JSONValue {
    [
      "policy": .string(policy), "clean": .bool(isClean), "grid_states": .int(gridStates),
      "all_states": .int(allStates), "loops": .int(loops), "assumptions": .strings(FleetModel.assumptions),
      "health": .array(
        shares.map { share in
          [
            "state": .string(share.health.rawValue), "states": .int(share.states),
            "undecided": .int(share.undecided), "silent": .int(share.silent),
          ]
        }),
      "findings": .array(findings.map(\.json)),
    ]
  }
}
