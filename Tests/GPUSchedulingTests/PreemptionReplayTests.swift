import DSLBase
import GPUScheduling
import Testing

/// Who goes for whom on a fleet with arrivals and departures.
@Suite struct PreemptionReplayTests {
  private static func node(_ gpus: UInt8, cpus: Int32 = 64) -> NodeCapacity {
    NodeCapacity(cpuMilli: cpus * 1000, memoryMiB: 1 << 16, gpuCount: gpus, model: 0)
  }

  private static func shape(_ milli: Int16, count: UInt8 = 1) -> PodShape {
    PodShape(cpuMilli: 1000, memoryMiB: 1, gpuMilli: milli, gpuCount: count)
  }

  private struct World {
    var state: FleetState
    var pods: [[RunningPod]]

    init(_ nodes: [NodeCapacity]) {
      state = FleetState(nodes)
      pods = nodes.map { _ in [] }
    }

    mutating func run(
      _ id: Int, _ shape: PodShape, on node: Int, gpus: UInt32, since: Double, priority: Int = 0
    ) {
      let place = Placement(node: Int32(node), gpus: gpus)
      state.take(shape, at: place)
      pods[node].append(
        RunningPod(id: id, shape: shape, priority: priority, startedAt: since, place: place))
    }

    func victims(_ rule: VictimRule, _ shape: PodShape, priority: Int = 1000, now: Double = 7200) -> [Int]? {
      VictimSearch(rule, state, shape, priority: priority, now: now).find(pods)?.victims.map(\.id).sorted()
    }
  }

  /// Halves of one GPU and a whole one: the most important come back first, which leaves two victims where one would do.
  @Test func kubesOrderLeavesMoreVictimsThanThereNeedBe() {
    var world = World([Self.node(2)])
    world.run(1, Self.shape(1000), on: 0, gpus: 1, since: 0)
    world.run(2, Self.shape(500), on: 0, gpus: 2, since: 10)
    world.run(3, Self.shape(500), on: 0, gpus: 2, since: 20)
    #expect(world.victims(.kube, Self.shape(1000)) == [2, 3], "the oldest is reprieved first")
    #expect(world.victims(.fewest, Self.shape(1000)) == [1])
  }

  /// Kube's order reprieves the oldest, which here leaves one young victim on either node; of as many victims the younger goes.
  @Test(arguments: VictimRule.allCases) func ofAsManyVictimsTheYoungestGo(rule: VictimRule) {
    var world = World([Self.node(2), Self.node(2)])
    world.run(1, Self.shape(1000), on: 0, gpus: 1, since: 0)
    world.run(2, Self.shape(1000), on: 0, gpus: 2, since: 6900)
    world.run(3, Self.shape(1000), on: 1, gpus: 1, since: 50)
    world.run(4, Self.shape(1000), on: 1, gpus: 2, since: 7000)
    #expect(world.victims(rule, Self.shape(1000)) == [4])
  }

  @Test func theLowestPriorityGoesUnderEitherRule() {
    var world = World([Self.node(1), Self.node(1)])
    world.run(1, Self.shape(1000), on: 0, gpus: 1, since: 7000, priority: 500)
    world.run(2, Self.shape(1000), on: 1, gpus: 1, since: 0, priority: 0)
    for rule in VictimRule.allCases {
      #expect(world.victims(rule, Self.shape(1000)) == [2], "\(rule)")
      #expect(world.victims(rule, Self.shape(1000), priority: 500) == [2], "\(rule)")
      #expect(world.victims(rule, Self.shape(1000), priority: 0) == nil, "\(rule)")
      #expect(world.victims(rule, Self.shape(1000, count: 2)) == nil, "\(rule): no node has two")
    }
  }

