public import DSLBase
public import DecisionEngine
import Telemetry

/// What became of one decision in a cycle.
public struct DecisionReport: Sendable, Equatable {
  /// The ends a decision can come to.
  public enum Outcome: Sendable, Equatable {
    /// Carried out; the sentence says what was done.
    case executed(String)
    /// Nothing had to be done, or could be; the sentence says why.
    case nothingToDo(String)
    /// A dry run would have taken these steps.
    case wouldExecute([EffectStep])
    /// A gate held it back.
    case refused(gate: String, reason: String, observed: Double?, required: Double?)
    /// A step failed; what had been done before it was undone as far as `undone` says.
    case failed(error: String, undone: String)
    /// The kill switch stopped it after so many of its steps; they stay done.
    case stopped(String, done: Int, of: Int)
  }

  /// The decision.
  public var decision: Decision
  /// What became of it.
  public var outcome: Outcome
  /// How long carrying it out took, milliseconds.
  public var durationMs: Double
  /// When the gate that held it back lets it pass, all else equal; `nil` where that is no matter of time.
  public var freesAt: Timestamp?
  /// What its steps did, in words of `improvement_type`, each once; empty unless it was carried out.
  var improvements: [String] = []
  /// The agents and items that it changed and that belong to a trace: id, and W3C `traceparent`.
  var traces: [Trace] = []

  /// The trace of an agent or item.
  struct Trace: Sendable, Equatable {
    var id: String
    var isItem: Bool
    var parent: String
  }

  /// The words that `outcome` has in JSON.
  public var word: String {
    switch outcome {
    case .executed: "executed"
    case .nothingToDo: "nothing_to_do"
    case .wouldExecute: "would_execute"
    case .refused: "refused"
    case .failed: "failed"
    case .stopped: "stopped"
    }
  }

  /// What the journal says of one that was stopped.
  var sentence: String {
    guard case .stopped(let reason, let done, let all) = outcome else { return word }
    return
      "the kill switch was thrown (\(reason)) after \(done) of \(all.counted("step")); what was done stays"
  }
}

/// One turn of the loop, from observation to verification.
public struct CycleReport: Sendable, Equatable {
  /// Unique: `c-` and 16 hex digits.
  public var id: String
  /// The W3C trace id of the cycle's spans, 32 hex digits.
  public var traceID: String
  /// When it began.
  public var startedAt: Timestamp
  /// What was seen, scored.
  public var observation: Observation
  /// What was decided, in order of rank, and what became of each.
  public var decisions: [DecisionReport]
  /// What became of each rule and strategy.
  public var considered: [Consideration]
  /// Why there was nothing to decide; `nil` when there was something.
  public var silence: String?
  /// Whether nothing was to be changed.
  public var dryRun: Bool
  /// What was found out about decisions of earlier cycles, a sentence each.
  public var verifications: [String]
  /// What a reader should know: recoveries, skipped spans, problems.
  public var warnings: [String]
  /// The health score after the effects; equal to the observed one when there were none.
  public var healthAfter: Double?
  /// How long the cycle took, milliseconds.
  public var durationMs: Double
  /// The hash of the journal's newest entry when it had ended, 64 hexadecimal digits; `nil` for a dry run.
  public var journalHead: String?
  /// Who leads by now, when this engine lost the lead during the cycle: the rest of it was left out.
  public internal(set) var supersededBy: String?

  /// Where in a trace the cycle's span is.
  var place: TraceContext?
  /// What was seen last: after the effects, where there were some.
  package internal(set) var latest: Observation?
  /// What held everything back because somebody said so, whether anything was decided or not.
  var holds: [GateRefusal] = []

  /// A cycle that has only begun.
  init(id: String, traceID: String, at time: Timestamp) {
    self.id = id
    self.traceID = traceID
    startedAt = time
    observation = Observation(at: time, backend: "", metrics: SystemMetrics())
    decisions = []
    considered = []
    dryRun = false
    verifications = []
    warnings = []
    durationMs = 0
  }

  /// Decisions that were carried out.
  public var executed: [DecisionReport] {
    decisions.filter { if case .executed = $0.outcome { true } else { false } }
  }
  /// Decisions of which a step failed, or that the kill switch stopped.
  public var failed: [DecisionReport] {
    decisions.filter {
      switch $0.outcome {
      case .failed, .stopped: true
      default: false
      }
    }
  }
  /// Decisions that were neither carried out nor failed.
  public var skipped: Int { decisions.count - executed.count - failed.count }
}

extension CycleReport {
  /// Ends a cycle in which another engine took the lead: what was begun is that one's to settle.
  mutating func standDown(_ error: DSLError) {
    guard supersededBy == nil else { return }
    supersededBy = error.message
    silence = silence ?? (decisions.isEmpty ? error.message : nil)
    warnings.append(error.description)
  }
}

extension DecisionReport {
  /// A decision that was left to another engine.
  static func left(_ decision: Decision, reason: String) -> DecisionReport {
    DecisionReport(
      decision: decision,
      outcome: .refused(gate: GateName.leader.rawValue, reason: reason, observed: nil, required: nil),
      durationMs: 0)
  }

  /// The decision's members, then `outcome`, `result`, `duration_ms` and what belongs to the outcome.
  public var json: JSONValue {
    var object: JSONObject = ["decision_id": .string(decision.id), "type": .string(decision.type.rawValue)]
    object["outcome"] = .string(word)
    switch outcome {
    case .executed(let result), .nothingToDo(let result): object["result"] = .string(result)
    case .wouldExecute(let steps): object["steps"] = .array(steps.map(\.json))
    case .refused(let gate, let reason, let observed, let required):
      object["gate"] = .string(gate)
      object["reason"] = .string(reason)
      object["observed"] = .optional(observed)
      object["required"] = .optional(required)
      object["free_at"] = freesAt?.json ?? .null
    case .failed(let error, let undone):
      object["error"] = .string(error)
      object["undone"] = .string(undone)
    case .stopped(_, let done, let all):
      object["error"] = .string(sentence)
      object["steps_done"] = .int(done)
      object["steps_planned"] = .int(all)
    }
    object["duration_ms"] = .double(durationMs)
    object["decision"] = decision.json
    return .object(object)
  }
}

extension CycleReport {
  /// The document's shape: `trace_id`, `timestamp`, `metrics`, `decisions_generated`, `execution_results` with
  /// `executed`, `failed` and `skipped`, and beside them what the document leaves out.
  public var json: JSONValue {
    [
      "cycle_id": .string(id), "trace_id": .string(traceID), "timestamp": startedAt.json,
      "metrics": observation.metrics.json, "evidence": .array(observation.evidence.map(\.json)),
      "decisions_generated": .int(decisions.count),
      "execution_results": [
        "executed": .array(executed.map(\.json)), "failed": .array(failed.map(\.json)),
        "skipped": .int(skipped),
      ],
      "decisions": .array(decisions.map(\.json)), "silence": .optional(silence), "dry_run": .bool(dryRun),
      "health_after": .optional(healthAfter), "verifications": .strings(verifications),
      "warnings": .strings(warnings), "duration_ms": .double(durationMs),
      "journal_head": .optional(journalHead),
    ]
  }
}
