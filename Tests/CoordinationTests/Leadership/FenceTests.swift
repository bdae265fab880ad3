import Coordination
import DSLBase
import GRDB
import Testing

/// What a leader that was superseded tries to change is refused.
@Suite struct FenceTests {
  private let place: DirectoryPlace
  private let stale: Journal
  private let start: Timestamp

  /// A leader with epoch 1 that another has superseded with epoch 2.
  init() async throws {
    place = try DirectoryPlace()
    start = place.time.now
    stale = try Journal(directory: place.directory, access: .readWrite)
    let one = DirectoryElection(
      place.directory, stale,
      candidate: LeaseHolder(host: "h", pid: 1, startTicks: 1, bootID: place.time.monotonicOrigin),
      time: place.time)
    let term = try #require(try one.acquire(over: try one.look(), durationSeconds: 15))
    try #require(term.epoch == 1 && stale.epoch == 1)
    try stale.begin(cycle("c-1"))
    try intend("d-1")
  }

  private func supersede() async throws {
    place.time.advance(seconds: 16)
    let two = try place.candidate(2)
    try #require(try await two.acquire(over: try await two.look(), durationSeconds: 15)?.epoch == 2)
  }

  private func cycle(_ id: String) -> CycleRecord {
    CycleRecord(
      id: id, startedAt: start, backend: "files", engineVersion: "1", policyName: "p", policyHash: "h",
      seed: 1,
      settings: [:], observation: [:], metrics: [:], traceID: nil, dryRun: false, epoch: stale.epoch)
  }

  private func intend(_ id: String) throws {
    try stale.intend(
      [:], id: id, cycle: "c-1", type: "scale_up", target: "fleet", direction: "up", steps: [[:]], at: start)
  }

  private func code(_ body: () throws -> Void) -> DSLError.Code? {
    #expect(throws: DSLError.self, performing: body)?.code
  }

  @Test func intentsReceiptsOutcomesAndUndoCarryTheEpoch() throws {
    try stale.performed(decision: "d-1", step: 0, receipt: [:], at: start)
    try stale.finish(decision: "d-1", outcome: .executed, message: "", durationMs: 0, at: start)
    let entry = try stale.decision("d-1")
    #expect(entry.epoch == 1 && entry.outcomeEpoch == 1)
    #expect(try stale.cycle("c-1").record.epoch == 1)
  }

  @Test func nothingOfAStaleLeaderReachesTheJournal() async throws {
    try await supersede()
    #expect(code { try intend("d-2") } == .superseded)
    #expect(code { try stale.performed(decision: "d-1", step: 0, receipt: [:], at: start) } == .superseded)
    #expect(
      code {
        try stale.finish(decision: "d-1", outcome: .executed, message: "", durationMs: 0, at: start)
      } == .superseded)
    #expect(
      code {
        try stale.undone(decision: "d-1", steps: [], outcome: .reverted, reason: "", at: start, by: "x")
      } == .superseded)
    #expect(code { try stale.begin(cycle("c-2")) } == .superseded)
    #expect(code { try stale.setState("mark", 1) } == .superseded)
    #expect(code { try stale.verified(decision: "d-1", 1) } == .superseded)
    let entry = try stale.decision("d-1")
    #expect(entry.outcome == nil && entry.steps.map(\.receipt) == [nil] && entry.verdict == nil)
    #expect(try stale.decisions(DecisionFilter()).map(\.id) == ["d-1"])
  }

  @Test func noRecordOfAnAgentIsChangedByAStaleLeader() async throws {
    let leader = AgentStore(place.directory, fence: Fence(place.directory, stale))
    let agent = AgentStore(place.directory)
    #expect(try leader.create(AgentRecord(id: "a", status: .active, created: start)))
    let before = try #require(try agent.read("a"))
    try await supersede()
    func drain(_ store: AgentStore) throws {
      try store.update("a") { (_, record, _) throws(DSLError) in record.drain = true }
    }
    #expect(code { try drain(leader) } == .superseded)
    #expect(
      code { _ = try leader.create(AgentRecord(id: "b", status: .active, created: start)) } == .superseded)
    #expect(try agent.read("a") == before)
    #expect(try agent.read("b") == nil)
    try drain(agent)
    #expect(try agent.read("a")?.record.drain == true, "the agent's own changes need no lead")
  }

  /// The next term does not begin while a commit of the old leader is between its look and its end.
  @Test func aTakeOverWaitsForTheCommitUnderWay() async throws {
    place.time.advance(seconds: 16)
    let two = try place.candidate(2)
    let sight = try await two.look()
    let files = place.directory.files
    let commit = try #require(try files.lock(place.directory.fenceLock, exclusive: false, wait: false))
    await #expect(throws: DSLError.self) { try await two.acquire(over: sight, durationSeconds: 15) }
    #expect(try stale.leader()?.epoch == 1)
    commit.unlock()
    #expect(try await two.acquire(over: sight, durationSeconds: 15)?.epoch == 2)
    #expect(
      code { try Fence(place.directory, stale).protect { _ = Issue.record("it must not run") } }
        == .superseded)
  }

  @Test func onlyTheLatestTermsAreKept() throws {
    let journal = try Journal(directory: place.directory, access: .readWrite)
    let election = DirectoryElection(
      place.directory, journal,
      candidate: LeaseHolder(host: "h", pid: 3, startTicks: 1, bootID: place.time.monotonicOrigin),
      time: place.time)
    place.kill(1)
    place.time.advance(seconds: 16)
    for _ in 0..<5 {
      let term = try election.acquireNow(durationSeconds: 15)
      try election.release(epoch: term.epoch)
    }
    #expect(try journal.leader()?.epoch == 6)
  }
}