  /// On random nodes: what is found makes room, holds only lower priorities, and ours is as small as any set that does.
  @Test(arguments: UInt64(1)...40) func noSetIsSmaller(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var world = World([Self.node(4, cpus: 16), Self.node(2, cpus: 8)])
    for id in 0..<40 {
      let milli: Int16 = [1000, 500, 250].randomElement(using: &random) ?? 500
      let shape = PodShape(
        cpuMilli: Int32.random(in: 500...3000, using: &random), memoryMiB: 1, gpuMilli: milli, gpuCount: 1)
      let node = Int.random(in: 0..<2, using: &random)
      guard world.state.fits(shape, on: node), world.pods[node].count < 9,
        let gpu = world.state.idle[node].tightest(milli)
      else { continue }
      world.run(
        id, shape, on: node, gpus: 1 << UInt32(gpu), since: Double.random(in: 0..<7200, using: &random),
        priority: [0, 0, 500].randomElement(using: &random) ?? 0)
    }
    let wanted = PodShape(
      cpuMilli: Int32.random(in: 1000...8000, using: &random), memoryMiB: 1, gpuMilli: 1000,
      gpuCount: UInt8.random(in: 1...2, using: &random))
    guard !(0..<2).contains(where: { world.state.fits(wanted, on: $0) }) else { return }
    let best = Self.smallest(world, wanted)
    for rule in VictimRule.allCases {
      let found = VictimSearch(rule, world.state, wanted, priority: 1000, now: 7200).find(world.pods)
      #expect((found == nil) == (best == nil), "seed \(seed) \(rule)")
      guard let found, let best else { continue }
      var state = world.state
      for pod in found.victims { state.give(pod.shape, at: pod.place) }
      #expect(state.fits(wanted, on: found.node), "seed \(seed) \(rule)")
      let rank = (found.victims.map(\.priority).max() ?? 0, found.victims.count)
      if rule == .fewest, best.1 <= VictimSearch.exactLimit { #expect(rank == best, "seed \(seed)") }
      if rule == .kube { #expect(rank >= best, "seed \(seed)") }
      if rule == .roomy, let least = Self.cheapest(world, wanted) {
        let price = VictimSearch.price(found.victims, for: wanted, now: 7200)
        #expect((rank.0, price) <= least, "seed \(seed): \((rank.0, price)) instead of \(least)")
      }
    }
  }

  /// The lowest highest priority and then the fewest victims of all sets on all nodes.
  private static func smallest(_ world: World, _ wanted: PodShape) -> (Int, Int)? {
    best(world, wanted) { Double($0.count) }.map { ($0.0, Int($0.1)) }
  }

  /// The lowest highest priority and then the lowest price of all sets that are looked at whole.
  private static func cheapest(_ world: World, _ wanted: PodShape) -> (Int, Double)? {
    best(world, wanted) { victims in
      victims.count <= VictimSearch.exactLimit
        ? VictimSearch.price(victims, for: wanted, now: 7200) : .infinity
    }
  }

  private static func best(
    _ world: World, _ wanted: PodShape, by price: ([RunningPod]) -> Double
  ) -> (Int, Double)? {
    var best: (Int, Double)?
    for node in world.pods.indices {
      let pods = world.pods[node]
      for set in 1..<(1 << pods.count) {
        let chosen = pods.indices.filter { set >> $0 & 1 == 1 }.map { pods[$0] }
        var state = world.state
        for pod in chosen { state.give(pod.shape, at: pod.place) }
        guard state.fits(wanted, on: node) else { continue }
        let rank = (chosen.map(\.priority).max() ?? 0, price(chosen))
        if rank.1 < .infinity, best.map({ rank < $0 }) ?? true { best = rank }
      }
    }
    return best
  }

  private static func arrival(_ milli: Int16, _ priority: Int, at: Double, for seconds: Double)
    -> PreemptionReplay.Arrival
  {
    PreemptionReplay.Arrival(shape: shape(milli), priority: priority, at: at, seconds: seconds)
  }

  /// One GPU. A low pod of two hours, a high one of one hour after half an hour, another after three hours.
  @Test func lostWorkIsCountedAndWhoHadToGoBeginsAnew() {
    let arrivals = [
      Self.arrival(1000, 0, at: 0, for: 7200), Self.arrival(1000, 1000, at: 1800, for: 3600),
      Self.arrival(1000, 0, at: 90_000, for: 60),
    ]
    let replay = PreemptionReplay(fleet: [Self.node(1)], arrivals: arrivals)
    let atOnce = replay.run(BestFitPolicy(), .kube)
    #expect(atOnce.victims == 1 && atOnce.preemptions == 1)
    #expect(atOnce.lostGPUHours == 0.5)
    #expect(atOnce.highGPUHours == 1 && atOnce.highWaitGPUHours == 0)
    #expect(atOnce.lowGPUHours == 2, "the low pod runs its two hours from the beginning")
    #expect(atOnce.lowWaitGPUHours == 1)
    let later = replay.run(BestFitPolicy(), .kube, backOff: 4 * 3600)
    #expect(later.lowWaitGPUHours == 4, "it waits four hours though the GPU is free after one")
    #expect(later.lowGPUHours == 2)
  }

  @Test func whoComesTooOftenWaitsTwiceAsLong() {
    var arrivals = [Self.arrival(1000, 0, at: 0, for: 7200)]
    for hour in 0..<6 { arrivals.append(Self.arrival(1000, 1000, at: 600 + Double(hour) * 3600, for: 60)) }
    let replay = PreemptionReplay(fleet: [Self.node(1)], arrivals: arrivals)
    #expect(
      replay.run(BestFitPolicy(), .fewest).victims == 6, "it comes back at once and has to go every hour")
    #expect(replay.run(BestFitPolicy(), .fewest, backOff: 3600).victims == 3)
  }

  /// What high work alone would get, it gets whoever else is there: nobody of its rank goes for it, and the rules have no say.
  @Test(arguments: [UInt64(1), 2]) func theRulesDifferOnlyWhereThereAreVictims(seed: UInt64) throws {
    let replay = PreemptionReplay(try TraceFiles.cut(), .drawn(copies: 8), load: 0.8, seed: seed)
    let crowded = VictimRule.allCases.map { replay.run(BestFitPolicy(), $0, backOff: 3600) }
    for (outcome, rule) in zip(crowded, VictimRule.allCases) {
      #expect(outcome.victims >= outcome.preemptions && outcome.preemptions > 0, "seed \(seed) \(rule)")
      #expect(
        outcome == replay.run(BestFitPolicy(), rule, backOff: 3600), "seed \(seed) \(rule): again the same")
    }
    let high = replay.arrivals.filter { $0.priority >= PreemptionReplay.high }
    let alone = PreemptionReplay(fleet: replay.fleet, arrivals: high)
    let outcomes = VictimRule.allCases.map { alone.run(BestFitPolicy(), $0) }
    #expect(outcomes.allSatisfy { $0 == outcomes[0] } && outcomes[0].victims == 0)
    #expect(outcomes[0].pods == high.count)
  }

