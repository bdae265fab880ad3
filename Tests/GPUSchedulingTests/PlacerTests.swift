import DSLBase
import GPUScheduling
import Testing

@Suite struct PlacerTests {
  static let fleet = [
    NodeCapacity(cpuMilli: 64_000, memoryMiB: 262_144, gpuCount: 2, model: 0),
    NodeCapacity(cpuMilli: 96_000, memoryMiB: 786_432, gpuCount: 8, model: 1),
    NodeCapacity(cpuMilli: 96_000, memoryMiB: 786_432, gpuCount: 8, model: 1),
    NodeCapacity(cpuMilli: 32_000, memoryMiB: 131_072, gpuCount: 0, model: 0),
    NodeCapacity(cpuMilli: 128_000, memoryMiB: 1_048_576, gpuCount: 16, model: 2),
  ]

  static func shape(_ random: inout SplitMix64) -> PodShape {
    let kind = Int.random(in: 0..<4, using: &random)
    let share = [130, 250, 460, 500, 810][Int.random(in: 0..<5, using: &random)]
    return PodShape(
      cpuMilli: Int32.random(in: 0..<24, using: &random) * 500,
      memoryMiB: Int32.random(in: 0..<64, using: &random) * 1024,
      gpuMilli: kind == 0 ? 0 : kind == 1 ? 1000 : Int16(share),
      gpuCount: kind == 0 ? 0 : kind == 1 ? [1, 2, 4, 8][Int.random(in: 0..<4, using: &random)] : 1,
      models: Bool.random(using: &random) ? .any : GPUModelSet(bits: UInt64.random(in: 1..<8, using: &random))
    )
  }

  /// Whatever is placed and removed: nothing is promised twice, nothing is lost, a pod that fits is placed, and what the
  /// placer remembers never changes what it chooses.
  @Test(arguments: PolicyName.allCases, [UInt64(1), 2]) func neverMoreThanThereIs(
    name: PolicyName, seed: UInt64
  ) {
    var random = SplitMix64(seed: seed)
    var shapes = (0..<12).map { _ in Self.shape(&random) }
    shapes.append(PodShape(cpuMilli: 1, memoryMiB: 1, gpuMilli: 1000, gpuCount: 16))
    let facts = PolicyName.Facts(past: shapes, fleet: Self.fleet, models: ["T4", "A10", "V100"], seed: seed)
    name.with(facts) { run($0, shapes, &random, name) }
  }

  private func run(
    _ policy: some PlacementPolicy, _ shapes: [PodShape], _ random: inout SplitMix64, _ name: PolicyName
  ) {
    var placer = Placer(FleetState(Self.fleet), policy)
    var running: [(shape: PodShape, place: Placement)] = []
    for _ in 0..<150 {
      if !running.isEmpty, Int.random(in: 0..<3, using: &random) == 0 {
        let gone = running.remove(at: Int.random(in: 0..<running.count, using: &random))
        placer.remove(gone.shape, at: gone.place)
      } else {
        let shape = shapes[Int.random(in: 0..<shapes.count, using: &random)]
        let fits = Self.fleet.indices.contains { placer.state.fits(shape, on: $0) }
        var fresh = Placer(placer.state, policy)
        let place = placer.place(shape)
        #expect((place != nil) == fits, "\(name)")
        if name != .random { #expect(fresh.place(shape) == place, "\(name) chooses by what it remembers") }
        if let place {
          #expect(place.gpus.nonzeroBitCount == Int(shape.gpuCount))
          running.append((shape, place))
        }
      }
      check(placer.state, running, name)
    }
    for pod in running { placer.remove(pod.shape, at: pod.place) }
    #expect(placer.state.cpu == FleetState(Self.fleet).cpu)
    #expect(placer.state.idle == FleetState(Self.fleet).idle)
    #expect(placer.state.usedGPUMilli == 0)
  }

  private func check(
    _ state: FleetState, _ running: [(shape: PodShape, place: Placement)], _ name: PolicyName
  ) {
    for node in Self.fleet.indices {
      let here = running.filter { Int($0.place.node) == node }
      #expect(state.cpu[node] == Self.fleet[node].cpuMilli - here.reduce(0) { $0 + $1.shape.cpuMilli })
      #expect(state.cpu[node] >= 0 && state.memory[node] >= 0, "\(name)")
      for gpu in 0..<Int(Self.fleet[node].gpuCount) {
        let used = here.filter { $0.place.gpus >> UInt32(gpu) & 1 == 1 }.reduce(0) { $0 + $1.shape.gpuMilli }
        #expect(state.idle[node][gpu] == 1000 - used && used <= 1000, "\(name)")
      }
      for pod in here {
        #expect(pod.shape.gpuCount == 0 || pod.shape.models.contains(Self.fleet[node].model))
      }
    }
    #expect(state.usedGPUMilli == running.reduce(0) { $0 + $1.shape.totalGPUMilli })
  }
}
