import DSLBase
import GPUScheduling
import Testing

/// Random operations on random clusters: whatever happens, nothing is over-committed and no gang runs in part.
@Suite struct OperationSequenceTests {
  /// One run's dice and its running account.
  private struct Run {
    var random: SplitMix64
    var scheduler: ClusterScheduler
    var next = 0
    var placed = 0

    mutating func roll(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func workload() -> Workload {
      next += 1
      let gang = roll(0..<3) == 0 ? roll(2..<6) : 1
      var workload: Workload
      switch roll(0..<4) {
      case 0: workload = Clusters.share("w\(next)", roll(1..<1000), members: gang)
      case 1:
        workload = Clusters.mig(
          "w\(next)", ["1g.10gb", "2g.20gb", "3g.40gb", "7g.80gb"][roll(0..<4)], members: gang)
      case 2:
        workload = Workload("w\(next)", PodDemand(cpuMilli: roll(0..<30_000), memoryMiB: 10), members: gang)
      default: workload = Clusters.whole("w\(next)", roll(1..<5), members: gang, cpu: roll(0..<40_000))
      }
      workload.priority = roll(0..<4)
      workload.tenant = [nil, "a", "b"][roll(0..<3)]
      workload.locality = Locality.allCases[roll(0..<5)]
      workload.localityRequired = roll(0..<2) == 0
      workload.preemptible = roll(0..<5) > 0
      workload.startedAt = Double(roll(1..<10_000))
      return workload
    }

    mutating func step() {
      let (kind, now) = (roll(0..<10), 20_000.0)
      let wanted = workload()
      switch kind {
      case 0...4:
        // What is remembered of earlier decisions never changes one.
        let remembered = scheduler.quickChoice(wanted)
        #expect(remembered == scheduler.choice(wanted))
        if scheduler.place(wanted) != nil { placed += 1 }
      case 5:
        guard let name = scheduler.state.members.keys.sorted().randomElement(using: &random) else { return }
        scheduler.state.release(name)
      case 6:
        guard scheduler.choice(wanted) == nil, let found = scheduler.preemption(for: wanted, now: now) else {
          return
        }
        for victim in found.victims {
          #expect(victim.workload.priority < wanted.priority && victim.workload.preemptible)
        }
        let done = scheduler.commit(found)
        #expect(done)
      case 7:
        guard scheduler.choice(wanted) == nil, let found = scheduler.consolidation(for: wanted) else {
          return
        }
        let before = scheduler.state.bindings.count
        let done = scheduler.commit(found)
        #expect(done && scheduler.state.bindings.count == before + 1)
      case 8:
        // A decision that others overtake: it is bound whole, or refused and nothing is changed.
        guard let old = scheduler.choice(wanted) else { return }
        for _ in 0..<roll(1..<4) { _ = scheduler.place(workload()) }
        let before = scheduler.state.picture
        do throws(DSLError) {
          try scheduler.commit(old)
        } catch {
          #expect(error.code == .conflict && scheduler.state.picture == before)
        }
      default:
        let before = scheduler.state.picture
        let checkpoint = scheduler.state.checkpoint()
        for _ in 0..<roll(1..<4) { step() }
        if roll(0..<3) == 0 {
          scheduler.state.commit(checkpoint)
        } else {
          scheduler.state.rollBack(to: checkpoint)
          #expect(scheduler.state.picture == before)
        }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64], TenantIsolation.allCases)
  func nothingIsOverCommittedAndNoGangIsPartial(seed: UInt64, isolation: TenantIsolation) throws {
    var cluster = Clusters.racks(2, nodes: 2, gpus: 4, numa: [0, 0, 1, 1], model: "A100-80GB")
    cluster.nodes[1].migGPUs = 0b0011
    cluster.nodes[3].migGPUs = 0b1111
    cluster.nodes[2].nvlinkDomain = "d"
    cluster.nodes[3].nvlinkDomain = "d"
    cluster.nodes[0].tenant = "a"
    var run = Run(
      random: SplitMix64(seed: seed),
      scheduler: ClusterScheduler(try ClusterState(cluster, isolation: isolation)))
    for step in 0..<120 {
      run.step()
      let faults = run.scheduler.state.faults
      #expect(faults.isEmpty, "seed \(seed), step \(step): \(faults)")
      if !faults.isEmpty { return }
    }
    #expect(run.placed > 10, "seed \(seed): the run does something")
    for name in run.scheduler.state.members.keys.sorted() { run.scheduler.state.release(name) }
    let empty = try ClusterState(cluster, isolation: isolation)
    #expect(run.scheduler.state.picture == empty.picture, "seed \(seed): all comes back")
  }
}