  /// Of two single victims the one that leaves a GPU free goes, unless it has run for ten hours longer.
  @Test func roomIsWorthTenHoursOfAVictim() {
    for (hours, expected) in [(9.5, [2]), (10.5, [1])] {
      var world = World([Self.node(1), Self.node(2)])
      world.run(1, Self.shape(1000), on: 0, gpus: 1, since: 0)
      world.run(2, Self.shape(1000, count: 2), on: 1, gpus: 3, since: -hours * 3600)
      #expect(world.victims(.roomy, Self.shape(1000), now: 0) == expected)
      #expect(world.victims(.fewest, Self.shape(1000), now: 0) == [1])
    }
  }

  @Test func withoutARuleNobodyGoes() {
    let arrivals = [Self.arrival(1000, 0, at: 0, for: 7200), Self.arrival(1000, 1000, at: 3600, for: 3600)]
    let last = Self.arrival(1000, 0, at: 14_400, for: 60)
    let outcome = PreemptionReplay(fleet: [Self.node(1)], arrivals: arrivals + [last]).run(
      BestFitPolicy(), nil)
    #expect(outcome.victims == 0 && outcome.preemptions == 0)
    #expect(outcome.highWaitGPUHours == 1 && outcome.highGPUHours == 1 && outcome.lowGPUHours == 2)
    #expect(outcome.allocatedGPUHours == 3 && outcome.hours == 4)
  }

