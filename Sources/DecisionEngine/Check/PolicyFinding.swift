package import DSLBase

/// One fault of a policy, with the smallest state that shows it.
package struct PolicyFinding: Sendable, Equatable {
  /// What kinds of faults are looked for, in the order in which they are told.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// A critical or degraded state with neither a decision nor a stated reason: an entry of `silence`.
    case deadZone = "dead_zone"
    /// A quantity grows without end: the fleet past its maximum, or the queue though the fleet could be made larger.
    case runaway
    /// Under a load that stays the same in the end, the fleet goes up, down and up again without end.
    case limitCycle = "limit_cycle"
    /// A rule matches in no state.
    case neverFires = "never_fires"
    /// A rule matches, but another always has precedence.
    case shadowed
    /// A rule's confidence is below what the gate asks for, whatever the evidence.
    case blocked
    /// People have to approve whatever a rule decides. Told, but no fault.
    case needsApproval = "needs_approval"
    /// Two rules want to scale one target up and down in the same state.
    case contradiction
    /// No rule proposes a decision of this type. Told, but no fault: nothing says that a policy needs all.
    case notProduced = "not_produced"
  }

  /// What a report calls it: its kind, and its number among those of the kind.
  package var id = ""
  package var kind: Kind
  /// What grows or swings, for findings of the closed loop.
  package var quantity: MetricName?
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
  /// For findings of the closed loop, the cycles that tell it.
  package var trace: [LoopStep]
  /// What derives it again; `nil` where nothing happens that could be shown.
  package var proof: PolicyTrace?

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
  package var isFault: Bool { kind != .notProduced && kind != .needsApproval }

  /// What it is, without what shows it.
  var head: JSONValue {
    [
      "id": .string(id), "kind": .string(kind.rawValue), "fault": .bool(isFault), "rules": .strings(rules),
      "quantity": .optional(quantity?.rawValue), "message": .string(message),
    ]
  }

  /// All fields.
  package var json: JSONValue {
    var object = head.object ?? [:]
    object["state"] = state?.json ?? .null
    object["sample"] = sample?.json ?? .null
    object["states"] = .int(states)
    object["trace"] = .array(trace.map(\.json))
    return .object(object)
  }

  /// - Throws: `DSLError` (`corrupt`) when a member is missing or of the wrong kind.
  init(head json: JSONValue?) throws(DSLError) {
    let fields = try JSONFields(json, "finding of the trace")
    self.init(
      try fields.word("kind", Kind.self), rules: try fields.strings("rules"), try fields.string("message"))
    id = try fields.string("id")
    quantity = fields["quantity"]?.string.map { MetricName(rawValue: $0) }
  }
}
