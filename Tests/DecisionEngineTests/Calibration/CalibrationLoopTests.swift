import DSLBase
import Testing

@testable import DecisionEngine

/// The gate as a closed loop: a kind of decision that is wanted all the time, and predictions that come true or not.
@Suite struct CalibrationLoopTests {
  private static let seeds: [UInt64] = [1, 2, 3, 13, 77, 20_260_321]
  private static let hour = 3600.0

  /// A predictor, tried every ten minutes; what it does under a policy with constants or with computed confidence.
  struct World {
    var ceiling: Double
    var isComputed: Bool
    var entries: [CalibrationEntry] = []
    var random: SplitMix64

    /// Whether the gate let it act in each of some turns, `chance` being how often it is right.
    mutating func run(turns: Range<Int>, chance: Double) -> [Bool] {
      turns.map { turn in
        let now = Timestamp(seconds: Double(turn) * 600)
        let record = CalibrationRecord(entries.suffix(2000), at: now, halfLife: 86_400)
        let kind = record[.optimize, "test"]
        let confidence = isComputed ? ceiling * (kind?.value(of: ceiling) ?? 1) : ceiling
        let decision = Decision.sample(.optimize, confidence: confidence)
        let settings = GateSettings(cooldown: .init(up: 0, down: 0, other: 0))
        let passed = Gate.judge(
          [decision], settings: settings, history: GateHistory(record: record), now: now)[0].passed
        guard passed else { return false }
        let isHit = Double.random(in: 0..<1, using: &random) < chance
        entries.append(
          CalibrationEntry(
            decision: "d\(turn)", type: .optimize, rule: "test", confidence: confidence,
            outcome: isHit ? .hit : .miss, at: now))
        return true
      }
    }
  }

  private func world(_ seed: UInt64, computed: Bool, ceiling: Double = 0.8) -> World {
    World(ceiling: ceiling, isComputed: computed, random: SplitMix64(seed: seed))
  }

  private func share(_ passed: some Collection<Bool>) -> Double {
    Double(passed.count { $0 }) / Double(passed.count)
  }

  /// Luck lets a coin pass for a while now and then; over all seeds it hardly gets to act.
  @Test(arguments: [true, false]) func aCoinFlipEndsUpGated(computed: Bool) {
    var sum = 0.0
    for seed in Self.seeds {
      var world = world(seed, computed: computed)
      let passed = world.run(turns: 0..<500, chance: 0.5)
      let late = share(passed.suffix(300))
      #expect(passed.firstIndex(of: false) ?? .max < 250, "seed \(seed): held at last")
      #expect(late < 0.6, "seed \(seed): \(late)")
      sum += late
    }
    #expect(sum / Double(Self.seeds.count) < 0.3, "\(sum)")
  }

  @Test(arguments: seeds, [true, false])
  func aPerfectPredictorIsNeverGated(seed: UInt64, computed: Bool) {
    var random = SplitMix64(seed: seed)
    var world = world(seed, computed: computed, ceiling: Double.random(in: 0.6...1, using: &random))
    #expect(!world.run(turns: 0..<200, chance: 1).contains(false), "seed \(seed)")
  }

  @Test(arguments: seeds, [true, false])
  func aWellCalibratedOneIsHardlyEverGated(seed: UInt64, computed: Bool) {
    var world = world(seed, computed: computed)
    #expect(share(world.run(turns: 0..<250, chance: 0.85)) > 0.9, "seed \(seed)")
  }

  @Test(arguments: seeds, [true, false])
  func whoeverIsGatedGetsToRecover(seed: UInt64, computed: Bool) {
    var world = world(seed, computed: computed)
    let before = world.run(turns: 0..<200, chance: 0.1)
    #expect(share(before.suffix(100)) < 0.2, "seed \(seed): it is gated")
    let after = world.run(turns: 200..<700, chance: 1)
    let first = after.firstIndex(of: true) ?? .max
    #expect(first < 200, "seed \(seed): tried again after \(first) turns of ten minutes")
    #expect(share(after.suffix(100)) == 1, "seed \(seed): and free once it is right")
  }
}
