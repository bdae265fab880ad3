import DSLBase
import Testing

@testable import DecisionEngine

/// Worse evidence and a worse record never make a decision surer; nothing lifts it above its rule's number.
@Suite struct ConfidencePropertyTests {
  /// Everything that confidence rests on, as numbers that can be made worse one at a time.
  struct Inputs {
    var ceiling: Double
    var ages: [Double]
    var unreadable: [Int]
    var unknownClaims: Int
    var torn: Int
    var misses: Int
    var hits: Int
    var weights: Policy.EvidenceWeights

    init(_ random: inout SplitMix64) {
      func share() -> Double { Double.random(in: 0...1, using: &random) }
      ceiling = share()
      ages = (0..<4).map { _ in Double.random(in: -100...400, using: &random) }
      unreadable = (0..<4).map { _ in Int.random(in: 0...3, using: &random) }
      unknownClaims = Int.random(in: 0...3, using: &random)
      torn = Int.random(in: 0...3, using: &random)
      misses = Int.random(in: 0...20, using: &random)
      hits = Int.random(in: 0...20, using: &random)
      weights = Policy.EvidenceWeights(
        stale: share(), missing: share(), corrupt: share(), unverified: share(), disagreement: share(),
        record: share())
    }

    mutating func turnHit() {
      guard hits > 0 else { return }
      hits -= 1
      misses += 1
    }

    var confidence: Double {
      let limit = 30.0
      let sources = zip(ages, unreadable).enumerated().map { index, pair in
        let status: EvidenceStatus = pair.1 > 0 ? .corrupt : pair.0.magnitude > limit ? .stale : .fresh
        return SourceEvidence(
          source: "s\(index)", status: status, records: 5, unreadable: pair.1, newestAgeSeconds: pair.0,
          limitSeconds: limit)
      }
      let agents =
        (0..<3).map { AgentView(id: "up\($0)", state: .busy, claims: 2) }
        + (0..<torn).map { AgentView(id: "torn\($0)", state: .stale, running: true) }
      var metrics = SystemMetrics()
      metrics[.claimedWork] = Double(6 + unknownClaims)
      metrics[.workQueueSize] = 20
      metrics[.activeAgents] = 3
      let observation = Observation(
        at: Timestamp(seconds: 0), backend: "test", metrics: metrics, evidence: sources, agents: agents)
      let entries = (0..<hits + misses).map { number in
        CalibrationEntry(
          decision: "d\(number)", type: .optimize, rule: "r", confidence: ceiling,
          outcome: number < hits ? .hit : .miss, at: Timestamp(seconds: 0))
      }
      let record = CalibrationRecord(entries, at: Timestamp(seconds: 0), halfLife: 100)
      return PolicyProbe.assess(ceiling, observation, weights, record[.optimize, "r"]).result
    }
  }

  /// Changes for the worse, each of one input.
  private static let worsenings: [(name: String, change: @Sendable (inout Inputs, Int) -> Void)] = [
    ("age", { inputs, at in inputs.ages[at] += inputs.ages[at] < 0 ? -40 : 40 }),
    ("unreadable", { inputs, at in inputs.unreadable[at] += 1 }),
    ("unknown claims", { inputs, _ in inputs.unknownClaims += 1 }),
    ("silent agents that run", { inputs, _ in inputs.torn += 1 }),
    ("one more miss", { inputs, _ in inputs.misses += 1 }),
    ("a hit that is a miss", { inputs, _ in inputs.turnHit() }),
    ("a lower ceiling", { inputs, _ in inputs.ceiling *= 0.9 }),
    ("a heavier stale", { inputs, _ in inputs.weights.stale *= 0.5 }),
    ("a heavier corrupt", { inputs, _ in inputs.weights.corrupt *= 0.5 }),
    ("a heavier disagreement", { inputs, _ in inputs.weights.disagreement *= 0.5 }),
    ("a heavier record", { inputs, _ in inputs.weights.record *= 0.5 }),
  ]

  @Test(arguments: [1, 2, 3, 20_260_321] as [UInt64])
  func worseNeverMakesSurer(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var fell = 0
    for number in 0..<400 {
      let inputs = Inputs(&random)
      let before = inputs.confidence
      #expect((0...1).contains(before) && before <= inputs.ceiling, "seed \(seed), case \(number)")
      for worsening in Self.worsenings {
        var worse = inputs
        worsening.change(&worse, Int.random(in: 0..<4, using: &random))
        let after = worse.confidence
        // Rounding may move the last bits of a quotient.
        #expect(after <= before + 1e-15, "seed \(seed), case \(number): \(worsening.name)")
        if after < before { fell += 1 }
      }
      var better = inputs
      better.hits += 1
      #expect(better.confidence >= before - 1e-15, "seed \(seed), case \(number): one more hit")
    }
    #expect(fell > 1500, "seed \(seed): the inputs matter")
  }
}

/// `Policy.assess` under weights of the test's own.
enum PolicyProbe {
  static func assess(
    _ ceiling: Double, _ observation: Observation, _ weights: Policy.EvidenceWeights,
    _ kind: CalibrationRecord.Kind?
  ) -> ConfidenceAssessment {
    let policy = Policy(
      name: "probe", description: "", source: "", bindings: [], rules: [], silences: [], evidence: weights)
    return policy.assess(ceiling, EvidenceTerms(observation, weights), kind)
  }
}
