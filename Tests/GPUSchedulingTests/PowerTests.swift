import GPUScheduling
import Testing

/// Watts, and the policies that look at them.
@Suite struct PowerTests {
  private static let models = ["T4", "A100-SXM4-40GB"]

  private static func node(_ model: UInt8, cpus: Int32 = 64, gpus: UInt8 = 2) -> NodeCapacity {
    NodeCapacity(cpuMilli: cpus * 1000, memoryMiB: 1 << 16, gpuCount: gpus, model: model)
  }

  private static func pod(_ milli: Int16, cpus: Int32 = 4) -> PodShape {
    PodShape(cpuMilli: cpus * 1000, memoryMiB: 1, gpuMilli: milli, gpuCount: 1)
  }

  /// 64 virtual CPUs are 32 cores, two packages. A T4 idles at 35 W and works at 70 W, a package at 15 W and 120 W.
  @Test func aPartOfAGPUOrOfAPackageCostsTheWhole() {
    let power = PowerModel(models: Self.models)
    var state = FleetState([Self.node(0)])
    #expect(power.watts(state) == 2 * 35 + 2 * 15)
    state.take(Self.pod(100, cpus: 1), at: Placement(node: 0, gpus: 1))
    #expect(power.watts(state) == 35 + 70 + 15 + 120)
    state.take(Self.pod(900, cpus: 31), at: Placement(node: 0, gpus: 1))
    #expect(power.watts(state) == 35 + 70 + 15 + 120, "31 + 1 virtual CPUs are one package of 16 cores")
    state.take(Self.pod(1000, cpus: 1), at: Placement(node: 0, gpus: 2))
    #expect(power.watts(state) == 70 + 70 + 120 + 120)
  }

  private static func first(
    _ policy: PolicyName, _ shape: PodShape, _ fleet: [NodeCapacity], on before: [Int32]
  )
    -> Int32?
  {
    let facts = PolicyName.Facts(past: [shape], fleet: fleet, models: models, seed: 1)
    func place(_ policy: some PlacementPolicy) -> Int32? {
      var state = FleetState(fleet)
      for node in before { state.take(shape, at: Placement(node: node, gpus: 1)) }
      var placer = Placer(state, policy)
      return placer.place(shape)?.node
    }
    return policy.with(facts) { place($0) }
  }

  @Test(arguments: [PolicyName.pwr, .pwrFGD, .power]) func aModestGPUIsWokenFirst(policy: PolicyName) {
    let fleet = [Self.node(1), Self.node(0)]
    #expect(Self.first(policy, Self.pod(500), fleet, on: []) == 1, "a T4 takes 35 W more, an A100 215")
    #expect(Self.first(policy, Self.pod(500), fleet, on: [0]) == 0, "a GPU that is awake takes none")
  }

  /// The published stretch: the best of all has 100, the worst 0, so a difference of one watt counts as much as one of 100.
  @Test func thePublishedScoreIsStretchedOverTheNodesThatHaveRoom() {
    let policy = PWRPolicy(PowerModel(models: Self.models))
    let shape = Self.pod(500)
    let state = FleetState([Self.node(1), Self.node(0), Self.node(1, cpus: 1)])
    let scores = (0..<2).map { policy.score(shape, on: $0, of: state).score }
    #expect(policy.pick([scores[0], scores[1], PlacementScore.impossible]) == 1)
    #expect(policy.pick([scores[0], PlacementScore.impossible, PlacementScore.impossible]) == 0)
    #expect(policy.pick([PlacementScore.impossible]) == nil)
  }

  /// On the cut of the trace, averaged over orders: less power than FGD as long as everything finds a place, and more of the
  /// GPUs used than with PWR when not everything does.
  @Test func thePolicyForPowerSavesWattsAndKeepsPacking() throws {
    let trace = try TraceFiles.cut()
    let simulation = LoadSimulation(trace)
    func mean(_ policy: PolicyName) throws -> (watts: Double, packed: Double) {
      var (watts, packed) = (0.0, 0.0)
      for seed in UInt64(11)...13 {
        let curve = simulation.run(policy, ArrivalOrder(of: trace, load: 1.3, seed: seed), seed: seed)
        watts += try #require(curve.point(at: 60)).watts / 3
        packed += try #require(curve.point(at: 130)).allocation / 3
      }
      return (watts, packed)
    }
    let (fgd, pwr, power) = (try mean(.fgd), try mean(.pwr), try mean(.power))
    #expect(power.watts < 0.97 * fgd.watts, "\(power) \(fgd)")
    #expect(power.packed > pwr.packed + 0.5, "\(power) \(pwr)")
  }
}
