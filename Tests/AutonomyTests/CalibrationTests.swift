import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import Testing

/// From what a cycle does over what it predicted to what the next ones dare.
@Suite struct CalibrationTests {
  /// Lets the agents that were asked for come up, as far as `up` says.
  private func settle(_ world: CycleWorld, up: Bool) {
    world.backend.inner.change { fleet in
      for id in fleet.agentIDs where fleet.agents[id]?.state == .starting {
        fleet.agents[id] =
          up ? .init(state: .idle, heartbeat: world.time.now, idleSince: world.time.now) : nil
      }
    }
  }

  private func scaling(_ world: CycleWorld) throws -> [LedgerEntry] {
    try world.journal.ledger(latest: 100).filter { $0.type == "scale_up" }
  }

  @Test func whatCameTrueIsAHit() async throws {
    let world = try CycleWorld()
    let report = try await world.run()
    let decision = try #require(report.executed.first { $0.decision.type == .scaleUp }?.decision)
    settle(world, up: true)
    world.time.advance(seconds: 30)
    _ = try await world.run()
    let entry = try #require(try scaling(world).first)
    #expect(entry.decision == decision.id && entry.outcome == "hit" && entry.rule == "scale_up_critical")
    #expect(entry.confidence == decision.confidence && entry.metric == "active_agents")
    #expect(entry.judgedAt.seconds(since: entry.madeAt) == 30)
    #expect(try world.journal.calibrationEntries(latest: 10).contains { $0.outcome == .hit })
  }

  @Test func whatDidNotComeInTimeIsAMissAndLowersTheNextConfidence() async throws {
    let world = try CycleWorld()
    _ = try await world.run()
    settle(world, up: false)
    world.time.advance(seconds: 61)
    _ = try await world.run()
    #expect(try scaling(world).map(\.outcome) == ["miss"])
    let settings = GateSettings.Calibration(halfLifeSeconds: 1000)
    let record = try world.journal.calibrationRecord(at: world.time.now, settings)
    let kind = try #require(record[.scaleUp, "scale_up_critical"])
    #expect(kind.hits == 0 && kind.count == 1 && kind.claimed == 0.95)
    let later = try world.journal.calibrationRecord(at: world.time.now.adding(seconds: 1000), settings)
    #expect(later[.scaleUp, "scale_up_critical"]?.count == 0.5)
  }

  @Test func aCycleDecidesByTheRecordAndAnotherEngineSeesTheSame() async throws {
    let world = try CycleWorld()
    world.record = CalibrationRecord([
      .init(type: .scaleUp, rule: "scale_up_critical", hits: 0, count: 6, claimed: 0.9)
    ])
    let report = try await world.run()
    let held = try #require(report.decisions.first { $0.decision.type == .scaleUp })
    #expect(abs(held.decision.confidence - 8 * 0.95 / 14) < 1e-12)
    guard case .refused("confidence", let reason, _, let required) = held.outcome else {
      Issue.record("expected the gate to hold, got \(held.outcome)")
      return
    }
    #expect(reason.contains("because of its record: 0 of 6 predictions came true"))
    #expect(abs((required ?? 0) - min(1, 0.6 + 0.9 * 6 / 14)) < 1e-12)
  }

  @Test func blindnessWhenItIsDueIsUnknownAndTheVerdictWaits() async throws {
    let world = try CycleWorld()
    let report = try await world.run()
    let decision = try #require(report.executed.first { $0.decision.type == .scaleUp }?.decision)
    settle(world, up: true)
    world.backend.inner.change { $0.initialised = false }
    world.time.advance(seconds: 61)
    _ = try await world.run()
    #expect(try scaling(world).map(\.outcome) == ["unknown"])
    #expect(try world.journal.decision(decision.id).verdict == nil)
    world.backend.inner.change { $0.initialised = true }
    world.time.advance(seconds: 1)
    _ = try await world.run()
    #expect(try scaling(world).map(\.outcome) == ["unknown"])
    #expect(try world.journal.decision(decision.id).verdict?["verdict"] == "met")
  }

  @Test func anotherDecisionsEffectIsNotCredited() async throws {
    let world = try CycleWorld()
    let report = try await world.run()
    let decision = try #require(report.executed.first { $0.decision.type == .scaleUp }?.decision)
    // A strategy asks for more agents at the same time; whose effect the new ones are cannot be told.
    let other = Decision(
      id: "d-other", type: .scaleUp, priority: 5, description: "x", rationale: "x",
      parameters: ["target_agents": 6], confidence: 0.9, target: "fleet", createdAt: world.time.now,
      rule: "own")
    try world.journal.intend(
      other.json, id: other.id, cycle: report.id, type: "scale_up", target: "fleet", direction: "up",
      steps: [],
      at: world.time.now)
    try world.journal.finish(
      decision: other.id, outcome: .executed, message: "", durationMs: 0, at: world.time.now)
    settle(world, up: true)
    world.time.advance(seconds: 30)
    let next = try await world.run()
    let entry = try #require(try scaling(world).first { $0.decision == decision.id })
    #expect(entry.outcome == "unknown" && entry.reason == "scale_up by own may have caused it")
    #expect(next.verifications.contains { $0.hasSuffix("not counted: scale_up by own may have caused it") })
  }

  @Test func flapsAndBudgetsAreCountedFromTheJournal() async throws {
    let world = try CycleWorld()
    let gates = GateSettings(cooldown: .init(up: 0, down: 0, other: 0), flaps: .init(count: 0))
    try world.journal.intend(
      ["id": "d-up"], id: "d-up", cycle: "c-0", type: "scale_up", target: "fleet", direction: "up", steps: [],
      at: world.time.now)
    try world.journal.finish(
      decision: "d-up", outcome: .executed, message: "", durationMs: 0, at: world.time.now)
    world.time.advance(seconds: 700)
    let history = try world.journal.gateHistory(gates, at: world.time.now, record: CalibrationRecord())
    #expect(history.past.map(\.direction) == [.up])
    let verdict = Gate.judge(
      [BackendContract.decision(.scaleDown, ["target_agents": 2])], settings: gates, history: history,
      now: world.time.now)[0]
    #expect(verdict.refusal?.gate == .flap)
    #expect(verdict.refusal?.freesAt == world.time.now.adding(seconds: 3600 - 700))
  }
}
