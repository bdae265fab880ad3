import DSLBase
import Glibc
import Testing

@testable import AnomalyDetection

@Suite struct EvidenceTests {
  /// A bet is worth 1 on average when nothing changes: the promise on false alarms rests on it.
  @Test func betsAreFair() {
    // ∫ bet dp by the substitution p = 10^(−t), in which it is smooth.
    let step = 0.001
    var total = 0.0
    for index in 0..<60_000 {
      let t = (Double(index) + 0.5) * step
      let p = pow(10, -t)
      total += ChangeEvidence.bet(p) * p * 2.302_585_092_994_046 * step
    }
    // The mass beyond 10⁻⁶⁰ is 1/ln(10⁶⁰).
    #expect(abs(total + 1 / (60 * 2.302_585_092_994_046) - 1) < 1e-3)
    let falling = [1e-9, 1e-4, 0.01, 0.2, 0.5, 0.9, 0.998, 1].map(ChangeEvidence.bet)
    #expect(zip(falling, falling.dropFirst()).allSatisfy { $0 > $1 || abs($0 - $1) < 1e-3 })
  }

  @Test func evidenceGrowsFromItsOnsetAndGoesAgain() {
    var evidence = ChangeEvidence()
    evidence.observe(p: 0.9, at: Timestamp(seconds: 1), limit: 1e6)
    #expect(evidence == ChangeEvidence())
    for second in 2...6 { evidence.observe(p: 1e-4, at: Timestamp(seconds: Double(second)), limit: 1e6) }
    #expect(evidence.value == 1e6 && evidence.onset == Timestamp(seconds: 2))
    for second in 7...60 { evidence.observe(p: 0.6, at: Timestamp(seconds: Double(second)), limit: 1e6) }
    #expect(evidence == ChangeEvidence())
  }

  /// Within the history the p-value is the rank; beyond it, it falls with the distance and never below 0.
  @Test func tailsExtrapolateAndRanksDoNot() {
    let history = SlidingOrder(capacity: 512, values: (0..<200).map { Double($0 % 100) })
    func p(_ value: Double, scale: Double = 0) -> Double {
      TailProbability.above(value, history: history, scale: scale)
    }
    #expect(p(50) == 101.0 / 201 && p(99) == 3.0 / 201 && p(-1) == 1)
    let beyond = [99.5, 120, 200, 1_000, 1e9].map { p($0) }
    #expect(beyond[0] <= 1.0 / 201 && zip(beyond, beyond.dropFirst()).allSatisfy(>) && beyond[4] > 0)
    #expect(p(200, scale: 1_000) > p(200))
    // Of a constant history nothing is known beyond it, but by how it was sampled.
    let constant = SlidingOrder(capacity: 512, values: Array(repeating: 5, count: 99))
    #expect(TailProbability.above(1e9, history: constant, scale: 0) == 0.01)
    #expect(TailProbability.above(1e9, history: constant, scale: 1) < 1e-6)
    #expect(TailProbability.above(1, history: SlidingOrder(capacity: 9), scale: 0) == 1)
  }

  @Test func trailsKnowWhereTheyLead() throws {
    var trail = ResourceTrail()
    #expect(trail.secondsToLimit(since: Timestamp(seconds: 0)) == nil)
    for second in 0..<200 {
      // One reading in five is wrong.
      let used = second % 5 == 4 ? 0.9 : 0.2 + 0.002 * Double(second)
      trail.observe(used, at: Timestamp(seconds: Double(second)))
      #expect(trail.points.count <= 64)
    }
    trail.observe(0.6, at: Timestamp(seconds: 200))
    let left = try #require(trail.secondsToLimit(since: Timestamp(seconds: 0)))
    #expect(abs(left - 200) < 20)
    trail.observe(1, at: Timestamp(seconds: 201))
    #expect(trail.secondsToLimit(since: Timestamp(seconds: 0)) == 0)
    var falling = ResourceTrail()
    for second in 0..<9 {
      falling.observe(0.9 - 0.01 * Double(second), at: Timestamp(seconds: Double(second)))
    }
    #expect(falling.secondsToLimit(since: Timestamp(seconds: 0)) == nil)
  }

  @Test func profilesNeedThreePeriodsAndInterpolate() {
    var profile = SeasonalProfile(hours: 24, depth: 7)
    let day = 86_400.0
    for hour in 0..<24 * 4 {
      let time = Timestamp(seconds: day * 100 + 3_600 * Double(hour))
      let expected = profile.expectation(at: time.adding(seconds: 1_800))
      #expect((expected != nil) == (hour >= 24 * 3 - 1), "hour \(hour)")
      for minute in 0..<3 {
        profile.observe(Double(hour % 24), at: time.adding(seconds: 60 * Double(minute)))
      }
    }
    let noon = Timestamp(seconds: day * 104 + 43_200)
    #expect(profile.expectation(at: noon.adding(seconds: 1_800)) == 12)
    #expect(profile.expectation(at: noon) == 11.5)
  }
}
