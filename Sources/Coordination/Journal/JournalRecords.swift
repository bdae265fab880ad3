package import DSLBase

/// One turn of the loop, as it began: everything a replay needs.
package struct CycleRecord: Sendable, Equatable {
  /// Unique.
  package var id: String
  package var startedAt: Timestamp
  /// The backend's name: "files", "memory", ….
  package var backend: String
  package var engineVersion: String
  package var policyName: String
  /// The policy's content hash, so that a replay knows whether it runs under the same rules.
  package var policyHash: String
  package var seed: UInt64
  /// The settings in force.
  package var settings: JSONValue
  /// The whole observation.
  package var observation: JSONValue
  /// The metrics with score and state.
  package var metrics: JSONValue
  /// The trace of the cycle, 32 hex digits.
  package var traceID: String?
  package var dryRun: Bool
  /// The leader's fencing epoch.
  package var epoch: Int64

  package init(
    id: String, startedAt: Timestamp, backend: String, engineVersion: String, policyName: String,
    policyHash: String,
    seed: UInt64, settings: JSONValue, observation: JSONValue, metrics: JSONValue, traceID: String?,
    dryRun: Bool,
    epoch: Int64
  ) {
    self.id = id
    self.startedAt = startedAt
    self.backend = backend
    self.engineVersion = engineVersion
    self.policyName = policyName
    self.policyHash = policyHash
    self.seed = seed
    self.settings = settings
    self.observation = observation
    self.metrics = metrics
    self.traceID = traceID
    self.dryRun = dryRun
    self.epoch = epoch
  }
}

/// How a cycle ended.
package struct CycleResult: Sendable, Equatable {
  package var executed: Int
  package var failed: Int
  package var skipped: Int
  package var durationMs: Double
  /// The health score of the observation after the effects, if there was one.
  package var healthAfter: Double?
  /// What a reader should know, a sentence each.
  package var notes: [String]
}

/// A cycle as it stands in the journal.
package struct JournaledCycle: Sendable, Equatable {
  package var record: CycleRecord
  /// `nil` while it runs, and for ever when its process died.
  package var result: CycleResult?
}

/// When a cycle began and what it took: what a look at how the loop keeps its pace needs of it.
package struct CyclePace: Sendable, Equatable {
  package var startedAt: Timestamp
  package var traceID: String?
  /// `nil` while it runs, and for ever when its process died.
  package var seconds: Double?
}

/// What became of a decision.
package enum DecisionOutcome: String, Sendable, Hashable, CaseIterable {
  /// All steps were performed.
  case executed
  /// A step failed, and what was done before it could not be undone entirely.
  case failed
  /// A step failed, and everything done before it was undone.
  case undoneAfterFailure = "undone_after_failure"
  /// The world already was as wanted.
  case nothingToDo = "nothing_to_do"
  /// The kill switch stopped it between its steps; those done stay until somebody undoes them.
  case stopped
  /// A gate held it; only `refused` writes this.
  case refused
}

/// What became of an attempt to undo a decision.
package enum UndoOutcome: String, Sendable, Hashable, CaseIterable {
  /// Every performed step was reverted.
  case reverted
  /// Some were; the others refused.
  case partly
  /// None was, because the world moved on.
  case refused
}

/// A decision that a gate held.
package struct RefusedDecision: Sendable, Equatable {
  package var decision: JSONValue
  package var id: String
  package var cycle: String
  package var type: String
  package var target: String
  package var at: Timestamp
  /// The gate's name: "confidence", "cooldown", ….
  package var gate: String
  /// A sentence.
  package var reason: String
  /// The value that was found, where the gate compares numbers.
  package var observed: Double?
  /// The value that would have passed.
  package var required: Double?

  package init(
    decision: JSONValue, id: String, cycle: String, type: String, target: String, at: Timestamp, gate: String,
    reason: String, observed: Double? = nil, required: Double? = nil
  ) {
    self.decision = decision
    self.id = id
    self.cycle = cycle
    self.type = type
    self.target = target
    self.at = at
    self.gate = gate
    self.reason = reason
    self.observed = observed
    self.required = required
  }
}

/// Why a decision was held.
package struct Refusal: Sendable, Equatable {
  package var gate: String
  package var reason: String
  package var observed: Double?
  package var required: Double?
}

