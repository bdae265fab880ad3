/// Where a pod does the least harm to what can still come: the policy `default`.
///
/// A state of a node is worth what typical pods would leave of it: sampled streams of pods are offered to a copy of the
/// node, each taken if it fits, and the GPU that is idle in the end is averaged over the streams. That sees what a
/// one-step gradient cannot: CPUs that run out before the GPUs do, holes that a later pod fills, leftovers that pair.
/// A pod goes where it raises that waste the least, with two corrections for what a single node cannot know: the
/// published fragmentation gradient, weighted by GPUs instead of pods, keeps nodes whole for large pods; and GPUs of
/// models that are asked for by name, and few, cost more.
///
/// It knows how often each shape occurs and nothing of what comes next.
package struct LookaheadPolicy: PlacementPolicy {
  /// What the parts of a cost weigh. The values were found on random arrival orders other than the published ones;
  /// `docs/benchmarks.md` says how.
  package struct Weights: Sendable, Equatable {
    /// Of the reduction of fragmentation.
    package var fragmentation = 0.13
    /// Of scarce models, in thousandths of GPU lost for one used.
    package var scarcity = 0.45
    /// Of a watt that a pod adds, in thousandths of GPU lost; counts only where watts are looked at.
    package var power = 8.0
    /// Costs that differ by less than this many thousandths of a GPU are equal: the first node wins, which fills
    /// nodes in order.
    package var resolution = 10.0
    /// Streams that are sampled: more lower the noise.
    package var streams = 32
    /// Typical pods that each stream draws from, whether or not they may run on a node: longer streams find a use for
    /// rarer holes.
    package var streamLength = 27

    package init() {}
  }

  private let weights: Weights
  private let fragmentation: Fragmentation
  /// By model, 0...1: how much of a model is asked for by name.
  private let scarcity: [Double]
  private var futures: NodeFutures
  /// Watts of nodes; `nil` when they do not count.
  private let power: PowerModel?

  /// - Parameters:
  ///   - typical: what pods are like.
  ///   - fleet: the nodes, empty.
  ///   - models: how many GPU models the fleet numbers.
  ///   - seed: of the sampled streams.
  ///   - power: watts of nodes, where they count.
  package init(
    _ typical: TypicalPods, fleet: [NodeCapacity], models: Int, weights: Weights = Weights(),
    seed: UInt64 = 1,
    power: PowerModel? = nil
  ) {
    self.weights = weights
    self.power = power
    fragmentation = Fragmentation(typical.byGPUs, models: models)
    scarcity = typical.scarcity(fleet: fleet, models: models)
    futures = NodeFutures(
      typical, models: models, streams: weights.streams, length: weights.streamLength, seed: seed)
  }

  package mutating func score(_ shape: PodShape, on node: Int, of state: FleetState) -> PlacementScore {
    let (idle, model) = (state.idle[node], state.capacity[node].model)
    let cpu = state.cpu[node]
    let before = futures.waste(cpuMilli: cpu, idle: idle, model: model)
    let gradient = FragmentationGradient(fragmentation, shape, node, state)
    let fixed = weights.scarcity * scarcity[Int(model)] * Double(shape.totalGPUMilli) - before
    func score(_ gpus: UInt32, _ futures: inout NodeFutures) -> Int32 {
      var after = idle
      after.add(-shape.gpuMilli, to: gpus)
      let waste = futures.waste(cpuMilli: cpu - shape.cpuMilli, idle: after, model: model)
      var cost = fixed + waste - weights.fragmentation * gradient.reduction(on: gpus)
      if let power { cost += weights.power * power.rise(shape, on: node, gpus: gpus, of: state) }
      return Int32((-cost / weights.resolution).rounded(.down))
    }
    guard shape.isShare else { return PlacementScore(score(idle.whole(Int(shape.gpuCount)), &futures)) }
    var (best, tried) = (PlacementScore(.min), [Int16]())
    for gpu in 0..<idle.count where idle[gpu] >= shape.gpuMilli && !tried.contains(idle[gpu]) {
      tried.append(idle[gpu])
      let rating = score(1 << UInt32(gpu), &futures)
      if rating > best.score { best = PlacementScore(rating, gpu: UInt8(gpu)) }
    }
    return best
  }
}
