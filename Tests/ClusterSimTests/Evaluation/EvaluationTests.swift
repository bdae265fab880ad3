import DSLBase
import Testing

@testable import ClusterSim

@Suite struct EvaluationTests {
  @Test func keySpacesAreDisjoint() throws {
    var seen: Set<UInt64> = []
    let (last, seeds) = (KeySpace.largestEpisode, KeySpace.largestSeed)
    for space in KeySpace.allCases {
      for (seed, episode) in [(0, 0), (0, last), (1, 0), (seeds, 0), (seeds, last)] {
        let key = try space.key(seed: seed, episode: episode)
        #expect(seen.insert(key).inserted && KeySpace(of: key) == space)
      }
    }
    #expect(KeySpace(of: .max) == nil)
    #expect { try KeySpace.training.key(seed: seeds + 1, episode: 0) } throws: { "\($0)".contains("seed") }
    #expect(throws: DSLError.self) { try KeySpace.training.key(episode: last + 1) }
    #expect(throws: DSLError.self) { try KeySpace.training.keys(from: last - 1, count: 3) }
  }

  /// Published values: 5, 60 and 340 of 500 (docs/simulator.md), and none of 10.
  @Test func wilsonIntervals() {
    func rounded(_ e: Estimate) -> [Double] { [e.low, e.high].map { ($0 * 1000).rounded() / 10 } }
    #expect(rounded(Statistics.wilson(340, of: 500)) == [63.8, 71.9])
    #expect(rounded(Statistics.wilson(60, of: 500)) == [9.4, 15.1])
    #expect(rounded(Statistics.wilson(25, of: 500)) == [3.4, 7.3])
    #expect(rounded(Statistics.wilson(0, of: 10)) == [0, 27.8])
  }

  /// Of 40 samples from a known distribution nearly all intervals hold its mean; with groups that differ the interval has to be wider.
  @Test func bootstrapIntervalsHoldTheMean() {
    let seed: UInt64 = 71
    var random = SplitMix64(seed: seed)
    var held = 0
    for trial in 0..<40 {
      let values = (0..<100).map { _ in Double.random(in: 0...1, using: &random) }
      let estimate = Statistics.bootstrap([values], seed: UInt64(trial))
      if estimate.low < 0.5, 0.5 < estimate.high { held += 1 }
    }
    #expect((34...40).contains(held), "\(held), seed \(seed)")
    let groups = (0..<5).map { g in
      (0..<100).map { _ in Double(g) + Double.random(in: 0...1, using: &random) }
    }
    let (two, one) = (Statistics.bootstrap(groups), Statistics.bootstrap([groups.flatMap(\.self)]))
    #expect(two.mean == one.mean || abs(two.mean - one.mean) < 1e-9)
    #expect(two.high - two.low > 3 * (one.high - one.low))
  }

  /// Common keys take the noise out: the difference of two policies is known better than either.
  @Test func pairingNarrowsTheInterval() throws {
    let keys = try KeySpace.validation.keys(count: 100)
    let runner = EpisodeRunner(ClusterConfiguration())
    let heuristic = try runner.run(HeuristicPolicy(), keys: keys)
    let oracle = try runner.run(OraclePolicy(), keys: keys)
    let difference = try PairedDifference([oracle], less: [heuristic])
    let (a, b) = (EpisodeSummary([oracle]), EpisodeSummary([heuristic]))
    #expect(abs(difference.reward.mean - (a.reward.mean - b.reward.mean)) < 1e-9)
    #expect(difference.failures.mean == a.failures.mean - b.failures.mean)
    #expect(a.causes.reduce(0, +) == 100 && a.causes[Int(EndCause.timeLimit.rawValue)] == 100)
    let twice = try PairedDifference([heuristic], less: [heuristic])
    #expect(twice.reward == Estimate(mean: 0, low: 0, high: 0))
    #expect { try PairedDifference([oracle], less: [Array(heuristic.dropLast())]) } throws: {
      "\($0)".contains("other keys")
    }
  }
}
