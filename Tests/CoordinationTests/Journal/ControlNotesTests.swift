import DSLBase
import Glibc
import Testing

@testable import Coordination

/// What people note in the journal: approvals and pauses; and the file that stops everything.
@Suite struct ControlNotesTests {
  private let world: TemporaryDirectory
  private let directory: CoordinationDirectory
  private let time = ManualTime()

  init() throws {
    world = try TemporaryDirectory()
    directory = CoordinationDirectory(path: world.path, files: PosixFileSystem())
  }

  private func journal() throws -> Journal { try Journal(directory: directory, access: .readWrite) }

  private func approval(_ id: String, _ status: String = "approved") -> StoredApproval {
    StoredApproval(
      id: id, subject: "s", status: status, isOpen: true, reason: "", createdAt: time.now,
      expiresAt: time.now.adding(seconds: 60), usedBy: nil, document: ["a": 1])
  }

  @Test func anApprovalIsUsedOnceByTheIntentOfItsDecision() throws {
    let journal = try journal()
    try journal.save([approval("p-1"), approval("p-2", "rejected")], at: time.now)
    func intend(_ decision: String, with approval: String) throws {
      try journal.intend(
        [:], id: decision, cycle: "c-1", type: "t", target: "fleet", direction: "", steps: [],
        approval: approval, at: time.now)
    }
    try intend("d-1", with: "p-1")
    #expect(try journal.decision("d-1").approval == "p-1")
    let used = try journal.approval("p-1")
    #expect(used.status == "used" && !used.isOpen && used.usedBy == "d-1")
    for (decision, approval) in [("d-2", "p-1"), ("d-3", "p-2")] {
      let error = #expect(throws: DSLError.self) { try intend(decision, with: approval) }
      #expect(error?.code == .conflict)
      #expect(throws: DSLError.self, "nothing of it is kept") { try journal.decision(decision) }
    }
    #expect(try journal.approvals(onlyOpen: true).map(\.id) == ["p-2"])
    #expect(try journal.verifyChain()?.faults == [])
  }

  @Test func anApprovalIsFoundByItsBeginningOrItsDecision() throws {
    let journal = try journal()
    try journal.save([approval("p-abc"), approval("p-abd"), approval("p-a")], at: time.now)
    #expect(try journal.approval("d-abc").id == "p-abc")
    #expect(try journal.approval("p-a").id == "p-a", "the exact id wins")
    #expect(#expect(throws: DSLError.self) { try journal.approval("p-ab") }?.code == .invalidInput)
    #expect(#expect(throws: DSLError.self) { try journal.approval("x") }?.code == .notFound)
    #expect(#expect(throws: DSLError.self) { try journal.approval("") }?.code == .notFound)
  }

  @Test func aPauseEndsByItselfOnTheClockThatNobodySets() throws {
    let journal = try journal()
    let pause = try journal.pause(seconds: 600, by: "alice", reason: "a move", time)
    #expect(pause.until == time.now.adding(seconds: 600))
    time.step(to: time.now.adding(seconds: 86_400))
    #expect(pause.left(time) == 600, "a wall clock that is set ends it not")
    time.step(to: time.now.adding(seconds: -2 * 86_400))
    #expect(pause.left(time) == 600, "nor prolongs it")
    time.advance(seconds: 599)
    #expect(try journal.lastPause()?.left(time) == 1)
    time.advance(seconds: 1)
    #expect(try journal.lastPause()?.left(time) == nil)
    #expect(#expect(throws: DSLError.self) { try journal.resume(by: "bob", time) }?.code == .invalidState)
  }

  @Test func afterARestartOfTheMachineTheWallClockCounts() throws {
    let journal = try journal()
    let pause = try journal.pause(seconds: 600, by: "alice", reason: "", time)
    time.reboot(origin: "another boot")
    time.advance(seconds: 100)
    #expect(pause.left(time) == 500)
    time.step(to: time.now.adding(seconds: 500))
    #expect(pause.left(time) == nil)
  }

  @Test func aPauseCanBeEndedAndReplaced() throws {
    let journal = try journal()
    _ = try journal.pause(seconds: 600, by: "alice", reason: "", time)
    let second = try journal.pause(seconds: 10, by: "bob", reason: "shorter", time)
    #expect(second.number == 2 && second.left(time) == 10)
    let ended = try journal.resume(by: "carol", time)
    #expect(ended.endedBy == "carol" && ended.left(time) == nil)
    #expect(try journal.verifyChain()?.faults == [])
  }

  @Test func theKillSwitchIsAFileThatSaysWhy() throws {
    try directory.files.makeDirectory(directory.state)
    let both = KillSwitch(directory, path: "halt")
    #expect(both.reason() == nil)
    try directory.files.write(directory.path + "/halt", [], exclusive: true)
    #expect(both.reason() == directory.path + "/halt")
    #expect(KillSwitch(directory, path: nil).reason() == nil)
    try directory.files.write(directory.state + "/STOP", Array(" fire\nin the  rack ".utf8), exclusive: true)
    #expect(both.reason() == "fire in the rack (\(directory.state)/STOP)")
    #expect(KillSwitch(directory, path: "/nowhere/at/all").reason()?.hasPrefix("fire") == true)
  }

  @Test func whoCannotTellStops() throws {
    // A path through a link that leads to itself cannot be looked at.
    #expect(symlink("loop", directory.path + "/loop") == 0)
    #expect(KillSwitch(directory, path: "loop/STOP").reason()?.contains("cannot be looked at") == true)
    try directory.files.makeDirectory(directory.state)
    #expect(symlink("nowhere", directory.state + "/STOP") == 0)
    #expect(KillSwitch(directory, path: nil).reason() == directory.state + "/STOP", "any entry counts")
  }
}
