package import ClusterSim
package import DSLBase
package import DecisionEngine

/// What a finding of ``ClusterCheck`` can be derived from again and played from: policy, settings, cluster, the state that it
/// starts from, and what was decided in each step (`docs/schemas/cluster-trace.schema.json`).
package struct ClusterTrace: Sendable {
  /// The word by which a document of this kind is known, with the version of its form.
  package static let format = "dsl-cluster-trace/1"
  /// The longest document that is read.
  package static let limit = 16 << 20

  /// What the finding says, and which it is.
  package let message: String
  package let findingID: String
  let kind: ClusterFinding.Kind
  package let policyName: String
  package let policyText: String
  package let policyHash: String
  /// Types that the policy's rules may have.
  package let types: [DecisionType]
  /// By key, as the journal keeps them.
  package let settings: JSONValue
  package let configuration: ClusterConfiguration
  package let seed: Int
  package let start: ClusterStart
  package let startDigest: String
  /// Seconds between cycles.
  package let interval: Double
  let cycles: [JSONValue]
  /// Of the state after the last cycle.
  let endDigest: String
  private let document: JSONObject

  /// The document of a finding.
  ///
  /// - Parameters:
  ///   - settings: those in force, by key: what `SettingCatalog` makes of them.
  ///   - hash: the name of the policy's text in journals.
  /// - Returns: `nil` for a finding that nothing can show.
  package static func document(
    of finding: ClusterFinding, _ check: ClusterCheck, settings: JSONValue, hash: String
  ) throws(DSLError) -> JSONValue? {
    guard let start = finding.start, let seen = finding.seen, finding.cycles > 0 else { return nil }
    let engine = check.mind.engine
    let run = try ClusterRun(
      check.mind, check.configuration, start, interval: check.interval, limit: finding.cycles)
    var object: JSONObject = [
      "format": .string(Self.format), "engine_version": .string(DSLVersion.current), "finding": finding.head,
      "policy": [
        "name": .string(engine.policy.name), "hash": .string(hash),
        "types": .strings(engine.policy.ruleTypes.map(\.type.rawValue)),
        "text": .string(engine.policy.source),
      ],
      "settings": settings, "interval_s": .double(check.interval),
      "cluster": [
        "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
        "configuration_sha256": .string(check.configuration.digest),
        "configuration": check.configuration.json,
        "seed": .int(check.seed), "episode": .int(start.number), "key": .string(BlackBox.text(start.key)),
        "level": .int(start.level),
        "actions": .string(String(decoding: start.actions.map { $0 + 48 }, as: UTF8.self)),
        "state_digest": .string(BlackBox.text(seen.digest)),
      ],
    ]
    for member in derived(run) { object[member.key] = member.value }
    return .object(object)
  }

  /// What the loop did: `cycles` and `end`.
  private static func derived(_ run: ClusterRun) -> JSONObject {
    [
      "cycles": .array(run.steps.enumerated().map { $0.element.json(cycle: $0.offset) }),
      "end": ["state_digest": .string(BlackBox.text(run.endDigest)), "cause": .string(run.cause.name)],
    ]
  }

  /// Reads a document.
  ///
  /// - Throws: `DSLError`: `unsupported` for another format or version of the dynamics, `corrupt` naming the member that is
  ///   missing or of the wrong kind, `invalid_input` for constants that no cluster can have.
  package init(_ json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "trace")
    guard case let format = try fields.string("format"), format == Self.format else {
      throw DSLError(
        .unsupported, "the trace has the format \"\(try fields.string("format"))\", not \(Self.format)",
        fix: "one of a fleet is derived again, not played: dsl auto replay --trace FILE")
    }
    let finding = try JSONFields(fields["finding"], "finding of the trace")
    kind = try finding.word("kind", ClusterFinding.Kind.self)
    (message, findingID) = (try finding.string("message"), try finding.string("id"))
    let policy = try JSONFields(fields["policy"], "policy of the trace")
    (policyName, policyText) = (try policy.string("name"), try policy.string("text"))
    policyHash = try policy.string("hash")
    types = try policy.strings("types").map { DecisionType(rawValue: $0) }
    settings = .object(try fields.object("settings"))
    interval = try fields.double("interval_s")
    let cluster = try JSONFields(fields["cluster"], "cluster of the trace")
    let version = try cluster.int("dynamics_version")
    guard version == ClusterConfiguration.dynamicsVersion else {
      throw DSLError(
        .unsupported,
        "the trace follows dynamics \(version), this build \(ClusterConfiguration.dynamicsVersion)",
        fix: "write it anew: dsl policy check --traces DIR")
    }
    configuration = try ClusterConfiguration(json: .object(cluster.object("configuration")))
    guard configuration.digest == (try cluster.string("configuration_sha256")) else {
      throw DSLError(.corrupt, "cluster of the trace: configuration_sha256 is of other constants")
    }
    let actions = try cluster.string("actions").utf8.map { $0 &- 48 }
    guard let key = UInt64(try cluster.string("key"), radix: 16), actions.allSatisfy({ $0 < Action.count })
    else { throw DSLError(.corrupt, "cluster of the trace: key or actions are not as they are written") }
    (seed, startDigest) = (try cluster.int("seed"), try cluster.string("state_digest"))
    start = ClusterStart(
      number: try cluster.int("episode"), key: key, level: try cluster.int("level"), actions: actions)
    cycles = try fields.array("cycles")
    endDigest = try JSONFields(fields["end"], "end of the trace").string("state_digest")
    guard (1...configuration.maxSteps).contains(cycles.count), interval > 0 else {
      throw DSLError(.corrupt, "the trace has \(cycles.count) cycles of \(interval) s")
    }
    document = json.object ?? [:]
  }

  /// The state that it starts from.
  ///
  /// - Throws: `corrupt` where the actions lead to another than the one that was written down.
  package func opened() throws(DSLError) -> OpenEpisode {
    let episode = try start.open(configuration)
    guard BlackBox.text(episode.digest) == startDigest else {
      throw DSLError(
        .corrupt,
        "cluster of the trace: the actions lead to the state \(BlackBox.text(episode.digest)), not \(startDigest)"
      )
    }
    return episode
  }

  /// Derives the trace once more.
  package func replay(_ engine: DecisionEngine, gates: GateSettings) throws(DSLError) -> PolicyTrace.Outcome {
    _ = try opened()
    let mind = ClusterMind(engine: engine, gates: gates.forCluster(engine).modelled)
    let run = try ClusterRun(mind, configuration, start, interval: interval, limit: cycles.count)
    var recorded = JSONObject()
    for key in ["cycles", "end"] { recorded[key] = document[key] ?? .null }
    let difference = Replay.firstDifference(.object(recorded), .object(Self.derived(run)), path: "")
    return PolicyTrace.Outcome(
      cycles: run.steps.count, decisions: run.steps.map(\.turn.set.decisions.count).reduce(0, +),
      difference: difference.map { .init(field: $0.0, recorded: $0.1, derived: $0.2) },
      isConfirmed: try isShown(by: ClusterEvidence(run), engine))
  }

  /// Whether what a loop did shows what the finding says.
  func isShown(by evidence: ClusterEvidence, _ engine: DecisionEngine) throws(DSLError) -> Bool {
    if let fault = kind.fault {
      let (start, configuration) = (try opened(), configuration)
      return try fault.isShown(by: evidence.track, clean: configuration.cleanCost) { steps throws(DSLError) in
        try ClusterTrack(start, HeuristicPolicy(), steps: steps)
      }
    }
    guard let first = evidence.first else { return false }
    switch kind {
    case .deadZone:
      let health = first.metrics.healthState
      return (health == .critical || health == .degraded) && !evidence.hasDecided && !engine.hasReason(first)
    case .unsupported: return evidence.isUnusable
    default: return false
    }
  }
}

