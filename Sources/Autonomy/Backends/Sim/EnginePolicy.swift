package import ClusterSim
import DSLBase
package import DecisionEngine

/// An engine, its policy and its gates as a policy of the simulator: what `dsl auto loop --backend sim` would do, without
/// files, journal and time.
///
/// Gates that look at the past (cooldown, budgets, flaps, the record of predictions) have none to look at, and hold nothing.
package struct EnginePolicy: ClusterSim.Policy {
  package let name: String
  private let mind: ClusterMind

  /// - Parameters:
  ///   - name: the word for it in results.
  ///   - gates: as configured; one decision a step passes at most.
  package init(name: String, _ engine: DecisionEngine, _ gates: GateSettings) {
    self.name = name
    mind = ClusterMind(engine: engine, gates: gates.forCluster(engine))
  }

  package func act(_ i: Int, _ sight: Sight) -> UInt8 {
    let gauges = ClusterGauges(sight)
    let episode = Int(truncatingIfNeeded: sight.key & UInt64(KeySpace.largestEpisode))
    let turn = mind.turn(
      gauges, episode: episode, at: Timestamp(seconds: Double(gauges.step)), cycle: "step-\(gauges.step)")
    return turn.action.rawValue
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
