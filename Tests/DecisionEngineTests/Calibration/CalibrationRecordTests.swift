import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct CalibrationRecordTests {
  private let now = Timestamp(seconds: 1_000_000)

  private func entry(
    _ outcome: PredictionOutcome, ago seconds: Double = 0, _ confidence: Double = 0.8, rule: String = "r",
    type: DecisionType = .optimize
  ) -> CalibrationEntry {
    CalibrationEntry(
      decision: "d", type: type, rule: rule, confidence: confidence, outcome: outcome,
      at: now.adding(seconds: -seconds))
  }

  @Test func outcomesFadeByHalfLives() throws {
    let record = CalibrationRecord(
      [entry(.hit, ago: 200, 0.6), entry(.miss, ago: 100), entry(.hit), entry(.unknown)], at: now,
      halfLife: 100)
    let kind = try #require(record[.optimize, "r"])
    #expect(kind.hits == 1.25 && kind.count == 1.75)
    #expect(abs(kind.claimed - (0.25 * 0.6 + 1.5 * 0.8) / 1.75) < 1e-15)
    #expect(record[.optimize, "s"] == nil && record[.restart, "r"] == nil)
    let forgotten = CalibrationRecord([entry(.miss, ago: 100 * 25)], at: now, halfLife: 100)
    #expect(forgotten.kinds.isEmpty)
  }

  @Test func whatLiesAheadOfTheClockCountsInFull() {
    let record = CalibrationRecord([entry(.miss, ago: -500)], at: now, halfLife: 100)
    #expect(record.kinds.map(\.count) == [1])
  }

  @Test func thePriorIsEightOutcomes() {
    func kind(_ hits: Double, _ count: Double) -> CalibrationRecord.Kind {
      .init(type: .optimize, rule: "r", hits: hits, count: count, claimed: 0.8)
    }
    #expect(kind(0, 0).supported(0.7) == 0.7)
    #expect(abs(kind(0, 1).supported(0.8) - 6.4 / 9) < 1e-15)
    #expect(abs(kind(0, 4).overclaim - (0.8 - 6.4 / 12)) < 1e-15)
    #expect(kind(5, 5).overclaim == 0 && kind(5, 5).value(of: 0.8) == 1)
    #expect(kind(0, 3).value(of: 0) == 1)
  }

  @Test func itIsJournaledToTheLastBit() throws {
    let record = CalibrationRecord(
      [
        entry(.hit, ago: 33, rule: "b"), entry(.miss, ago: 77, 0.61, rule: "a"),
        entry(.hit, ago: 12, type: .restart),
      ], at: now, halfLife: 91)
    #expect(record.kinds.map { "\($0.type) \($0.rule)" } == ["optimize a", "optimize b", "restart r"])
    #expect(try CalibrationRecord(json: JSONParser.parse(record.json.text())) == record)
    #expect(try CalibrationRecord(json: nil) == CalibrationRecord())
    #expect(throws: DSLError.self) { try CalibrationRecord(json: [["type": "optimize"]]) }
  }

  @Test func aReplayNeedsTheRecordOfThen() throws {
    var engine = DecisionEngine(policy: try .default)
    engine.record = CalibrationRecord([
      .init(type: .scaleUp, rule: "scale_up_critical", hits: 1.0 / 3, count: 2.7, claimed: 0.9)
    ])
    let observation = CheckState.sample.observation(at: now)
    let decisions = engine.decide(engine.assess(observation), cycle: "c").decisions
    let scaling = try #require(decisions.first)
    #expect(abs(scaling.confidence - (8 * 0.95 + 1.0 / 3) / (8 + 2.7)) < 1e-12)
    #expect(
      scaling.assessment?.terms.last?.why == "0.3 of 2.7 predictions came true, older ones counting less")
    let settings: JSONValue = [
      "policy": "default", "limits.min_agents": 1, "limits.max_agents": 10, "limits.scale_factor": 1.0,
      "calibration": try JSONParser.parse(engine.record.json.text()),
    ]
    var again = DecisionEngine(policy: try .default)
    let journaled = try decisions.map { try JSONParser.parse($0.json.text()) }
    #expect(Replay.compare(again, observation, cycle: "c", journaled: journaled).map(\.kind) == ["changed"])
    again.record = try JournaledConditions(settings: settings).record
    #expect(Replay.compare(again, observation, cycle: "c", journaled: journaled).isEmpty)
  }

  @Test func theGateAsksForWhatWasOverclaimed() {
    let kind = CalibrationRecord.Kind(type: .optimize, rule: "test", hits: 2, count: 8, claimed: 0.8)
    let history = GateHistory(record: CalibrationRecord([kind]))
    func refusal(_ settings: GateSettings, _ type: DecisionType = .optimize) -> GateRefusal? {
      Gate.judge([.sample(type, confidence: 0.85)], settings: settings, history: history, now: now)[0].refusal
    }
    // 8 · 0.8 + 2 of 16 are supported: 0.525 of 0.8.
    let found = refusal(GateSettings())
    #expect(abs((found?.required ?? 0) - 0.875) < 1e-12)
    #expect(
      found?.reason
        == "confidence 0.85 is below 0.88, of which 0.28 because of its record: 2 of 8 predictions came true, "
        + "older ones counting less")
    #expect(refusal(GateSettings(), .restart) == nil, "other kinds are not held to it")
    #expect(refusal(GateSettings(calibration: .init(maxOffset: 0.2))) == nil)
    #expect(refusal(GateSettings(forceConfidence: 0.6)) == nil, "the emergency override overrides")
    #expect(GateSettings(minConfidence: 0.9).requiredConfidence(of: kind) == 1, "never more than 1")
  }
}
