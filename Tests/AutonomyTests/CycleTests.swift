import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import Glibc
import Telemetry
import Testing

/// A backend that can be told to fail at, or to die right after, a step.
struct FragileBackend: Backend {
  let inner: MemoryBackend
  /// Counts down with each performed step; the step at 0 fails.
  let failAt = MutexBox<Int?>(nil)
  /// Called after each performed step.
  let afterStep = MutexBox<(@Sendable () -> Void)?>(nil)
  var name: String { inner.name }
  var supports: [DecisionType] { inner.supports }

  func observe() async throws -> Observation { try await inner.observe() }
  func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    try await inner.plan(decision, observation)
  }
  func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    let fails = failAt.with { left in
      left = left.map { $0 - 1 }
      return left == -1
    }
    if fails { throw DSLError(.io, "the step was made to fail") }
    let receipt = try await inner.perform(step, for: decision)
    afterStep.with { $0 }?()
    return receipt
  }
  func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    try await inner.revert(step, receipt: receipt)
  }
  func inspect(_ step: EffectStep) async throws -> StepTrace { try await inner.inspect(step) }
}

/// A fleet in memory, a journal on disk, and everything that a cycle needs.
final class CycleWorld {
  let time = ManualTime()
  let directory: CoordinationDirectory
  let backend: FragileBackend
  let exporter = InMemoryExporter()
  let journal: Journal
  var gates = GateSettings(cooldown: .init(up: 0, down: 0, other: 0))
  var strategies: [any DecisionStrategy] = []
  var control = Cycle.Control()
  var record = CalibrationRecord()
  private var number = 0

  init(pending: Int = 8, idle: Int = 2) throws {
    var template = Array("/tmp/dsl-cycle-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    directory = CoordinationDirectory(path: path, files: PosixFileSystem())
    try directory.files.makeDirectory(directory.state)
    var fleet = MemoryFleet()
    for agent in 0..<idle {
      fleet.agents["agent-\(agent)"] = .init(state: .idle, heartbeat: time.now, idleSince: time.now)
    }
    for item in 0..<pending { fleet.items["item-\(item)"] = .init(created: time.now) }
    backend = FragileBackend(inner: MemoryBackend(fleet, time: time))
    journal = try Journal(directory: directory, access: .readWrite)
  }

  deinit {
    _ = try? SystemProcesses(bootID: "").run("rm -rf '\(directory.path)'", environment: [], timeout: 10)
  }

  var executor: DecisionExecutor {
    DecisionExecutor(
      backend: backend, handlers: [:], journal: journal, time: time, killSwitch: control.killSwitch)
  }

  func run(dryRun: Bool = false, autoRollback: Bool = false) async throws -> CycleReport {
    number += 1
    var options = Cycle.Options()
    options.dryRun = dryRun
    options.autoRollback = autoRollback
    var gates = gates
    gates.dryRun = dryRun
    let tracer = SpanRecorder(serviceName: "test", exporter: exporter, time: time, seed: UInt64(number))
    var engine = DecisionEngine(policy: try .default)
    engine.record = record
    var cycle = Cycle(
      backend: backend, engine: engine, gates: gates, strategies: strategies,
      handlers: [:], tracer: tracer, time: time,
      provenance: .init(engineVersion: "0", policyName: "default", policyHash: "0", seed: 1, settings: [:]))
    cycle.control = control
    return try await cycle.run(
      id: "c-\(number)", journal: dryRun ? nil : journal, history: journal, options)
  }
}

@Suite struct CycleTests {
  @Test func aBacklogStartsAgentsAndTheJournalKnows() async throws {
    let world = try CycleWorld()
    let report = try await world.run()
    #expect(report.observation.metrics.healthState == .critical)
    let scaling = try #require(report.decisions.first { $0.decision.type == .scaleUp })
    #expect(scaling.word == "executed")
    #expect(world.backend.inner.current.agents.values.contains { $0.state == .starting })
    let entry = try world.journal.decision(scaling.decision.id)
    #expect(entry.outcome == .executed)
    #expect(entry.steps.allSatisfy { $0.receipt != nil })
    #expect(try Decision(json: entry.decision) == scaling.decision)
    let cycle = try world.journal.cycle(report.id)
    #expect(try Observation(json: cycle.record.observation) == report.observation)
    #expect(cycle.result?.executed == report.executed.count)
  }