/// One step of a decision, as planned, and what performing it left.
package struct JournaledStep: Sendable, Equatable {
  package var number: Int
  package var step: JSONValue
  /// `nil` when it is not known to have been performed.
  package var receipt: JSONValue?
  package var performedAt: Timestamp?
}

/// One attempt to undo a decision.
package struct UndoAttempt: Sendable, Equatable {
  package var at: Timestamp
  /// Who asked: "rollback", "verify", "recovery", ….
  package var by: String
  package var outcome: UndoOutcome
  package var reason: String
  /// What became of each step that was tried.
  package var steps: [UndoneStep]
}

/// One attempt to undo a decision, with what the decision was.
package struct UndoneDecision: Sendable, Equatable {
  package var decision: String
  package var type: String
  package var target: String
  /// Who asked.
  package var by: String
  package var outcome: UndoOutcome

  package init(decision: String, type: String, target: String, by: String, outcome: UndoOutcome) {
    self.decision = decision
    self.type = type
    self.target = target
    self.by = by
    self.outcome = outcome
  }
}

/// What became of undoing one step.
package struct UndoneStep: Sendable, Equatable {
  package var step: Int
  package var result: JSONValue

  package init(step: Int, result: JSONValue) {
    self.step = step
    self.result = result
  }
}

/// A decision with all that happened to it.
package struct JournaledDecision: Sendable, Equatable {
  package var id: String
  package var cycle: String
  package var type: String
  package var target: String
  /// "up", "down", …: cooldowns are counted by direction. Empty for refused ones.
  package var direction: String
  package var decision: JSONValue
  package var at: Timestamp
  /// `nil` while it is carried out, and until recovery when its process died.
  package var outcome: DecisionOutcome?
  package var message: String
  package var durationMs: Double?
  package var finishedAt: Timestamp?
  package var refusal: Refusal?
  package var steps: [JournaledStep] = []
  /// Oldest first.
  package var undo: [UndoAttempt] = []
  /// The last verdict on its predicted effect.
  package var verdict: JSONValue?
  /// The approval that it was carried out with.
  package var approval: String?

  /// The term in which it was intended; 0 when it was refused, or is from before terms were kept.
  package var epoch: Int64 = 0
  /// The term in which its outcome was written: a later one when another leader settled it.
  package var outcomeEpoch: Int64?

  /// Whether an attempt to undo it succeeded.
  package var isUndone: Bool { undo.contains { $0.outcome == .reverted } }
}

/// An effect of the past, as cooldowns and budgets need it.
package struct PastAction: Sendable, Equatable {
  package var decision: String
  package var type: String
  package var target: String
  package var direction: String
  package var at: Timestamp
  /// `nil` when it is still being carried out, or its process died.
  package var outcome: DecisionOutcome?
}

/// Which decisions to list. Empty conditions match all.
package struct DecisionFilter: Sendable {
  package var cycle: String?
  package var types: [String]
  package var outcomes: [DecisionOutcome]
  /// From this time on.
  package var since: Timestamp?
  /// Before this time.
  package var until: Timestamp?
  package var limit: Int
  package var rules: [String] = []
  package var targets: [String] = []
  /// Those who approved or undid them.
  package var people: [String] = []
  /// How many are left out at the beginning.
  package var offset = 0
  package var oldestFirst = false

  package init(
    cycle: String? = nil, types: [String] = [], outcomes: [DecisionOutcome] = [], since: Timestamp? = nil,
    until: Timestamp? = nil, limit: Int = 50
  ) {
    self.cycle = cycle
    self.types = types
    self.outcomes = outcomes
    self.since = since
    self.until = until
    self.limit = limit
  }
}

/// Which cycles to list.
package struct CycleFilter: Sendable {
  package var since: Timestamp?
  package var until: Timestamp?
  /// Only those that carried out, tried or refused something.
  package var onlyWithDecisions: Bool
  package var limit: Int
  /// How many are left out at the beginning.
  package var offset = 0
  package var oldestFirst = false

  package init(
    since: Timestamp? = nil, until: Timestamp? = nil, onlyWithDecisions: Bool = false, limit: Int = 50
  ) {
    self.since = since
    self.until = until
    self.onlyWithDecisions = onlyWithDecisions
    self.limit = limit
  }
}
