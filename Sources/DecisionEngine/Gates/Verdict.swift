public import DSLBase

/// The gates, in the order in which they are asked.
public enum GateName: String, Sendable, Hashable, CaseIterable {
  /// Another process leads the loop.
  case leader
  /// Somebody threw the kill switch.
  case killSwitch = "kill_switch"
  /// Somebody paused the loop.
  case paused
  /// The decision is not sure enough.
  case confidence
  /// The last action on the target is too recent.
  case cooldown
  /// Too many actions in the window of time.
  case budget
  /// Too many actions in one direction on the target in the window of time.
  case targetBudget = "target_budget"
  /// The target was turned around too often in the window of time.
  case flap
  /// People have to approve it and have not.
  case approval
  /// Enough decisions have passed in this cycle.
  case maxDecisions = "max_decisions"
  /// Too many actions are under way.
  case maxConcurrent = "max_concurrent"
  /// Nothing is to be done this time.
  case dryRun = "dry_run"
}

/// Why a decision was held back.
public struct GateRefusal: Sendable, Equatable {
  /// Which gate.
  public let gate: GateName
  /// By how much, as a phrase: "confidence 0.55 is below 0.60".
  public let reason: String
  /// What the gate found, in its unit; `nil` where it is no number.
  public let observed: Double?
  /// What it asks for, in the same unit.
  public let required: Double?
  /// When the gate will let it pass, all else equal; `nil` where that is no matter of time.
  public let freesAt: Timestamp?

  /// A refusal.
  public init(
    gate: GateName, reason: String, observed: Double? = nil, required: Double? = nil,
    freesAt: Timestamp? = nil
  ) {
    self.gate = gate
    self.reason = reason
    self.observed = observed
    self.required = required
    self.freesAt = freesAt
  }
}

/// What the gates say about one decision.
public struct Verdict: Sendable, Equatable {
  /// The decision judged.
  public let decision: Decision
  /// Why it was held back; `nil` when it passed.
  public let refusal: GateRefusal?

  /// A verdict.
  public init(decision: Decision, refusal: GateRefusal?) {
    self.decision = decision
    self.refusal = refusal
  }

  /// Whether it may have an effect.
  public var passed: Bool { refusal == nil }
}

/// Whether an action adds to its target or takes from it.
public enum ActionDirection: String, Sendable, Hashable {
  /// It adds.
  case up
  /// It takes away.
  case down
  /// Neither.
  case neutral

  /// The direction of a type: `scale_up` and `scale_down` have one, all others are neutral.
  public init(of type: DecisionType) {
    switch type {
    case .scaleUp: self = .up
    case .scaleDown: self = .down
    default: self = .neutral
    }
  }
}

/// One action of the past, as the journal tells it.
public struct PastActionFact: Sendable, Equatable {
  /// What kind of action.
  public var type: DecisionType
  /// What it was about.
  public var target: String
  /// When it was begun.
  public var at: Timestamp
  /// Whether it added or took away.
  public var direction: ActionDirection

  /// An action; its direction follows from the type unless given.
  public init(type: DecisionType, target: String, at: Timestamp, direction: ActionDirection? = nil) {
    self.type = type
    self.target = target
    self.at = at
    self.direction = direction ?? ActionDirection(of: type)
  }
}

/// What happened before, as far as the gates ask.
public struct GateHistory: Sendable, Equatable {
  /// Actions that were begun, in any order. Those older than `GateSettings.historySeconds` may be left out.
  public var past: [PastActionFact]
  /// Actions under way right now.
  public var running: Int
  /// Who leads the loop, when it is not this process.
  public var otherHolder: String?
  /// Why the kill switch is thrown; `nil` when it is not.
  public var stopped: String?
  /// The pause that holds.
  public var paused: PauseFact?
  /// Where decisions that need approval stand, by their ids.
  public var approvals: [String: ApprovalStanding] = [:]
  /// How the predictions of earlier decisions fared.
  public var record: CalibrationRecord

  /// What holds every decision back because somebody said so: the kill switch, a pause.
  public var holds: [GateRefusal] {
    let judge = GateJudge(settings: GateSettings(), history: self, now: Timestamp(seconds: 0))
    return [judge.killSwitch(), judge.paused()].compactMap { $0 }
  }

  /// A history.
  public init(
    past: [PastActionFact] = [], running: Int = 0, otherHolder: String? = nil,
    record: CalibrationRecord = CalibrationRecord()
  ) {
    self.past = past
    self.running = running
    self.otherHolder = otherHolder
    self.record = record
  }
}
