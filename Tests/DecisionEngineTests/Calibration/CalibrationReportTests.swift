import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct CalibrationReportTests {
  private let now = Timestamp(seconds: 1_000_000)

  private func entry(
    _ confidence: Double, _ outcome: PredictionOutcome, rule: String = "r", type: DecisionType = .optimize
  ) -> CalibrationEntry {
    CalibrationEntry(
      decision: "d", type: type, rule: rule, confidence: confidence, outcome: outcome, at: now)
  }

  /// From E. B. Wilson's formula, by hand and from published tables.
  @Test(arguments: [
    (0, 0, 0.0, 1.0), (1, 1, 0.2065, 1), (0, 1, 0, 0.7935), (5, 10, 0.2366, 0.7634), (8, 10, 0.4902, 0.9433),
    (81, 263, 0.2553, 0.3662),
  ])
  func wilson(hits: Int, count: Int, low: Double, high: Double) {
    let interval = WilsonInterval(hits: hits, of: count)
    #expect(abs(interval.low - low) < 5e-5 && abs(interval.high - high) < 5e-5, "\(interval)")
  }

  @Test func brierOfWhatIsKnown() throws {
    #expect(BrierScore([]) == nil && BrierScore([[], []]) == nil)
    let perfect = try #require(BrierScore([[(0, false)], [(1, true), (1, true)]]))
    #expect(perfect.score == 0 && perfect.reliability == 0 && perfect.resolution == perfect.uncertainty)
    let coin = try #require(BrierScore([[(0.5, true), (0.5, false)]]))
    #expect(coin.score == 0.25 && coin.uncertainty == 0.25 && coin.resolution == 0)
    let boast = try #require(BrierScore([[(1, true), (1, false)]]))
    #expect(boast.score == 0.5 && boast.reliability == 0.25)
  }

  @Test(arguments: [1, 2, 3, 20_260_321] as [UInt64])
  func thePartsMakeTheScore(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<50 {
      let entries = (0..<Int.random(in: 1...80, using: &random)).map { _ in
        let confidence = Double.random(in: 0...1, using: &random)
        return entry(confidence, Double.random(in: 0...1, using: &random) < confidence ? .hit : .miss)
      }
      let report = CalibrationReport(entries, record: CalibrationRecord(), gates: GateSettings())
      let brier = try #require(report.brier)
      let parts = brier.reliability - brier.resolution + brier.uncertainty + brier.withinBins
      #expect(abs(brier.score - parts) < 1e-12, "seed \(seed)")
      #expect(report.bins.map(\.counts.measured).reduce(0, +) == entries.count)
      #expect(
        report.bins.allSatisfy { bin in bin.from < bin.to && bin.counts.claimed.map { $0 >= bin.from } == true
        })
    }
  }

  @Test func kindsTellWhatTheirGateAsksFor() {
    let entries =
      (0..<8).map { entry(0.8, $0 < 2 ? .hit : .miss, rule: "bad") }
      + [entry(0.9, .hit, rule: "good"), entry(0.9, .unknown, rule: "good"), entry(1, .hit, type: .restart)]
    let record = CalibrationRecord(entries, at: now, halfLife: 100)
    let report = CalibrationReport(entries, record: record, gates: GateSettings())
    #expect(report.kinds.map { "\($0.type) \($0.rule)" } == ["optimize bad", "optimize good", "restart r"])
    let (bad, good) = (report.kinds[0], report.kinds[1])
    #expect(abs(bad.offset - 0.275) < 1e-12 && abs(bad.required - 0.875) < 1e-12)
    #expect(
      bad.why
        == "2 of 8 predictions came true, older ones counting less: that supports 0.52 of the 0.80 claimed")
    #expect(bad.counts.hitRate == 0.25 && bad.counts.claimed.map { abs($0 - 0.8) < 1e-12 } == true)
    #expect(good.offset == 0 && good.required == 0.6 && good.counts.unknown == 1)
    #expect(good.why.hasSuffix("that supports the 0.90 claimed"))
    #expect(report.counts.measured == 10 && report.counts.unknown == 1)
    #expect(report.bins.map { ($0.from * 10).rounded() } == [8, 9])
    let forgotten = CalibrationReport(entries, record: CalibrationRecord(), gates: GateSettings())
    #expect(forgotten.kinds[0].why == "nothing that was measured counts any more")
  }

  @Test func nothingMeasuredIsNoNumber() {
    let report = CalibrationReport([], record: CalibrationRecord(), gates: GateSettings())
    #expect(report.json["hit_rate"] == .null && report.json["brier"] == .null)
    #expect(report.json["interval"] == ["low": 0.0, "high": 1.0])
  }
}
