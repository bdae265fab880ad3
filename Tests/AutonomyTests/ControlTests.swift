import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import Testing

/// What people can do to the loop: pause it, stop it, approve what it wants to do.
@Suite struct ControlTests {
  private func refusal(_ report: CycleReport, _ type: DecisionType = .scaleUp) throws -> (
    gate: String, reason: String
  ) {
    let decision = try #require(report.decisions.first { $0.decision.type == type })
    guard case .refused(let gate, let reason, _, _) = decision.outcome else {
      Issue.record("expected a refusal, got \(decision.outcome)")
      return ("", "")
    }
    return (gate, reason)
  }

  private func approving(_ world: CycleWorld) {
    world.gates.approval = .init(types: [.scaleUp])
    world.control.approvals = ApprovalMachine(expirySeconds: 600, drift: 0.25)
    world.control.proposer = Identity(user: "loop", host: "box")
  }

  private func approve(_ world: CycleWorld, _ id: String, by name: String = "alice") throws {
    let vote = Approval.Vote(
      who: Identity(name: name, user: "ops", host: "box"), approves: true, at: world.time.now, comment: "")
    let machine = world.control.approvals
    _ = try world.journal.changeApproval(id, at: world.time.now) {
      try machine.vote(try Approval(stored: $0), vote).stored
    }
  }

  private func starting(_ world: CycleWorld) -> Int {
    world.backend.inner.current.agents.values.count { $0.state == .starting }
  }

  @Test func aPausedLoopDecidesAndDoesNothingUntilItsTime() async throws {
    let world = try CycleWorld()
    _ = try world.journal.pause(seconds: 60, by: "alice", reason: "a move", world.time)
    let (gate, reason) = try refusal(try await world.run())
    #expect(gate == "paused" && reason.contains("by alice because a move"))
    #expect(starting(world) == 0)
    world.time.advance(seconds: 60)
    #expect(try await world.run().executed.contains { $0.decision.type == .scaleUp })
  }

  @Test func anApprovedDecisionIsCarriedOutOnceAndSaysSo() async throws {
    let world = try CycleWorld()
    approving(world)
    let (gate, reason) = try refusal(try await world.run())
    #expect(gate == "approval")
    let asked = try #require(try world.journal.approvals(onlyOpen: true).first)
    #expect(reason.contains(asked.id) && starting(world) == 0)
    world.time.advance(seconds: 5)
    _ = try await world.run()
    #expect(try world.journal.approvals(onlyOpen: false).map(\.id) == [asked.id], "asked for once")

    try approve(world, asked.id)
    world.time.advance(seconds: 5)
    let report = try await world.run()
    let done = try #require(report.executed.first { $0.decision.type == .scaleUp })
    #expect(starting(world) > 0)
    #expect(try world.journal.decision(done.decision.id).approval == asked.id)
    let used = try world.journal.approval(asked.id)
    #expect(used.status == "used" && used.usedBy == done.decision.id)
    #expect(try world.journal.verifyChain()?.faults == [])

    // What was approved was this, and not whatever comes next.
    world.backend.inner.change { fleet in
      for id in fleet.agentIDs where fleet.agents[id]?.state == .starting { fleet.agents[id] = nil }
    }
    world.time.advance(seconds: 5)
    #expect(try refusal(try await world.run()).gate == "approval")
    #expect(try world.journal.approvals(onlyOpen: true).count == 1)
  }

  @Test func anApprovalIsVoidWhenTheWorldHasChanged() async throws {
    let world = try CycleWorld()
    approving(world)
    _ = try await world.run()
    let asked = try #require(try world.journal.approvals(onlyOpen: true).first)
    try approve(world, asked.id)
    world.backend.inner.change { fleet in
      for item in 0..<20 { fleet.items["more-\(item)"] = .init(created: Timestamp(seconds: 1)) }
    }
    let (gate, reason) = try refusal(try await world.run())
    #expect(gate == "approval" && reason.contains("no longer holds"))
    #expect(starting(world) == 0)
    let void = try world.journal.approval(asked.id)
    #expect(void.status == "void" && !void.reason.isEmpty)
    let open = try world.journal.approvals(onlyOpen: true)
    #expect(open.count == 1 && open[0].id != asked.id, "asked for anew")
  }