  @Test func whatIsStartingIsNotAskedForTwice() async throws {
    let world = try CycleWorld()
    _ = try await world.run()
    let after = world.backend.inner.current.agents.count
    let report = try await world.run()
    #expect(world.backend.inner.current.agents.count == after)
    #expect(!report.executed.contains { $0.decision.type == .scaleUp })
  }

  @Test(arguments: 0..<3) func aFailingStepTakesBackTheOnesBeforeIt(number: Int) async throws {
    let world = try CycleWorld()
    world.backend.failAt.with { $0 = number }
    let before = world.backend.inner.current
    let report = try await world.run()
    let failed = try #require(report.failed.first)
    let entry = try world.journal.decision(failed.decision.id)
    #expect(entry.outcome == .undoneAfterFailure)
    let up = world.backend.inner.current.agents.filter { $0.value.state == .starting }.count
    #expect(up == 0, "agents that were started for it are stopped again")
    #expect(world.backend.inner.current.items == before.items)
    #expect(try world.journal.unfinished().isEmpty)
  }

  @Test(arguments: 0...3) func anEngineThatDiedIsClearedUpAfter(performed: Int) async throws {
    let world = try CycleWorld()
    let seen = DecisionEngine(policy: try .default).assess(try await world.backend.observe())
    let decision = BackendContract.decision(.scaleUp, ["target_agents": 5])
    guard case .steps(let steps) = try await world.backend.plan(decision, seen) else {
      Issue.record("the decision must have steps")
      return
    }
    try world.journal.begin(
      CycleRecord(
        id: "c-dead", startedAt: world.time.now, backend: "memory", engineVersion: "0", policyName: "",
        policyHash: "",
        seed: 0, settings: [:], observation: seen.json, metrics: seen.metrics.json, traceID: nil,
        dryRun: false,
        epoch: 0))
    try world.journal.intend(
      decision.json, id: decision.id, cycle: "c-dead", type: "scale_up", target: "fleet", direction: "up",
      steps: steps.map(\.json), at: world.time.now)
    // It died after some steps, the last of them not noted.
    for (number, step) in steps.prefix(performed).enumerated() {
      let receipt = try await world.backend.perform(step, for: decision)
      if number < performed - 1 {
        try world.journal.performed(decision: decision.id, step: number, receipt: receipt, at: world.time.now)
      }
    }
    let notes = try await Recovery(world.executor).run()
    #expect(notes.count == 1)
    #expect(try world.journal.unfinished().isEmpty)
    let left = world.backend.inner.current.agents.filter { $0.value.state == .starting }.count
    #expect(left == (performed == steps.count ? steps.count : 0), "kept whole or undone whole")
    let kept = try world.journal.decision(decision.id).steps.allSatisfy { $0.receipt != nil }
    #expect(kept == (performed == steps.count), "what is kept has every receipt that undoing it needs")
    #expect(try await Recovery(world.executor).run().isEmpty)
  }

  @Test func aDryRunPlansAndWritesNothing() async throws {
    let world = try CycleWorld()
    let before = world.backend.inner.current
    let report = try await world.run(dryRun: true)
    #expect(
      report.decisions.contains {
        if case .wouldExecute(let steps) = $0.outcome { !steps.isEmpty } else { false }
      })
    #expect(world.backend.inner.current == before)
    #expect(try world.journal.cycles(CycleFilter(limit: 10)).isEmpty)
  }

