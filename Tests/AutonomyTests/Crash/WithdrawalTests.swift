import Autonomy
import Coordination
import DSLBase
import Testing

/// What the engine takes back by itself starts nothing; what a person takes back may.
///
/// Two agents of the engine's own are drained, and one of them stops before the decision is taken back.
@Suite struct WithdrawalTests {
  private let world: FilesWorld
  private let journal: Journal
  private let executor: DecisionExecutor
  private let decision = BackendContract.decision(.scaleDown, ["target_agents": 1])
  private let steps = ContractSeed.idle.map { EffectStep(action: "drain_agent", target: $0) }

  init() throws {
    world = try FilesWorld()
    for id in ContractSeed.idle {
      try AgentStore(world.directory).update(id) { (_, record, _) throws(DSLError) in
        record.startedBy = FilesBackend.starter
      }
    }
    journal = try Journal(directory: world.directory, access: .readWrite)
    executor = DecisionExecutor(backend: world.files, handlers: [:], journal: journal, time: world.time)
  }

  private func intend(_ steps: [EffectStep]) throws {
    try journal.intend(
      decision.json, id: decision.id, cycle: "c", type: decision.type.rawValue, target: decision.target,
      direction: "down", steps: steps.map(\.json), at: world.time.now)
  }

  private func agent(_ id: String) throws -> AgentRecord {
    try #require(try AgentStore(world.directory).read(id)).record
  }

  @Test func recoveryLeavesAnAgentThatHasStopped() async throws {
    // The engine dies before the third step.
    try intend(steps + [EffectStep(action: "drain_agent", target: "busy-1")])
    for (number, step) in steps.enumerated() {
      let receipt = try await world.files.perform(step, for: decision)
      try journal.performed(decision: decision.id, step: number, receipt: receipt, at: world.time.now)
    }
    try await world.stopAgent("idle-1")
    let notes = try await Recovery(executor).run()
    #expect(world.processes.requests.current.isEmpty)
    #expect(
      notes.count == 1 && notes[0].contains("the next cycle decides whether another is needed"), "\(notes)")
    #expect(notes[0].contains("2 of 3 steps had been done and all but 1 undone"), "\(notes)")
    let entry = try journal.decision(decision.id)
    #expect(entry.outcome == .undoneAfterFailure)
    #expect(entry.message.contains("agent idle-1 has stopped"), "\(entry.message)")
    #expect(try agent("idle-1").status == .stopped)
    #expect(try !agent("idle-2").drain)
    await world.tearDown()
  }

  @Test func aFailedStepLeavesAnAgentThatHasStopped() async throws {
    // The second step refuses: its agent has gone. The first one's goes while the decision is carried out.
    try await world.stopAgent("idle-2")
    let seen = try await world.files.observe()
    let stopping = StoppingBackend(inner: world.files) { try await self.world.stopAgent("idle-1") }
    let executor = DecisionExecutor(
      backend: stopping, handlers: [:], journal: journal, time: world.time)
    let report = try await executor.execute(decision, seen, cycle: "c", plan: .steps(steps))
    guard case .failed(_, let undone) = report.outcome else {
      Issue.record("\(report.outcome)")
      return
    }
    #expect(undone.contains("agent idle-1 has stopped; the next cycle decides"), "\(undone)")
    #expect(world.processes.requests.current.isEmpty)
    await world.tearDown()
  }

  @Test func aPersonGetsTheAgentBack() async throws {
    let seen = try await world.files.observe()
    _ = try await executor.execute(decision, seen, cycle: "c", plan: .steps(steps))
    try await world.stopAgent("idle-1")
    let report = try await Rollback(executor).undo(try journal.decision(decision.id), by: "somebody")
    #expect(report.outcome == .reverted, "\(report.reason)")
    #expect(world.processes.requests.current.count == 1)
    #expect(try agent("idle-1").status == .starting)
    await world.tearDown()
  }
}

/// The files backend, with something that happens after the first step.
private struct StoppingBackend: Backend {
  let inner: FilesBackend
  let afterFirst: @Sendable () async throws -> Void
  var name: String { inner.name }
  var supports: [DecisionType] { inner.supports }

  func observe() async throws -> Observation { try await inner.observe() }
  func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    try await inner.plan(decision, observation)
  }
  func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    let receipt = try await inner.perform(step, for: decision)
    try await afterFirst()
    return receipt
  }
  func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    try await inner.revert(step, receipt: receipt)
  }
  func withdraw(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    try await inner.withdraw(step, receipt: receipt)
  }
  func inspect(_ step: EffectStep) async throws -> StepTrace { try await inner.inspect(step) }
}
