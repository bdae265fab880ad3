package import DSLBase

/// One fault of a policy, with the smallest state that shows it.
package struct PolicyFinding: Sendable, Equatable {
  /// What kinds of faults are looked for, in the order in which they are told.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// A critical or degraded state with neither a decision nor a stated reason: an entry of `silence`.
    case deadZone = "dead_zone"
    /// The fleet grows past its maximum.
    case runaway
    /// Under constant load the fleet goes up, down and up again without end.
    case limitCycle = "limit_cycle"
    /// A rule matches in no state.
    case neverFires = "never_fires"
    /// A rule matches, but another always has precedence.
    case shadowed
    /// A rule's confidence is below what the gate asks for, whatever the evidence.
    case blocked
    /// Two rules want to scale one target up and down in the same state.
    case contradiction
    /// No rule proposes a decision of this type. Told, but no fault: nothing says that a policy needs all.
    case notProduced = "not_produced"
  }

  package var kind: Kind
  /// The rules it is about, in the order of the policy.
  package var rules: [String]
  /// What is wrong, as a sentence.
  package var message: String
  /// The smallest state that shows it; `nil` where none is needed.
  package var state: CheckState?
  /// The sample directory's state (`CheckState.sample`), when it shows it too.
  package var sample: CheckState?
  /// In how many states of the grid it shows; 0 for findings of the closed loop.
  package var states: Int
  /// For findings of the closed loop, cycle by cycle from that state on.
  package var trace: [LoopStep]

  init(
    _ kind: Kind, rules: [String] = [], _ message: String, state: CheckState? = nil, states: Int = 0,
    trace: [LoopStep] = []
  ) {
    self.kind = kind
    self.rules = rules
    self.message = message
    self.state = state
    self.states = states
    self.trace = trace
  }

  /// Whether it makes a check fail.
  package var isFault: Bool { kind != .notProduced }

  /// All fields.
  package var json: JSONValue {
    [
      "kind": .string(kind.rawValue), "fault": .bool(isFault), "rules": .strings(rules),
      "message": .string(message), "state": state?.json ?? .null, "sample": sample?.json ?? .null,
      "states": .int(states), "trace": .array(trace.map(\.json)),
    ]
  }
}

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
      "all_states": .int(allStates), "loops": .int(loops),
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