/// What a loop did, as far as it shows a finding.
struct ClusterEvidence {
  var track: ClusterTrack
  /// What was seen in the first cycle, scored.
  var first: Observation?
  /// Whether anything was decided in it, and whether a rule's decision could not be used or carried out.
  var hasDecided: Bool
  var isUnusable: Bool

  init(track: ClusterTrack, first: Observation?, hasDecided: Bool, isUnusable: Bool) {
    (self.track, self.first) = (track, first)
    (self.hasDecided, self.isUnusable) = (hasDecided, isUnusable)
  }

  init(_ run: ClusterRun) {
    let turn = run.steps.first?.turn
    let isUnusable = turn?.set.considered.contains { if case .unusable = $0.outcome { true } else { false } }
    self.init(
      track: run.track, first: turn?.observation, hasDecided: turn?.set.decisions.isEmpty == false,
      isUnusable: turn?.problem != nil || isUnusable == true)
  }
}

extension ClusterRun.Step {
  /// What was seen, decided and done in a cycle.
  func json(cycle: Int) -> JSONValue {
    [
      "cycle": .int(cycle), "state_digest": .string(BlackBox.text(digest)),
      "metrics": turn.observation.metrics.json, "decisions": .array(turn.set.decisions.map(\.json)),
      "silence": .optional(turn.set.silence),
      "gates": .array(
        turn.verdicts.map { verdict in
          [
            "decision_id": .string(verdict.decision.id), "passed": .bool(verdict.passed),
            "gate": .optional(verdict.refusal?.gate.rawValue), "reason": .optional(verdict.refusal?.reason),
          ]
        }),
      "rule": .optional(turn.decision?.rule), "action": .string(turn.action.name),
    ]
  }
}
