package import ClusterSim
package import DSLBase
import DecisionEngine

/// A policy of the simulator as a source of decisions: it looks at the cluster as any policy does, and what it would do is
/// proposed to the engine, which ranks, gates, journals and undoes it.
///
/// It has no state: what it would remember of the episode it sees again in the saved one, so it goes on as before after a crash.
package struct ClusterStrategy: DecisionStrategy {
  /// Above all rules but those of the same priority.
  private static let priority = 10

  package let name: String
  private let policy: any ClusterSim.Policy
  private let store: ClusterStore

  package init(_ policy: any ClusterSim.Policy, _ store: ClusterStore) {
    (self.policy, self.store) = (policy, store)
    name = "sim:" + policy.name
  }

  /// The action for the cluster that was seen; nothing where it is over, or is another by now.
  package func decide(_ observation: Observation) -> [DecisionProposal] {
    guard let cluster = try? store.load(), !cluster.episode.isOver,
      observation.metrics[.clusterEpisode] == Double(cluster.number),
      observation.metrics[.clusterStep] == Double(cluster.episode.step),
      let action = try? cluster.episode.action(of: policy)
    else { return [] }
    let (type, parameters) = ClusterChoice.proposal(action)
    return [
      DecisionProposal(
        type: type, priority: Self.priority, description: "Do \(action.name) on the cluster",
        rationale: "\(policy.name) does so in \(cluster.place.text)", parameters: parameters, confidence: 1,
        target: "cluster")
    ]
  }

  package var silence: String? { "the episode is over, or the cluster cannot be read" }
}

extension ClusterStore {
  /// The policy that the settings name; `nil` when they name none.
  ///
  /// - Throws: `notFound` for what is neither a word nor a file; `corrupt` and `invalidInput` for a file that is no snapshot, or
  ///   of another grid.
  package func policy() throws(DSLError) -> (any ClusterSim.Policy)? {
    guard let word = settings.policy else { return nil }
    if let rule = RulePolicies.named(word) { return rule }
    let path = path(word)
    guard let bytes = try read(path, limit: AgentSnapshot.limit) else {
      throw DSLError(
        .notFound, "sim.policy is \(word), which is neither a policy nor a file",
        fix: "give " + RulePolicies.words.joined(separator: ", ") + " or a file of dsl sim train")
    }
    let snapshot = try AgentSnapshot(bytes, name: path)
    let (trained, wanted) = (snapshot.configuration, try configuration())
    guard (trained.height, trained.width) == (wanted.height, wanted.width) else {
      throw DSLError(
        .invalidInput, "\(path) was trained on \(trained.height)x\(trained.width) cells",
        fix: "set sim.size to that, or train one for \(wanted.height)x\(wanted.width)")
    }
    return snapshot.policy(name: word.split(separator: "/").last.map(String.init) ?? word)
  }
}