  /// What was had was done or lost; what is sampled is what holds, and sampling changes nothing.
  @Test(arguments: VictimRule.allCases, [UInt64(3), 4]) func whatPodsHadWasDoneOrLost(
    rule: VictimRule, seed: UInt64
  ) throws {
    let trace = try TraceFiles.cut()
    let replay = PreemptionReplay(trace, .drawn(copies: 8), load: 0.8, seed: seed)
    let sampling = PreemptionReplay.Sampling(
      count: 50,
      fragmentation: Fragmentation(TypicalPods(trace.pods.map(\.shape)), models: trace.models.count))
    var outcome = replay.run(BestFitPolicy(), rule, backOff: 3600, sampling: sampling)
    let sum = outcome.highGPUHours + outcome.lowGPUHours + outcome.lostGPUHours
    #expect(abs(outcome.allocatedGPUHours - sum) < 1e-6 * sum, "\(outcome.allocatedGPUHours) \(sum)")
    let points = outcome.points
    #expect(points.count == 50 && zip(points, points.dropFirst()).allSatisfy { $0.hours < $1.hours })
    #expect(points.last.map { abs($0.hours - outcome.hours) < 1e-6 } == true)
    #expect(points.last?.victims == outcome.victims)
    #expect(
      points.allSatisfy { 0...100 ~= $0.allocation && 0...100.000001 ~= $0.allocation + $0.fragmentation })
    outcome.points = []
    #expect(outcome == replay.run(BestFitPolicy(), rule, backOff: 3600))
  }

  /// One GPU: a pod from 0 to 2 h, one of half a GPU that waits from 1 h on, a last one at 4 h.
  @Test func pointsAreWhatHeldThen() {
    let arrivals = [
      Self.arrival(1000, 0, at: 0, for: 7200), Self.arrival(500, 0, at: 3600, for: 5400),
      Self.arrival(500, 0, at: 14_400, for: 60),
    ]
    let replay = PreemptionReplay(fleet: [Self.node(1)], arrivals: arrivals)
    let typical = Fragmentation(TypicalPods([Self.shape(1000)]), models: 1)
    let outcome = replay.run(BestFitPolicy(), nil, sampling: .init(count: 8, fragmentation: typical))
    #expect(outcome.points.map(\.hours) == [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4])
    #expect(outcome.points.map(\.allocation) == [100, 100, 100, 50, 50, 50, 0, 50])
    #expect(outcome.points.map(\.fragmentation) == [0, 0, 0, 50, 50, 50, 0, 50])
    #expect(outcome.points.map(\.waitingPods) == [0, 1, 1, 0, 0, 0, 0, 0])
    #expect(outcome.points.map(\.waitingGPUs) == [0, 0.5, 0.5, 0, 0, 0, 0, 0])
  }

  /// As recorded: every pod that lived, at its time, on all nodes; what fits nowhere is told and does not come.
  @Test func recordedPodsComeWhenTheyCame() throws {
    let nodes = try CSVTable(
      "sn,cpu_milli,memory_mib,gpu,model\na,4000,4000,1,T4\nb,4000,4000,0,\n", name: "n")
    let pods = try CSVTable(
      """
      name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time
      a,1000,1,1,1000,,BE,Running,30,90
      b,1000,1,0,0,,LS,Running,10,20
      c,1000,1,2,1000,,LS,Running,10,20
      d,1000,1,1,500,,LS,Pending,10,10

      """, name: "p")
    let replay = PreemptionReplay(try OpenbTrace(nodes: nodes, pods: pods), .recorded, load: nil, seed: 1)
    #expect(replay.fleet.count == 2 && replay.impossible == 1)
    #expect(replay.arrivals.map(\.at) == [10, 30] && replay.arrivals.map(\.seconds) == [10, 60])
    #expect(replay.arrivals.map(\.priority) == [PreemptionReplay.high, 0])
  }
}
