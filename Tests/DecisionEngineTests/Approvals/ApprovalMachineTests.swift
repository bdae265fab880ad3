import DSLBase
import Testing

@testable import DecisionEngine

/// Requests for approval as lists of what happens to them.
@Suite struct ApprovalMachineTests {
  private let start = Timestamp(seconds: 1_790_000_000)
  private let machine = ApprovalMachine(expirySeconds: 600, drift: 0.25)

  private func request(_ number: Int, agents: Int = 4, state: String = "critical", people: Int = 1)
    -> Approval
  {
    let binding = ApprovalBinding(
      facts: ["health_state": .string(state)], numbers: ["active_agents": .int(agents)],
      plan: [["action": "x"]])
    return Approval(
      id: "p-\(number)", decision: .sample(.scaleDown, id: "d-\(number)"), cycle: "c-\(number)",
      steps: [EffectStep(action: "x", target: "y")], binding: binding,
      demand: ApprovalDemand(approvers: people, reason: "a rule asks for it"),
      proposer: Identity(user: "loop", host: "box"), createdAt: start, expiresAt: start)
  }

  private func vote(
    _ name: String, approves: Bool = true, after seconds: Double = 0, user: String = "ops",
    _ comment: String = ""
  ) -> Approval.Vote {
    Approval.Vote(
      who: Identity(name: name, user: user, host: "box"), approves: approves,
      at: start.adding(seconds: seconds), comment: comment)
  }

  /// A request as the loop opens it.
  private func opened(people: Int = 1) throws -> Approval {
    try #require(machine.propose(request(1, people: people), open: nil, now: start).changes.first)
  }

  @Test func theFirstTimeSomebodyIsAsked() throws {
    let (standing, changes) = machine.propose(request(1), open: nil, now: start)
    #expect(standing == .held("waits for approval as p-1: a rule asks for it"))
    #expect(changes.map(\.id) == ["p-1"])
    #expect(changes[0].expiresAt == start.adding(seconds: 600) && changes[0].status == .pending)
  }

  @Test(arguments: [
    (true, "alice", "ops", false), (true, "ALICE@laptop", "www", false), (true, "bob", "ops", true),
    (false, "ops", "ops", false), (false, "bob", "bob", true),
  ])
  func whoOrderedItMayRejectItButNotApprove(
    names: Bool, name: String, user: String, mayApprove: Bool
  ) throws {
    var machine = machine
    machine.acceptsNames = names
    var asked = request(1)
    let orderer = Identity(name: "Alice", user: "ops", host: "box")
    asked.decision.parameters = ["ordered_by": "Alice", Approval.ordererKey: orderer.json]
    let open = try #require(machine.propose(asked, open: nil, now: start).changes.first)
    #expect(open.orderer == orderer && open.proposer.name == "loop")
    if mayApprove {
      #expect(try machine.vote(open, vote(name, user: user)).status == .approved)
    } else {
      let error = #expect(throws: DSLError.self) { try machine.vote(open, vote(name, user: user)) }
      #expect(error?.code == .invalidState && error?.message == "\(name) ordered this")
    }
    #expect(try machine.vote(open, vote(name, approves: false, user: user)).status == .rejected)
  }

  @Test func anOrderWithoutAnAccountStillBindsItsName() throws {
    var asked = request(1)
    asked.decision.parameters = ["ordered_by": "alice"]
    let open = try #require(machine.propose(asked, open: nil, now: start).changes.first)
    #expect(throws: DSLError.self) { try machine.vote(open, vote("alice")) }
    #expect(try machine.vote(open, vote("bob")).status == .approved)
  }

  @Test func whatWaitsIsNotAskedForAgain() throws {
    let open = try opened()
    let soon = machine.propose(request(2), open: open, now: start.adding(seconds: 30))
    #expect(soon.changes.isEmpty, "not a write in every cycle")
    let later = machine.propose(request(2), open: open, now: start.adding(seconds: 300))
    #expect(later.changes.map(\.id) == ["p-1"], "one request a subject, seen again")
    #expect(later.changes.first?.expiresAt == start.adding(seconds: 900))
  }

