import Autonomy
import DSLBase
import Testing

/// A world that a backend under contract acts on, and the test's own way to look at it and change it.
protocol ContractWorld: Sendable {
  var backend: any Backend { get }
  /// Everything that the backend may change, as text; times of day and process numbers left out.
  func fingerprint() async throws -> String
  /// Whether it holds what `ContractSeed` says: agents over a queue. Worlds of another kind have decisions of their own.
  var isFleet: Bool { get }
  /// Decisions that it gives something to do, one for each type that it supports.
  var decisions: [Decision] { get }
  /// A decision with a parameter missing that its type needs.
  var unusable: Decision { get }
  /// Makes an agent of a fleet stop for good, as it would by itself.
  func stopAgent(_ id: String) async throws
  /// Changes what a step changed, so that undoing it would take the later change back.
  func moveOn(after step: EffectStep, of decision: Decision) async throws
  /// Ends whatever the backend started.
  func tearDown() async
}

extension ContractWorld {
  var isFleet: Bool { true }
  var decisions: [Decision] { BackendContract.decisions }
  var unusable: Decision { BackendContract.decision(.scaleUp) }

  /// Another concurrency, from that on which the step set.
  func moveOn(after step: EffectStep, of decision: Decision) async throws {
    var again = step
    again.parameters["concurrency"] = 4
    again.before = ["concurrency": step.parameters["concurrency"] ?? .null]
    _ = try await backend.perform(again, for: decision)
  }
}

/// What a fleet holds at the beginning: two idle agents (`idle-1`, `idle-2`), one busy (`busy-1`) on item `held-1`, one
/// stale (`stale-1`); `pending-1`…`pending-4`; `expired-1`, claimed by `gone-1` under a lease that ran out.
enum ContractSeed {
  static let idle = ["idle-1", "idle-2"]
  static let pending = ["pending-1", "pending-2", "pending-3", "pending-4"]
}

/// What every backend promises, whatever it runs on.
struct BackendContract {
  let makeWorld: @Sendable () async throws -> any ContractWorld

  /// Runs every clause on a fresh world each.
  func run() async throws {
    var (isFleet, decisions): (Bool, [Decision]) = (false, [])
    try await withWorld { world in
      (isFleet, decisions) = (world.isFleet, world.decisions)
      #expect(Set(decisions.map(\.type)) == Set(world.backend.supports))
      let seen = try await world.backend.observe()
      #expect(try Observation(json: seen.json) == seen, "an observation must survive the journal")
    }
    for decision in decisions {
      try await withWorld { world in try await plansWithoutEffect(world, decision) }
      try await withWorld { world in try await performsOnceHoweverOften(world, decision) }
      try await withWorld { world in try await revertsToBefore(world, decision) }
    }
    try await withWorld(refusesWhatItDoesNotKnow)
    try await withWorld(refusesToUndoWhatMovedOn)
    guard isFleet else { return }
    try await withWorld(observesTheSeed)
    try await withWorld(withdrawingStartsNothing)
  }

  private func withWorld(_ body: (any ContractWorld) async throws -> Void) async throws {
    let world = try await makeWorld()
    do { try await body(world) } catch {
      await world.tearDown()
      throw error
    }
    await world.tearDown()
  }

  /// Undone, these still leave the record of a stopped agent, of a probe, and an item without the claim that had run out.
  static let leavesATrace: Set = ["start_agent", "probe_agent", "reclaim_item"]

  static let decisions: [Decision] = [
    decision(.scaleUp, ["target_agents": 5]), decision(.scaleDown, ["target_agents": 1]),
    decision(.coordinationImprove, ["limit": 10]), decision(.optimize), decision(.restart),
    decision(.healthCheck),
    decision(.telemetryEnhance),
  ]

  static func decision(_ type: DecisionType, _ parameters: JSONObject = [:]) -> Decision {
    Decision(
      id: "d-00000000c0ffee\(type.rawValue.utf8.count)", type: type, priority: 5, description: "",
      rationale: "",
      parameters: parameters, confidence: 0.9, target: "fleet", createdAt: Timestamp(seconds: 1),
      rule: "contract")
  }

  private func observesTheSeed(_ world: any ContractWorld) async throws {
    let seen = try await world.backend.observe()
    #expect(seen.blind == nil)
    #expect(seen.metrics.activeAgents == 3)
    #expect(seen.metrics.workQueueSize == 6)
    #expect(seen.metrics[.pendingWork] == 4)
    #expect(seen.metrics[.claimedWork] == 1)
    #expect(seen.metrics[.expiredClaims] == 1)
    #expect(seen.metrics[.staleAgents] == 1)
    #expect(seen.agents.map(\.id) == ["busy-1", "idle-1", "idle-2", "stale-1"])
    #expect(seen.agents.map(\.state) == [.busy, .idle, .idle, .stale])
  }

