import Coordination
import DSLBase
import GRDB
import Testing

@Suite struct JournalTests {
  private let world: TemporaryDirectory
  private let directory: CoordinationDirectory
  private let start = Timestamp(seconds: 1_790_000_000)

  init() throws {
    world = try TemporaryDirectory()
    directory = CoordinationDirectory(path: world.path, files: PosixFileSystem())
  }

  private func journal() throws -> Journal { try Journal(directory: directory, access: .readWrite) }

  private func cycle(_ id: String, at offset: Double = 0) -> CycleRecord {
    CycleRecord(
      id: id, startedAt: start.adding(seconds: offset), backend: "files", engineVersion: "1.0",
      policyName: "default", policyHash: "abc", seed: .max, settings: ["max": 3],
      observation: ["n": .number(JSONNumber(UInt64.max))], metrics: ["health_score": 0.25],
      traceID: "4bf92f3577b34da6a3ce929d0e0e4736", dryRun: false, epoch: 7)
  }

  private func intend(
    _ journal: Journal, _ id: String, cycle: String = "c-1", type: String = "scale_up", at offset: Double = 0,
    steps: [JSONValue] = [["action": "start_agent"], ["action": "note"]]
  ) throws {
    try journal.intend(
      ["id": .string(id), "big": .number(JSONNumber(UInt64.max))], id: id, cycle: cycle, type: type,
      target: "fleet", direction: "up", steps: steps, at: start.adding(seconds: offset))
  }

  private func refusal(_ id: String) -> RefusedDecision {
    RefusedDecision(
      decision: ["id": .string(id)], id: id, cycle: "c-1", type: "optimize", target: "fleet", at: start,
      gate: "confidence", reason: "too unsure", observed: 0.4, required: 0.7)
  }

  @Test func aDecisionIsReadBackWithAllThatHappenedToIt() throws {
    let journal = try journal()
    try journal.begin(cycle("c-1"))
    try intend(journal, "d-1")
    try journal.performed(decision: "d-1", step: 0, receipt: ["pid": 42], at: start.adding(seconds: 1))
    try journal.finish(
      decision: "d-1", outcome: .executed, message: "one agent started", durationMs: 12.5,
      at: start.adding(seconds: 2))
    try journal.undone(
      decision: "d-1", steps: [UndoneStep(step: 0, result: "busy")], outcome: .refused, reason: "busy",
      at: start.adding(seconds: 3), by: "rollback")
    try journal.undone(
      decision: "d-1", steps: [UndoneStep(step: 0, result: "stopped")], outcome: .reverted, reason: "",
      at: start.adding(seconds: 4), by: "verify")
    try journal.verified(decision: "d-1", ["better": false])
    try journal.verified(decision: "d-1", ["better": true])

    let found = try self.journal().decision("d-1")
    #expect(found.decision.text() == #"{"id":"d-1","big":18446744073709551615}"#)
    #expect(found.outcome == .executed && found.message == "one agent started" && found.durationMs == 12.5)
    #expect(found.steps.map(\.receipt) == [["pid": 42], nil])
    #expect(found.steps[0].performedAt == start.adding(seconds: 1))
    #expect(found.undo.map(\.outcome) == [.refused, .reverted] && found.isUndone)
    #expect(found.undo[0].steps == [UndoneStep(step: 0, result: "busy")])
    #expect(found.verdict == ["better": true])
  }

  @Test func anIntentWithoutOutcomeIsUnfinishedUntilItHasOne() throws {
    let journal = try journal()
    try intend(journal, "d-1")
    try intend(journal, "d-2")
    try journal.finish(decision: "d-1", outcome: .failed, message: "", durationMs: 1, at: start)
    #expect(try self.journal().unfinished().map(\.id) == ["d-2"])
    try journal.finish(decision: "d-2", outcome: .undoneAfterFailure, message: "", durationMs: 1, at: start)
    #expect(try journal.unfinished().isEmpty)
  }