  @Test(arguments: [(4, true), (5, true), (3, true), (6, false), (2, false)])
  func anApprovalHoldsWhileTheNumbersStayNear(agents: Int, holds: Bool) throws {
    let approved = try machine.vote(try opened(), vote("alice"))
    #expect(approved.status == .approved)
    let (standing, changes) = machine.propose(
      request(2, agents: agents), open: approved, now: start.adding(seconds: 60))
    if holds {
      #expect(standing == .granted("p-1") && changes.isEmpty)
    } else {
      #expect(changes.map(\.id) == ["p-1", "p-2"] && changes.map(\.status) == [.void, .pending])
      #expect(changes[0].reason == "active_agents was 4, is \(agents)")
      guard case .held(let reason) = standing else { return #expect(Bool(false)) }
      #expect(reason.contains("p-2") && reason.contains("active_agents was 4, is \(agents)"))
    }
  }

  @Test func anApprovalHoldsNoLongerThanItsTime() throws {
    let approved = try machine.vote(try opened(), vote("alice", after: 100))
    #expect(approved.expiresAt == start.adding(seconds: 700))
    let last = machine.propose(request(2), open: approved, now: start.adding(seconds: 699))
    #expect(last.standing == .granted("p-1"))
    let late = machine.propose(request(2), open: approved, now: start.adding(seconds: 700))
    #expect(late.changes.map(\.status) == [.expired, .pending])
    #expect(machine.expire([approved], now: start.adding(seconds: 699)).isEmpty)
    #expect(machine.expire([approved], now: start.adding(seconds: 700)).map(\.status) == [.expired])
  }

  @Test func aRejectionHoldsUntilSomethingChanges() throws {
    let rejected = try machine.vote(try opened(), vote("alice", approves: false, "not now"))
    let same = machine.propose(request(2), open: rejected, now: start.adding(seconds: 60))
    #expect(same.standing == .held("rejected by alice: not now") && same.changes.isEmpty)
    let other = machine.propose(request(2, state: "degraded"), open: rejected, now: start.adding(seconds: 60))
    #expect(other.changes.map(\.status) == [.void, .pending])
  }

  @Test func twoPeopleAreTwoPeople() throws {
    let one = try machine.vote(try opened(people: 2), vote("alice"))
    #expect(one.status == .pending && one.approvals == 1)
    for again in ["alice", "Alice ", "alice@elsewhere"] {
      #expect(throws: DSLError.self) { try machine.vote(one, vote(again)) }
    }
    let both = try machine.vote(one, vote("bob"))
    #expect(both.status == .approved && both.approvals == 2)
    let back = try machine.vote(both, vote("alice", approves: false))
    #expect(back.status == .rejected, "an approval can be taken back")
  }

  @Test(arguments: ["loop", "LOOP", "loop@box", "dsl", "engine", "auto-rollback", ""])
  func theProposerCannotApprove(name: String) throws {
    let open = try opened()
    let error = #expect(throws: DSLError.self) { try machine.vote(open, vote(name)) }
    #expect(error?.code == .invalidState)
  }

  @Test func withoutNamesTheAccountCounts() throws {
    let strict = ApprovalMachine(expirySeconds: 600, acceptsNames: false)
    let open = try opened()
    for (name, user) in [("alice", "loop"), ("alice", "ops"), ("loop", "loop")] {
      #expect(throws: DSLError.self, "\(name) as \(user)") { try strict.vote(open, vote(name, user: user)) }
    }
    #expect(try strict.vote(open, vote("ops", user: "ops")).status == .approved)
  }

  @Test func whatIsOverTakesNoAnswers() throws {
    let open = try opened()
    let error = #expect(throws: DSLError.self) { try machine.vote(open, vote("alice", after: 600)) }
    #expect(error?.code == .conflict)
    for status in Approval.Status.allCases where status != .pending {
      var over = open
      over.status = status
      #expect(throws: DSLError.self, "\(status)") { try machine.vote(over, vote("alice")) }
    }
  }

  @Test func aRequestIsReadBackAsItWas() throws {
    var approval = try machine.vote(try opened(people: 2), vote("alice", "looks right"))
    approval.usedBy = "d-9"
    let read = try Approval(
      id: approval.id, document: try JSONParser.parse(approval.document.serialized()),
      status: approval.status.rawValue, reason: approval.reason, createdAt: approval.createdAt,
      expiresAt: approval.expiresAt, usedBy: approval.usedBy)
    #expect(read == approval)
  }
}
