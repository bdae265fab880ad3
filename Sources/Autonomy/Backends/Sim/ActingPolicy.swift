import ClusterSim
import Coordination
import DSLBase
import DecisionEngine

/// Who acts on the loop's cluster, as black boxes name it: the policy of the simulator that proposes, else that of the engine.
package struct ActingPolicy: Sendable {
  /// `sim:heuristic`, `engine:default`.
  package let name: String
  private let store: ClusterStore
  private let engine: String

  /// - Parameter engine: the engine's policy, as ``PolicySource`` takes it.
  package init(_ store: ClusterStore, engine: String) {
    (self.store, self.engine) = (store, engine)
    let word = store.settings.policy ?? engine
    let file = word.split(separator: "/").last.map(String.init) ?? word
    name = (store.settings.policy == nil ? "engine:" : "sim:") + file
  }

  /// SHA-256 of what was learned, or of the text of the engine's policy; `nil` for a rule of the simulator, and where the file is not
  /// as it was.
  var digest: String? {
    guard let word = store.settings.policy else {
      return (try? PolicySource(engine, store.directory).load()).map { SHA256.hex(of: Array($0.source.utf8)) }
    }
    guard RulePolicies.named(word) == nil,
      let bytes = try? store.read(store.path(word), limit: AgentSnapshot.limit),
      let snapshot = try? AgentSnapshot(bytes, name: word)
    else { return nil }
    return snapshot.valuesDigest
  }
}
