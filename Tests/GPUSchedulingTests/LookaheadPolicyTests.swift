import DSLBase
import GPUScheduling
import Testing

@Suite struct LookaheadPolicyTests {
  /// On a tenth of a published trace, in orders of our own, it allocates more than the published gradient.
  @Test func allocatesMoreThanTheGradientAlone() throws {
    let trace = try TraceFiles.cut()
    let simulation = LoadSimulation(trace)
    var (ours, gradient): ([Double], [Double]) = ([], [])
    for seed in UInt64(900)..<903 {
      let order = ArrivalOrder(of: trace, load: 1.3, seed: seed)
      ours.append(try #require(simulation.run(.default, order, seed: 1).point(at: 130)).allocation)
      gradient.append(try #require(simulation.run(.fgd, order, seed: 1).point(at: 130)).allocation)
    }
    let gain = zip(ours, gradient).map { $0 - $1 }
    #expect(gain.reduce(0, +) / 3 > 0.2, "default \(ours), fgd \(gradient)")
  }

  /// A hole that no typical pod fits is waste, so a pod that leaves none is worth more than one that does.
  @Test func fillsTheHoleThatFits() {
    let shapes =
      Array(repeating: PodShape(cpuMilli: 1000, memoryMiB: 0, gpuMilli: 810, gpuCount: 1), count: 9)
      + [PodShape(cpuMilli: 1000, memoryMiB: 0, gpuMilli: 190, gpuCount: 1)]
    let fleet = Array(
      repeating: NodeCapacity(cpuMilli: 64_000, memoryMiB: 1, gpuCount: 1, model: 0), count: 3)
    let policy = LookaheadPolicy(TypicalPods(shapes, coverage: 1), fleet: fleet, models: 1)
    var placer = Placer(FleetState(fleet), policy)
    let first = placer.place(shapes[0])
    let small = placer.place(shapes[9])
    #expect(first != nil && small?.node == first?.node)
  }

  /// A model that is asked for by name is kept for those who ask.
  @Test func keepsScarceModels() {
    let any = PodShape(cpuMilli: 1000, memoryMiB: 0, gpuMilli: 1000, gpuCount: 1)
    var named = any
    named.models = GPUModelSet(bits: 1 << 1)
    let fleet = [
      NodeCapacity(cpuMilli: 64_000, memoryMiB: 1, gpuCount: 1, model: 1),
      NodeCapacity(cpuMilli: 64_000, memoryMiB: 1, gpuCount: 1, model: 0),
    ]
    let past = Array(repeating: any, count: 5) + Array(repeating: named, count: 5)
    let policy = LookaheadPolicy(TypicalPods(past, coverage: 1), fleet: fleet, models: 2)
    var placer = Placer(FleetState(fleet), policy)
    #expect(placer.place(any)?.node == 1)
    #expect(placer.place(named)?.node == 0)
  }
}
