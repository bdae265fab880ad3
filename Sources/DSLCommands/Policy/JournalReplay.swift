import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// The replay of cycles in a journal.
struct JournalReplay {
  /// What came of one cycle.
  struct Outcome {
    var cycle: String
    var decisions: Int
    var differences: [Replay.Difference]
    /// Why it could not be replayed.
    var problem: String?

    var json: JSONValue {
      [
        "cycle": .string(cycle), "decisions": .int(decisions), "equal": .bool(isEqual),
        "differences": .array(differences.map(\.json)), "problem": .optional(problem),
      ]
    }

    var isEqual: Bool { differences.isEmpty && problem == nil }
  }

  private let journal: Journal
  private let context: Context
  private let settings: Settings
  private let other: Policy?

  /// - Parameter other: decides instead of the policies of then.
  init(_ journal: Journal, _ context: Context, _ settings: Settings, _ other: Policy?) {
    self.journal = journal
    self.context = context
    self.settings = settings
    self.other = other
  }

  private func decisions(_ cycle: JournaledCycle) throws -> [JournaledDecision] {
    try journal.decisions(DecisionFilter(cycle: cycle.record.id, limit: 10_000)).reversed()
  }

  /// Decides a cycle once more.
  func outcome(_ cycle: JournaledCycle) throws -> Outcome {
    let record = cycle.record
    let journaled = try decisions(cycle)
    var outcome = Outcome(cycle: record.id, decisions: journaled.count, differences: [])
    do {
      let conditions = try JournaledConditions(settings: record.settings)
      guard let policy = try other ?? context.policy(of: record, conditions, journal, settings) else {
        outcome.problem =
          "the policy \(conditions.policy) has changed since (\(record.policyHash) then), and the journal does not "
          + "have its text; --policy shows what another decides"
        return outcome
      }
      var engine = DecisionEngine(policy: policy, health: conditions.health, limits: conditions.limits)
      engine.record = conditions.record
      outcome.differences = Replay.compare(
        engine, try Observation(json: record.observation), cycle: record.id,
        journaled: journaled.map(\.decision), byRule: other != nil,
        strategies: try AnsweredStrategy.all(in: record.settings))
      // A process that died noted only the first of its decisions.
      if cycle.result == nil, other == nil { outcome.differences.removeAll { $0.kind == "added" } }
    } catch let error as DSLError {
      outcome.problem = error.description
    }
    return outcome
  }

  /// How a model of the fleet fares over these cycles under the other policy, its score and limits being those of the
  /// first cycle; `nil` where there is too little to go by. Cycles over a simulated cluster saw no fleet.
  func modelled(_ all: [JournaledCycle]) throws -> Counterfactual? {
    let cycles = all.filter { $0.record.backend != SimBackend.word }
    guard let other, let first = cycles.first else { return nil }
    let conditions = try JournaledConditions(settings: first.record.settings)
    var engine = DecisionEngine(policy: other, health: conditions.health, limits: conditions.limits)
    engine.record = conditions.record
    let turns = try cycles.map { cycle in
      Counterfactual.Turn(
        cycle: cycle.record.id, observation: try Observation(json: cycle.record.observation),
        executed: try decisions(cycle).filter { $0.outcome == .executed }.map {
          try Decision(json: $0.decision)
        })
    }
    return Counterfactual(turns, engine, gates: settings.gates)
  }
}

extension Context {
  /// The policy that decided in a cycle: its text as the journal has it, else the file of then if it is still the same.
  ///
  /// - Returns: `nil` when neither is there.
  /// - Throws: when the policy cannot be found or read.
  func policy(
    of record: CycleRecord, _ conditions: JournaledConditions, _ journal: Journal, _ settings: Settings
  ) throws -> Policy? {
    if let text = try journal.policyText(hash: record.policyHash) {
      return try Policy(journaled: text, file: "policy \(record.policyName) of the journal")
    }
    let policy = try policyEngine(conditions.policy, settings).policy
    return PolicySource.hash(policy.source) == record.policyHash ? policy : nil
  }
}
