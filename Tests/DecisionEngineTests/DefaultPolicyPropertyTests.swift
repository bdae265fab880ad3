import DSLBase
import DecisionEngine
import Testing

/// Properties of the shipped policies over thousands of random observations. A failure prints the seed and the case.
@Suite struct DefaultPolicyPropertyTests {
  /// Seeds that are always tried; one that ever failed stays here.
  static let seeds: [UInt64] = [1, 2, 20_250_627, 0xDEAD_BEEF]

  private func fleet(_ random: inout SplitMix64) -> Fleet {
    func few(_ random: inout SplitMix64, _ most: Int) -> Int {
      Bool.random(using: &random) ? 0 : Int.random(in: 0...most, using: &random)
    }
    return Fleet(
      idle: few(&random, 14), busy: few(&random, 14), starting: few(&random, 6), stale: few(&random, 6),
      pending: few(&random, 300), completed: few(&random, 400), telemetry: few(&random, 40),
      expired: few(&random, 4), overdue: few(&random, 3), verified: Bool.random(using: &random))
  }

  private func limits(_ random: inout SplitMix64) -> FleetLimits {
    let low = Int.random(in: 0...4, using: &random)
    return FleetLimits(
      minAgents: low, maxAgents: low + Int.random(in: 0...16, using: &random),
      scaleFactor: [0.25, 0.5, 1, 2, 7].randomElement(using: &random) ?? 1)
  }

  @Test(arguments: seeds)
  func theDefaultPolicyKeepsItsPromises(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let policy = try Policy.default
    for round in 0..<2000 {
      let (fleet, limits) = (fleet(&random), limits(&random))
      let engine = DecisionEngine(policy: policy, limits: limits)
      let observation = engine.assess(fleet.observation)
      let set = engine.decide(observation, cycle: "c\(round)")
      let place: () -> Comment = { "seed \(seed) round \(round): \(fleet) \(limits) → \(set.summary)" }
      #expect(engine.decide(observation, cycle: "c\(round)") == set, place())
      #expect((set.silence?.isEmpty ?? true) == !set.decisions.isEmpty, place())
      #expect(set.considered.count == policy.ruleNames.count, place())
      check(set, fleet, limits, place)
    }
  }

  private func check(_ set: DecisionSet, _ fleet: Fleet, _ limits: FleetLimits, _ place: () -> Comment) {
    let present = fleet.idle + fleet.busy + fleet.starting
    var added = 0
    for decision in set.decisions {
      #expect((0...1).contains(decision.confidence) && (0...10).contains(decision.priority), place())
      let target = decision.parameters["target_agents"]?.int
      switch decision.type {
      case .scaleUp:
        #expect(fleet.pending > fleet.idle + fleet.starting, "scale-up without work: \(place())")
        #expect(target ?? 0 > present, "asked for before: \(place())")
        added += (target ?? 0) - present
      case .restart:
        #expect(fleet.pending + fleet.busy + fleet.expired > 0, "restart without work: \(place())")
        added += decision.parameters["count"]?.int ?? 1000
      case .scaleDown:
        let left = target ?? 0
        #expect(left >= limits.minAgents && left >= fleet.busy + fleet.pending, place())
        #expect(left < fleet.idle + fleet.busy && fleet.starting == 0, place())
      default: break
      }
    }
    #expect(added == 0 || present + added <= limits.maxAgents, "beyond the maximum: \(place())")
    let ranks = set.decisions.map { (-$0.priority, -$0.confidence) }
    #expect(zip(ranks, ranks.dropFirst()).allSatisfy { $0 <= $1 }, place())
    let scaling = set.decisions.filter { $0.type == .scaleUp || $0.type == .scaleDown }
    #expect(scaling.count <= 1, place())
  }

  @Test(arguments: seeds)
  func anyMetricsAtAllAreSurvived(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let odd = [Double.nan, .infinity, -.infinity, -1, 0, 0.5, 1e308, .leastNonzeroMagnitude, 1e18]
    let engines = try [Policy.default, Policy.dslmodel].map { DecisionEngine(policy: $0) }
    for round in 0..<1000 {
      var metrics = SystemMetrics()
      for name in MetricCatalog.standard.entries.map(\.name) where Int.random(in: 0..<4, using: &random) > 0 {
        metrics[name] = odd.randomElement(using: &random)
      }
      let blind = Int.random(in: 0..<10, using: &random) == 0 ? "nothing to see" : nil
      let observation = Observation(at: Timestamp(seconds: 5), backend: "t", metrics: metrics, blind: blind)
      for engine in engines {
        let scored = engine.assess(observation)
        let set = engine.decide(scored, cycle: "c")
        let place: () -> Comment = { "seed \(seed) round \(round): \(metrics)" }
        if let score = scored.metrics.healthScore { #expect((0...1).contains(score), place()) }
        if scored.metrics.healthScore == nil || blind != nil {
          #expect(set.decisions.isEmpty && set.silence?.isEmpty == false, place())
        }
        #expect((set.silence?.isEmpty ?? true) == !set.decisions.isEmpty, place())
      }
    }
  }
}