  @Test func aRollbackRestoresAndIsRefusedTheSecondTime() async throws {
    let world = try CycleWorld()
    let report = try await world.run()
    let scaling = try #require(report.executed.first { $0.decision.type == .scaleUp })
    let entry = try world.journal.decision(scaling.decision.id)
    let undone = try await Rollback(world.executor).undo(entry, by: "test")
    #expect(undone.outcome == .reverted)
    #expect(!world.backend.inner.current.agents.values.contains { $0.state == .starting })
    let again = try world.journal.decision(scaling.decision.id)
    #expect(again.undo.first?.by == "test")
    await #expect { try await Rollback(world.executor).undo(again, by: "test") } throws: {
      ($0 as? DSLError)?.code == .invalidState
    }
  }

  @Test func anUndoThatWasCutShortIsFinished() async throws {
    let world = try CycleWorld()
    let report = try await world.run()
    let scaling = try #require(report.executed.first { $0.decision.type == .scaleUp })
    try world.journal.setState("undo_in_progress", ["decision": .string(scaling.decision.id), "by": "test"])
    let next = try await world.run()
    #expect(next.warnings.contains { $0.contains(scaling.decision.id) })
    #expect(try world.journal.decision(scaling.decision.id).isUndone)
    #expect(try world.journal.state("undo_in_progress") == nil)
  }

  @Test func whatMadeHealthWorseIsUndoneWhenWanted() async throws {
    let world = try CycleWorld(pending: 0, idle: 6)
    world.backend.inner.change { fleet in
      fleet.telemetryVolume = 20
      for item in 0..<20 {
        fleet.items["done-\(item)"] = .init(state: .completed, created: Timestamp(seconds: 1))
      }
    }
    let report = try await world.run()
    let scaling = try #require(report.executed.first { $0.decision.type == .scaleDown })
    let drained = world.backend.inner.current.agents.filter { $0.value.state == .draining }.map(\.key)
    #expect(!drained.isEmpty)
    // Far more agents go than the decision asked for: health falls below what it accounts for.
    world.backend.inner.change { fleet in
      for id in fleet.agentIDs where fleet.agents[id]?.state == .idle { fleet.agents[id]?.state = .stale }
    }
    world.time.advance(seconds: 30)
    let next = try await world.run(autoRollback: true)
    #expect(next.verifications.contains { $0.contains(scaling.decision.id) && $0.contains("worse") })
    #expect(try world.journal.decision(scaling.decision.id).isUndone)
    #expect(drained.allSatisfy { world.backend.inner.current.agents[$0]?.state == .idle })
  }

  @Test func aRefusalNamesItsGateInJournalAndReport() async throws {
    let world = try CycleWorld()
    world.gates.minConfidence = 0.999
    let report = try await world.run()
    #expect(report.executed.isEmpty)
    let refused = try #require(report.decisions.first)
    guard case .refused(let gate, let reason, let observed, let required) = refused.outcome else {
      Issue.record("expected a refusal, got \(refused.outcome)")
      return
    }
    #expect(gate == "confidence" && !reason.isEmpty && observed == refused.decision.confidence)
    #expect(required == 0.999)
    #expect(try world.journal.decision(refused.decision.id).refusal?.gate == "confidence")
  }

  @Test func cooldownsHoldAcrossEngines() async throws {
    let world = try CycleWorld()
    world.gates = GateSettings(cooldown: .init(up: 600, down: 600, other: 0))
    let first = try await world.run()
    #expect(first.executed.contains { $0.decision.type == .scaleUp })
    // The started agents vanish, so that scaling up is wanted again.
    world.backend.inner.change { fleet in
      for id in fleet.agentIDs where fleet.agents[id]?.state == .starting { fleet.agents[id] = nil }
    }
    world.time.advance(seconds: 60)
    let second = try await world.run()
    let refused = try #require(second.decisions.first { $0.decision.type == .scaleUp })
    guard case .refused("cooldown", _, _, _) = refused.outcome else {
      Issue.record("expected the cooldown to hold, got \(refused.outcome)")
      return
    }
  }
}