  @Test func whatContradictsTheJournalIsRefused() throws {
    let journal = try journal()
    try journal.begin(cycle("c-1"))
    try intend(journal, "d-1")
    func code(_ body: () throws -> Void) -> DSLError.Code? {
      #expect(throws: DSLError.self, performing: body)?.code
    }
    #expect(code { try journal.begin(cycle("c-1")) } == .conflict)
    #expect(code { try intend(journal, "d-1") } == .conflict)
    #expect(code { try journal.refused([refusal("d-9"), refusal("d-1")]) } == .conflict)
    #expect(code { try journal.performed(decision: "d-1", step: 2, receipt: 1, at: start) } == .notFound)
    #expect(code { try journal.verified(decision: "d-3", 1) } == .notFound)
    try journal.finish(decision: "d-1", outcome: .executed, message: "", durationMs: 1, at: start)
    #expect(
      code {
        try journal.finish(decision: "d-1", outcome: .failed, message: "", durationMs: 1, at: start)
      } == .conflict)
    #expect(try journal.decisions(DecisionFilter()).map(\.id) == ["d-1"], "a refused batch leaves nothing")
    #expect(try journal.decision("d-1").outcome == .executed)
  }

  @Test func aRefusedDecisionKeepsItsNumbersAndMayBeIntendedLater() throws {
    let journal = try journal()
    try journal.refused([self.refusal("d-1")])
    let refused = try journal.decision("d-1")
    #expect(refused.outcome == .refused)
    let refusal = try #require(refused.refusal)
    #expect(refusal.gate == "confidence" && refusal.reason == "too unsure")
    #expect(refusal.observed == 0.4 && refusal.required == 0.7)
    #expect(try journal.actions(since: start).isEmpty, "what was not done counts for no cooldown")
    try intend(journal, "d-1")
    let intended = try journal.decision("d-1")
    #expect(intended.outcome == nil && intended.refusal == nil && intended.steps.count == 2)
  }

  @Test func actionsCountFromATimeOn() throws {
    let journal = try journal()
    for (number, offset) in [0.0, 10, 20].enumerated() { try intend(journal, "d-\(number)", at: offset) }
    try journal.finish(decision: "d-1", outcome: .executed, message: "", durationMs: 1, at: start)
    let actions = try journal.actions(since: start.adding(seconds: 10))
    #expect(actions.map(\.decision) == ["d-1", "d-2"])
    #expect(actions.map(\.outcome) == [.executed, nil])
    #expect(actions[0].at == start.adding(seconds: 10) && actions[0].direction == "up")
  }

  @Test func listsAreFilteredNewestFirstAndLimited() throws {
    let journal = try journal()
    for number in 0..<6 {
      let id = "c-\(number)"
      try journal.begin(cycle(id, at: Double(number)))
      guard number.isMultiple(of: 2) else { continue }
      try intend(
        journal, "d-\(number)", cycle: id, type: number == 2 ? "optimize" : "scale_up", at: Double(number))
    }
    try journal.finish(decision: "d-0", outcome: .failed, message: "", durationMs: 1, at: start)
    func ids(_ filter: DecisionFilter) throws -> [String] { try journal.decisions(filter).map(\.id) }
    #expect(try ids(DecisionFilter()) == ["d-4", "d-2", "d-0"])
    #expect(try ids(DecisionFilter(types: ["optimize"])) == ["d-2"])
    #expect(try ids(DecisionFilter(cycle: "c-4")) == ["d-4"])
    #expect(try ids(DecisionFilter(outcomes: [.failed, .executed])) == ["d-0"])
    #expect(
      try ids(DecisionFilter(since: start.adding(seconds: 2), until: start.adding(seconds: 4))) == ["d-2"])
    #expect(try ids(DecisionFilter(limit: 1)) == ["d-4"])
    #expect(try journal.cycles(CycleFilter(limit: 2)).map(\.record.id) == ["c-5", "c-4"])
    #expect(
      try journal.cycles(CycleFilter(onlyWithDecisions: true)).map(\.record.id) == ["c-4", "c-2", "c-0"])
  }

  @Test func aCycleIsReadBackWhole() throws {
    let journal = try journal()
    try journal.begin(cycle("c-1"))
    let running = try journal.cycle("c-1")
    #expect(running.record == cycle("c-1") && running.result == nil)
    try journal.finishCycle(
      id: "c-1", executed: 1, failed: 2, skipped: 3, durationMs: 4.5, healthAfter: nil, notes: ["a", "b"])
    let result = try #require(try journal.cycle("c-1").result)
    #expect(
      (result.executed, result.failed, result.skipped, result.durationMs) == (1, 2, 3, 4.5)
        && result.healthAfter == nil && result.notes == ["a", "b"])
  }

  @Test func thePaceOfCyclesIsReadWithoutThem() throws {
    let journal = try journal()
    #expect(try journal.paces(limit: 2).isEmpty)
    for number in 1...3 { try journal.begin(cycle("c-\(number)", at: Double(number))) }
    try journal.finishCycle(
      id: "c-2", executed: 0, failed: 0, skipped: 0, durationMs: 250, healthAfter: nil, notes: [])
    let whole = try journal.cycles(CycleFilter(limit: 2)).map(\.record)
    let paces = try journal.paces(limit: 2)
    #expect(paces.map(\.seconds) == [nil, 0.25], "the newest is under way")
    #expect(paces.map(\.startedAt) == whole.map(\.startedAt) && paces.map(\.traceID) == whole.map(\.traceID))
  }

  @Test func aPolicysTextIsKeptOnceForAllItsCycles() throws {
    let journal = try journal()
    try journal.begin(cycle("c-1"), policyText: "rules: []")
    try journal.begin(cycle("c-2"), policyText: "rules: []")
    #expect(try self.journal().policyText(hash: "abc") == "rules: []")
    #expect(try journal.policyText(hash: "abd") == nil)
  }

  @Test func theBeginningOfAnIdIsEnoughWhenOnlyOneBeginsSo() throws {
    let journal = try journal()
    for id in ["d-abc", "d-abd", "d-a", "e%1"] { try intend(journal, id) }
    #expect(try journal.decision("d-abc").id == "d-abc")
    #expect(try journal.decision("d-a").id == "d-a", "the exact id wins")
    #expect(try journal.decision("e").id == "e%1")
    let error = #expect(throws: DSLError.self) { try journal.decision("d-ab") }
    #expect(error?.code == .invalidInput && error?.message.contains("d-abc, d-abd") == true)
    #expect(#expect(throws: DSLError.self) { try journal.decision("%") }?.code == .notFound)
  }

  @Test func smallStateIsRememberedAndForgotten() throws {
    let journal = try journal()
    #expect(try journal.state("pause") == nil)
    try journal.setState("pause", ["until": 1])
    try journal.setState("pause", ["until": 2])
    #expect(try self.journal().state("pause") == ["until": 2])
    try journal.setState("pause", .null)
    #expect(try journal.state("pause") == nil)
  }
}
