package import DSLBase
package import DecisionEngine

extension Settings {
  /// The decision types that the backend knows beside those of every backend.
  package var backendTypes: [DecisionType] { backend == SimBackend.word ? ClusterChoice.ownTypes : [] }

  /// The metrics that policies may name on the backend.
  package var metricCatalog: MetricCatalog { backend == SimBackend.word ? .everywhere : .standard }
}

extension PolicySource {
  /// Reads the policy for what settings have the loop run on.
  ///
  /// - Parameter types: decision types that somebody beside the backend carries out.
  /// - Throws: as ``load(types:catalog:)``.
  package func load(for settings: Settings, types: [DecisionType] = []) throws -> Policy {
    try load(types: settings.backendTypes + types, catalog: settings.metricCatalog)
  }
}

extension EngineHost {
  /// The policy of the simulator that is to be asked in each cycle, where the loop runs on a cluster and one is named.
  ///
  /// - Throws: as `ClusterStore.configuration` and `policy`: what settings say wrong is an error for those that act on it.
  var clusterStrategies: [any DecisionStrategy] {
    get throws {
      guard let sim else { return [] }
      _ = try sim.store.configuration()
      guard let policy = try sim.store.policy() else { return [] }
      return [ClusterStrategy(policy, sim.store)]
    }
  }
}
