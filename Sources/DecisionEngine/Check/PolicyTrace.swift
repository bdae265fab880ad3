package import DSLBase

/// What a finding can be derived from again: a start, and how it goes on. As a document it has everything that was
/// observed, decided and gated on the way (`docs/schemas/policy-trace.schema.json`).
package struct PolicyTrace: Sendable, Equatable {
  /// The word by which a document of this kind is known, with the version of its form.
  package static let format = "dsl-policy-trace/1"
  /// More cycles are not derived from a document.
  private static let maxCycles = 10_000

  var start: CheckState
  /// `nil` for a single look at a state.
  var conditions: FleetModel.Conditions?
  var cycles: Int

  init(start: CheckState, conditions: FleetModel.Conditions? = nil, cycles: Int = 1) {
    self.start = start
    self.conditions = conditions
    self.cycles = cycles
  }

  /// The trace of a finding as a document.
  ///
  /// - Parameters:
  ///   - settings: those in force, by key: what `SettingCatalog` makes of them.
  ///   - hash: the name of the policy's text in journals.
  package func document(
    of finding: PolicyFinding, _ engine: DecisionEngine, gates: GateSettings, settings: JSONValue,
    hash: String
  ) -> JSONValue {
    let types = engine.policy.rules.map(\.type.rawValue)
    var object: JSONObject = [
      "format": .string(Self.format), "engine_version": .string(DSLVersion.current), "seed": 0,
      "finding": finding.head,
      "policy": [
        "name": .string(engine.policy.name), "hash": .string(hash), "types": .strings(types),
        "text": .string(engine.policy.source),
      ],
      "settings": settings, "model": conditions?.json ?? .null, "start": start.json,
    ]
    for member in derive(engine, gates: gates) { object[member.key] = member.value }
    return .object(object)
  }

  /// What the engine that acts makes of the start: `cycles` and `end`.
  private func derive(_ engine: DecisionEngine, gates: GateSettings) -> JSONObject {
    let run = run(engine, gates)
    return ["cycles": .array(run.cycles.map(\.json)), "end": conditions == nil ? .null : run.end.json]
  }

  private func run(_ engine: DecisionEngine, _ gates: GateSettings) -> ModelRun {
    ModelRun(engine, gates: gates.modelled.checking(engine.policy), start, conditions, cycles: cycles)
  }
}

extension ModelRun.Cycle {
  /// All that was seen and decided.
  fileprivate var json: JSONValue {
    [
      "cycle": .string(id), "observation": observation.json,
      "decisions": .array(set.decisions.map(\.json)), "silence": .optional(set.silence),
      "gates": .array(
        verdicts.map { verdict in
          [
            "decision_id": .string(verdict.decision.id), "passed": .bool(verdict.passed),
            "gate": .optional(verdict.refusal?.gate.rawValue), "reason": .optional(verdict.refusal?.reason),
          ]
        }),
    ]
  }
}

extension PolicyTrace {
  /// A document as it was read.
  package struct Recorded: Sendable {
    /// What the finding said.
    package let message: String
    package let policyName: String
    package let policyText: String
    package let policyHash: String
    /// Types that the policy's rules may have.
    package let types: [DecisionType]
    /// By key, as the journal keeps them.
    package let settings: JSONValue
    private let finding: PolicyFinding
    private let trace: PolicyTrace
    private let document: JSONObject

    /// Reads a document.
    ///
    /// - Throws: `DSLError` (`corrupt`) naming the member that is missing or of the wrong kind.
    package init(_ json: JSONValue) throws(DSLError) {
      let fields = try JSONFields(json, "trace")
      let format = try fields.string("format")
      guard format == PolicyTrace.format else {
        throw DSLError(
          .unsupported,
          "the trace has the format \"\(format)\", and this program reads \(PolicyTrace.format)",
          fix: "write it anew: dsl policy check --traces DIR")
      }
      let policy = try JSONFields(fields["policy"], "policy of the trace")
      policyName = try policy.string("name")
      policyText = try policy.string("text")
      policyHash = try policy.string("hash")
      types = try policy.strings("types").map { DecisionType(rawValue: $0) }
      settings = .object(try fields.object("settings"))
      finding = try PolicyFinding(head: fields["finding"])
      message = finding.message
      let conditions: FleetModel.Conditions? =
        if let model = fields["model"] { try FleetModel.Conditions(json: model) } else { nil }
      let count = try fields.array("cycles").count
      guard count <= PolicyTrace.maxCycles else {
        throw DSLError(.corrupt, "the trace has \(count) cycles, more than \(PolicyTrace.maxCycles)")
      }
      trace = PolicyTrace(
        start: try CheckState(json: fields["start"]), conditions: conditions, cycles: count)
      document = json.object ?? [:]
    }

    /// Derives the trace once more.
    package func replay(_ engine: DecisionEngine, gates: GateSettings) -> Outcome {
      let run = trace.run(engine, gates)
      var recorded = JSONObject()
      for key in ["cycles", "end"] { recorded[key] = document[key] ?? .null }
      let derived = trace.derive(engine, gates: gates)
      let difference = Replay.firstDifference(.object(recorded), .object(derived), path: "")
      return Outcome(
        cycles: run.cycles.count, decisions: run.cycles.map(\.set.decisions.count).reduce(0, +),
        difference: difference.map { Outcome.Difference(field: $0.0, recorded: $0.1, derived: $0.2) },
        isConfirmed: finding.isShown(by: run, engine))
    }
  }

  /// What a replay of a trace found.
  package struct Outcome: Sendable, Equatable {
    /// The first field that is not as it was recorded.
    package struct Difference: Sendable, Equatable {
      package let field: String
      package let recorded: JSONValue
      package let derived: JSONValue

      package init(field: String, recorded: JSONValue, derived: JSONValue) {
        (self.field, self.recorded, self.derived) = (field, recorded, derived)
      }
    }

    package let cycles: Int
    package let decisions: Int
    package let difference: Difference?
    /// Whether what was derived shows what the finding says.
    package let isConfirmed: Bool

    package init(cycles: Int, decisions: Int, difference: Difference?, isConfirmed: Bool) {
      (self.cycles, self.decisions) = (cycles, decisions)
      (self.difference, self.isConfirmed) = (difference, isConfirmed)
    }

    package var isEqual: Bool { difference == nil && isConfirmed }
  }
}
