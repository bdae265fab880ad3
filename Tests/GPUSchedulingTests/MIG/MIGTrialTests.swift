import DSLBase
import GPUScheduling
import Testing

@Suite struct MIGTrialTests {
  static let states = MIGPlacementTests.states

  /// At and above full load the default gives more memory than first-fit, more with moves, and never more than what is
  /// possible at all.
  @Test(arguments: 0..<3) func defaultGivesMoreThanFirstFit(mix: Int) {
    let mix = MIGDemand.mixes[mix]
    let values = MIGValues(Self.states, shares: mix.shares, steps: 6)
    var totals = [0.0, 0, 0]
    for load in [1.0, 1.3] {
      for seed in [UInt64(11), 12] {
        let demand = MIGDemand(
          Self.states.geometry, shares: mix.shares, load: load, gpus: 24, requests: 1200, seed: seed)
        let trials = [(MIGPolicy.firstFit, 0), (.values(values), 0), (.values(values), 2)].map {
          policy, moves in
          MIGTrial(MIGFleet(Self.states, gpus: 24, policy), demand, moves: moves)
        }
        for (index, trial) in trials.enumerated() {
          totals[index] += trial.used / trial.wanted
          #expect(trial.used <= trial.ceiling + 1e-6 && trial.ceiling <= trial.wanted + 1e-6)
          #expect(trial.offered == 900 && trial.accepted <= 900)
          #expect((trial.movedSlots > 0) == (index == 2))
        }
      }
    }
    #expect(totals[1] > totals[0] * 1.01, "\(mix.name) \(totals)")
    #expect(totals[2] > totals[1] * 1.01, "\(mix.name) \(totals)")
  }

  /// Where the large ones are 4g, which begin at slot 0 alone, the default gives a tenth more memory than first-fit.
  @Test(arguments: 3..<6) func defaultKeepsTheStartsOfHalves(mix: Int) {
    let mix = MIGDemand.mixes[mix]
    let values = MIGValues(Self.states, shares: mix.shares, steps: 6)
    for load in [0.8, 1.0, 1.2] {
      let demand = MIGDemand(
        Self.states.geometry, shares: mix.shares, load: load, gpus: 32, requests: 2000, seed: 11)
      let trials = [MIGPolicy.firstFit, .values(values)].map {
        MIGTrial(MIGFleet(Self.states, gpus: 32, $0), demand)
      }
      #expect(trials[1].used > trials[0].used * 1.1, "\(mix.name) at \(load)")
    }
  }

  /// Nothing is refused while all of it fits, and a trial repeats.
  @Test func aLightLoadIsAcceptedWhole() {
    let demand = MIGDemand(
      Self.states.geometry, shares: [1, 1, 1, 1, 1, 1], load: 0.1, gpus: 24, requests: 400, seed: 5)
    let trials = (0..<2).map { _ in MIGTrial(MIGFleet(Self.states, gpus: 24, .bestFit), demand) }
    #expect(trials[0].accepted == 300 && trials[0].offered == 300 && trials[0].used == trials[0].wanted)
    #expect(trials[0] == trials[1])
  }

  /// Memory asked for at a time is the load, over a long time.
  @Test func demandIsTheLoad() {
    let demand = MIGDemand(
      Self.states.geometry, shares: [8, 4, 4, 2, 1, 1], load: 1.2, gpus: 64, requests: 20_000, seed: 9)
    let trial = MIGTrial(MIGFleet(Self.states, gpus: 0, .firstFit), demand)
    let begin = demand.requests[5000].arrives
    let span = demand.requests[19_999].arrives - begin
    #expect(abs(trial.wanted / span / (64 * 8) - 1.2) < 0.04)
    #expect(trial.accepted == 0 && trial.ceiling == 0)
  }

  /// The exact packer against trying every placement of every request.
  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6]) func exactPackingIsExact(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let profiles = Self.states.geometry.profiles
    let wanted = (0..<5).map { _ in Int.random(in: 0..<profiles.count, using: &random) }
    func most(_ index: Int, _ first: Int, _ second: Int) -> Int {
      guard index < wanted.count else { return 0 }
      var best = most(index + 1, first, second)
      for instance in Self.states.ofProfile[wanted[index]] {
        let slots = profiles[wanted[index]].memorySlots
        if let next = Self.states.creating(instance, in: first) {
          best = max(best, slots + most(index + 1, next, second))
        }
        if let next = Self.states.creating(instance, in: second) {
          best = max(best, slots + most(index + 1, first, next))
        }
      }
      return best
    }
    let counts = profiles.indices.map { profile in wanted.count { $0 == profile } }
    #expect(Self.states.geometry.exactPacking(counts, gpus: 2) == most(0, 0, 0), "\(wanted)")
  }
}
