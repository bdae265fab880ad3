import DSLBase

/// The placement policies by the names that people type.
package enum PolicyName: String, Sendable, CaseIterable {
  case random
  case dotprod
  case gpuClustering = "gpu-clustering"
  case gpuPacking = "gpu-packing"
  case bestFit = "best-fit"
  case fgd
  case pwr
  case pwrFGD = "pwr-fgd"
  case `default`
  case power

  /// - Throws: `invalidInput` naming the policies there are.
  package init(named name: String) throws {
    guard let policy = PolicyName(rawValue: name.lowercased()) else {
      throw DSLError(
        .invalidInput, "there is no placement policy \"\(name)\"",
        fix: "name one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self = policy
  }

  /// What a policy may know before the first pod comes.
  package struct Facts: Sendable {
    /// One shape for each pod that the past had.
    package var past: [PodShape]
    package var fleet: [NodeCapacity]
    package var models: Int
    package var seed: UInt64
    /// Watts of nodes.
    package var power: PowerModel

    /// - Parameter models: the names of the fleet's GPU models, by number.
    package init(past: [PodShape], fleet: [NodeCapacity], models: [String], seed: UInt64) {
      self.past = past
      self.fleet = fleet
      self.models = models.count
      self.seed = seed
      power = PowerModel(models: models)
    }
  }

  /// Makes the policy and hands it to code that is compiled for it.
  package func with<Result>(_ facts: Facts, _ body: (any PlacementPolicy) throws -> Result) rethrows -> Result
  {
    switch self {
    case .random: try body(RandomPolicy(seed: facts.seed))
    case .dotprod: try body(DotProductPolicy())
    case .gpuClustering: try body(GPUClusteringPolicy())
    case .gpuPacking: try body(GPUPackingPolicy())
    case .bestFit: try body(BestFitPolicy())
    case .fgd: try body(FGDPolicy(Fragmentation(TypicalPods(facts.past), models: facts.models)))
    case .pwr: try body(PWRPolicy(facts.power))
    case .pwrFGD:
      try body(
        PWRPolicy(
          facts.power, share: 0.1,
          beside: Fragmentation(TypicalPods(facts.past), models: facts.models)))
    case .default:
      try body(
        LookaheadPolicy(TypicalPods(facts.past, coverage: 1), fleet: facts.fleet, models: facts.models))
    case .power:
      try body(
        LookaheadPolicy(
          TypicalPods(facts.past, coverage: 1), fleet: facts.fleet, models: facts.models,
          power: facts.power))
    }
  }
}
