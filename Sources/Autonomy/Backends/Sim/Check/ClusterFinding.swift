import ClusterSim
package import DSLBase
import DecisionEngine

/// One fault of a policy on a simulated cluster, with the state that it shows from.
package struct ClusterFinding: Sendable {
  /// What is looked for, in the order in which it is told.
  package enum Kind: String, Sendable, CaseIterable {
    /// A critical or degraded state with neither a decision nor a stated reason.
    case deadZone = "dead_zone"
    /// The cluster fails, which the yardstick avoids.
    case fails = "cluster_fails"
    /// Hot cells stay hot, which the yardstick relieves.
    case noRecovery = "no_recovery"
    /// The same few actions without end, while cells are hot.
    case limitCycle = "limit_cycle"
    /// The budget pays for no clean any more.
    case budgetExhausted = "budget_exhausted"
    /// Interventions that come to nothing, one after another.
    case wastedActions = "wasted_actions"
    /// A rule decides what a cluster cannot carry out.
    case unsupported
    /// A rule's confidence is below what the gate asks for.
    case blocked
    /// A rule matched in no state that was looked at. Told, but no fault: others may be.
    case neverFires = "never_fires"
    /// A rule matched, and another had precedence each time. Told, but no fault.
    case shadowed
    /// People have to approve whatever a rule decides. Told, but no fault.
    case needsApproval = "needs_approval"

    var fault: ClusterFault? {
      switch self {
      case .fails: .fails
      case .noRecovery: .noRecovery
      case .limitCycle: .limitCycle
      case .budgetExhausted: .budgetExhausted
      case .wastedActions: .wastedActions
      default: nil
      }
    }
  }

  /// What a report calls it: its kind, and its number among those of the kind.
  package internal(set) var id = ""
  package let kind: Kind
  package let rules: [String]
  /// What is wrong, as a sentence.
  package let message: String
  /// The state that it shows from; `nil` where none is needed.
  package var start: ClusterStart?
  /// That state, for people and programs.
  package var seen: ClusterGlance?
  /// Loops or states in which it shows.
  package var states = 0
  /// Steps that show it; 0 where nothing happens that could be shown.
  package var cycles = 0
  /// The steps that tell it.
  package var trace: [ClusterLoopStep] = []

  init(_ kind: Kind, rules: [String] = [], _ message: String) {
    (self.kind, self.rules, self.message) = (kind, rules, message)
  }

  /// Whether it makes a check fail.
  package var isFault: Bool { ![.neverFires, .shadowed, .needsApproval].contains(kind) }

  /// What it is, without what shows it.
  var head: JSONValue {
    [
      "id": .string(id), "kind": .string(kind.rawValue), "fault": .bool(isFault), "rules": .strings(rules),
      "quantity": .null, "message": .string(message),
    ]
  }

  /// All fields.
  package var json: JSONValue {
    var object = head.object ?? [:]
    object["state"] = seen?.json ?? .null
    object["sample"] = .null
    object["states"] = .int(states)
    object["trace"] = .array(trace.map(\.json))
    return .object(object)
  }
}

/// A state of a cluster, as reports show it.
package struct ClusterGlance: Sendable, Hashable {
  package var episode: Int
  package var key: UInt64
  package var step: Int
  package var digest: UInt64
  /// Cells above `hot_line`.
  package var hot: Int
  /// Shares from 0 to 1.
  package var criticalMemory, load, budget: Double

  init(_ start: ClusterStart, _ gauges: ClusterGauges, digest: UInt64) {
    (episode, key, step) = (start.number, start.key, gauges.step)
    (self.digest, hot) = (digest, gauges.hot)
    (criticalMemory, budget) = (gauges.criticalMemory, gauges.budget)
    load = (gauges.meanCPU + gauges.meanMemory) / 2
  }

  package var json: JSONValue {
    [
      "episode": .int(episode), "key": .string(BlackBox.text(key)), "step": .int(step),
      "digest": .string(BlackBox.text(digest)), "work_queue_size": .int(hot),
      "critical_memory": .double(criticalMemory), "cluster_load": .double(load),
      "cluster_budget": .double(budget),
    ]
  }
}

/// One step of a loop over a cluster, as a check tells it.
package struct ClusterLoopStep: Sendable, Hashable {
  /// Of the loop, from 0.
  package var cycle: Int
  package var seen: ClusterGlance
  /// The score, 0…1; `nil` where it is unknown.
  package var health: Double?
  package var state: HealthState
  /// The word of the action that was done.
  package var action: String
  /// The rule that made it; empty for a step of waiting.
  package var passed: [String]
  /// `rule: gate` of each decision that a gate held back.
  package var refused: [String]

  init(_ cycle: Int, _ step: ClusterRun.Step, _ start: ClusterStart) {
    self.cycle = cycle
    seen = ClusterGlance(start, step.gauges, digest: step.digest)
    (health, state) = (
      step.turn.observation.metrics.healthScore, step.turn.observation.metrics.healthState
    )
    (action, passed) = (step.turn.action.name, step.turn.decision.map { [$0.rule] } ?? [])
    refused = step.turn.verdicts.compactMap { verdict in
      verdict.refusal.map { "\(verdict.decision.rule): \($0.gate.rawValue)" }
    }
  }

  package var json: JSONValue {
    [
      "cycle": .int(cycle), "step": .int(seen.step), "work_queue_size": .int(seen.hot),
      "critical_memory": .double(seen.criticalMemory), "cluster_load": .double(seen.load),
      "cluster_budget": .double(seen.budget), "health_score": .optional(health),
      "health_state": .string(state.rawValue), "action": .string(action), "passed": .strings(passed),
      "refused": .strings(refused),
    ]
  }
}