  @Test func anApprovalThatIsTakenBackInTheLastMomentIsNotUsed() async throws {
    let world = try CycleWorld()
    approving(world)
    let first = try await world.run()
    let decision = try #require(first.decisions.first { $0.decision.type == .scaleUp }).decision
    let asked = try #require(try world.journal.approvals(onlyOpen: true).first)
    // It was granted when the gates were asked, and is no longer when the intent is written.
    let report = try await world.executor.execute(
      Decision(json: [
        "id": "d-late", "type": "scale_up", "priority": 1, "description": "", "rationale": "",
        "parameters": .object(decision.parameters), "confidence": 1, "target": "fleet",
        "created_at": world.time.now.json, "rule": "r",
      ]),
      first.observation, cycle: first.id, approval: asked.id)
    guard case .refused(let gate, _, _, _) = report.outcome else {
      Issue.record("expected a refusal, got \(report.outcome)")
      return
    }
    #expect(gate == "approval" && starting(world) == 0)
  }

  @Test func aDryRunAsksNobody() async throws {
    let world = try CycleWorld()
    approving(world)
    #expect(try refusal(try await world.run(dryRun: true)).gate == "approval")
    #expect(try world.journal.approvals(onlyOpen: false).isEmpty)
  }

  @Test func theKillSwitchHoldsEverythingButLooking() async throws {
    let world = try CycleWorld()
    world.control.killSwitch = KillSwitch(world.directory, path: nil)
    world.gates.minConfidence = 1
    // A decision that an engine left half done is not even cleared up.
    let cycle = try await world.run(dryRun: false).id
    let half = BackendContract.decision(.scaleUp, [:])
    try world.journal.intend(
      half.json, id: half.id, cycle: cycle, type: "scale_up", target: "fleet", direction: "up", steps: [],
      at: world.time.now)
    try world.directory.files.write(world.directory.state + "/STOP", Array("fire".utf8), exclusive: true)
    let (gate, reason) = try refusal(try await world.run())
    #expect(gate == "kill_switch" && reason.contains("fire"))
    #expect(try world.journal.unfinished().map(\.id) == [half.id])
    try world.directory.files.remove(world.directory.state + "/STOP")
    #expect(try await world.run().warnings.contains { $0.contains(half.id) })
    #expect(try world.journal.unfinished().isEmpty)
  }

  @Test(arguments: 1...2) func theKillSwitchStopsBetweenTwoSteps(done: Int) async throws {
    let world = try CycleWorld()
    let path = world.directory.state + "/STOP"
    let files = world.directory.files
    world.control.killSwitch = KillSwitch(world.directory, path: nil)
    let left = MutexBox(done)
    world.backend.afterStep.with {
      $0 = {
        let isLast = left.with { count in
          count -= 1
          return count == 0
        }
        if isLast { try? files.write(path, Array("enough".utf8), exclusive: true) }
      }
    }
    let report = try await world.run()
    let stopped = try #require(report.failed.first)
    guard case .stopped(let reason, done, of: let all) = stopped.outcome else {
      Issue.record("expected it to be stopped, got \(stopped.outcome)")
      return
    }
    #expect(reason.contains("enough") && all > done)
    #expect(starting(world) == done, "the rest is not done, and what was done stays")
    let entry = try world.journal.decision(stopped.decision.id)
    #expect(entry.outcome == .stopped && entry.steps.count { $0.receipt != nil } == done)
    #expect(try world.journal.unfinished().isEmpty)

    let refused = try await Rollback(world.executor).undo(entry, by: "test")
    #expect(refused.outcome == .refused, "undoing is an effect as well")
    try files.remove(path)
    let undone = try await Rollback(world.executor).undo(try world.journal.decision(entry.id), by: "test")
    #expect(undone.outcome == .reverted && undone.steps.count == done)
    #expect(starting(world) == 0)
  }
}