  private func steps(_ world: any ContractWorld, _ decision: Decision) async throws -> [EffectStep] {
    let plan = try await world.backend.plan(decision, world.backend.observe())
    guard case .steps(let steps) = plan else {
      Issue.record("\(decision.type): the seed must give it something to do, got \(plan)")
      return []
    }
    return steps
  }

  private func plansWithoutEffect(_ world: any ContractWorld, _ decision: Decision) async throws {
    let before = try await world.fingerprint()
    let first = try await steps(world, decision)
    let second = try await steps(world, decision)
    #expect(first == second, "\(decision.type): planning twice gives the same steps")
    #expect(try await world.fingerprint() == before, "\(decision.type): planning changes nothing")
    for step in first {
      #expect(try EffectStep(json: step.json) == step, "a step must survive the journal")
      #expect(
        try await world.backend.inspect(step) != .performed(receipt: [:]) || step.action == "probe_agent")
    }
  }

  private func performsOnceHoweverOften(_ world: any ContractWorld, _ decision: Decision) async throws {
    for step in try await steps(world, decision) {
      let first = try await world.backend.perform(step, for: decision)
      let after = try await world.fingerprint()
      if case .absent = try await world.backend.inspect(step) {
        Issue.record("\(step.action): a performed step is found again")
      }
      let second = try await world.backend.perform(step, for: decision)
      #expect(first == second, "\(step.action): the same receipt")
      #expect(
        try await world.fingerprint() == after, "\(step.action): performing twice does no more than once")
    }
  }

  private func revertsToBefore(_ world: any ContractWorld, _ decision: Decision) async throws {
    for step in try await steps(world, decision) {
      let before = try await world.fingerprint()
      let receipt = try await world.backend.perform(step, for: decision)
      let after = try await world.fingerprint()
      switch try await world.backend.revert(step, receipt: receipt) {
      case .refused(let reason):
        #expect(!reason.isEmpty)
        #expect(try await world.fingerprint() == after, "\(step.action): a refusal changes nothing")
      case .reverted(let what):
        #expect(!what.isEmpty)
        guard !Self.leavesATrace.contains(step.action) else { continue }
        let restored = try await world.fingerprint()
        #expect(restored == before, "\(step.action) \(step.target): undone means as before")
      }
    }
  }

  private func refusesWhatItDoesNotKnow(_ world: any ContractWorld) async throws {
    let seen = try await world.backend.observe()
    await #expect { try await world.backend.plan(Self.decision(.init(rawValue: "levitate")), seen) } throws: {
      ($0 as? DSLError)?.code == .unsupported
    }
    await #expect { try await world.backend.plan(world.unusable, seen) } throws: {
      ($0 as? DSLError)?.code == .invalidInput
    }
    let plan = try await world.backend.plan(Self.decision(.scaleUp, ["target_agents": 0]), seen)
    guard case .nothing(let reason) = plan else {
      Issue.record("a scale-up to fewer agents than there are is nothing to do, got \(plan)")
      return
    }
    #expect(!reason.isEmpty)
  }

  private func refusesToUndoWhatMovedOn(_ world: any ContractWorld) async throws {
    let decision = Self.decision(.optimize)
    let planned = try await steps(world, decision)
    let step = try #require(planned.first { $0.target == "idle-1" } ?? planned.first)
    let receipt = try await world.backend.perform(step, for: decision)
    try await world.moveOn(after: step, of: decision)
    let before = try await world.fingerprint()
    guard case .refused(let reason) = try await world.backend.revert(step, receipt: receipt) else {
      Issue.record("an undo must not overwrite a later change")
      return
    }
    #expect(!reason.isEmpty)
    #expect(try await world.fingerprint() == before)
  }

  private func withdrawingStartsNothing(_ world: any ContractWorld) async throws {
    let decision = Self.decision(.scaleDown, ["target_agents": 1])
    for step in try await steps(world, decision) {
      let receipt = try await world.backend.perform(step, for: decision)
      try await world.stopAgent(step.target)
      let before = try await world.fingerprint()
      guard case .refused(let reason) = try await world.backend.withdraw(step, receipt: receipt) else {
        Issue.record("nobody asked for \(step.target), which has stopped, to be started")
        return
      }
      #expect(!reason.isEmpty)
      #expect(try await world.fingerprint() == before)
    }
  }
}
