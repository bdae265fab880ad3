package import ClusterSim
import DSLBase
package import DecisionEngine

/// An engine, its policy and its gates as a policy of the simulator: what `dsl auto loop --backend sim` would do, without
/// files, journal and time.
///
/// Gates that look at the past (cooldown, budgets, flaps, the record of predictions) have none to look at, and hold nothing.
package struct EnginePolicy: ClusterSim.Policy {
  package let name: String
  private let engine: DecisionEngine
  private let gates: GateSettings

  /// - Parameters:
  ///   - name: the word for it in results.
  ///   - gates: as configured; one decision a step passes at most.
  package init(name: String, _ engine: DecisionEngine, _ gates: GateSettings) {
    (self.name, self.engine, self.gates) = (name, engine, gates.forCluster(engine))
  }

  package func act(_ i: Int, _ sight: Sight) -> UInt8 {
    let gauges = ClusterGauges(sight)
    let time = Timestamp(seconds: Double(gauges.step))
    let episode = Int(truncatingIfNeeded: sight.key & UInt64(KeySpace.largestEpisode))
    let seen = engine.assess(ClusterObservation.make(gauges, episode: episode, at: time))
    let set = engine.decide(seen, cycle: "step-\(gauges.step)")
    let verdicts = Gate.judge(set.decisions, settings: gates, history: GateHistory(), now: time)
    let waiting = Action.waiting(step: gauges.step).rawValue
    guard let decision = verdicts.first(where: { $0.refusal == nil })?.decision,
      case .act(let action)? = try? ClusterChoice(decision, gauges)
    else { return waiting }
    return action.rawValue
  }
}

extension GateSettings {
  /// With what the policy adds, and for a cluster, which takes one action a step.
  package func forCluster(_ engine: DecisionEngine) -> GateSettings {
    var gates = adding(engine.policy)
    gates.approval.rules = engine.policy.approvers
    gates.maxDecisionsPerCycle = min(gates.maxDecisionsPerCycle, 1)
    gates.dryRun = false
    return gates
  }
}
