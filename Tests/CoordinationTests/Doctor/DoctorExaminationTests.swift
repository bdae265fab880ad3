import Coordination
import DSLBase
import Glibc
import Testing

@Suite struct DoctorExaminationTests {
  private let world: TemporaryDirectory
  private let directory: CoordinationDirectory
  /// Two hours after the files are made, so that what lies around is old.
  private let time = ManualTime(Timestamp(seconds: Double(Glibc.time(nil)) + 7200))

  init() throws {
    world = try TemporaryDirectory()
    directory = CoordinationDirectory(path: world.path, files: PosixFileSystem())
  }

  private var examination: DoctorExamination {
    DoctorExamination(directory, limits: RecordLimits(), time: time, seed: 1, assumedOffset: 0)
  }

  private func facts() throws -> DoctorFacts {
    var facts = try examination.facts(engineActs: false)
    // How full the disk of the machine that tests is, is not the test's business.
    facts.space = nil
    return facts
  }

  private func ids() throws -> [String] { Diagnosis.findings(try facts()).map(\.id) }

  private func put(_ name: String, _ text: String) throws {
    try directory.files.write("\(directory.path)/\(name)", Array(text.utf8), exclusive: true)
  }

  @Test func aCleanDirectoryHasNoFindings() throws {
    let queue = try WorkQueue(directory: directory, time: time, seed: 1, access: .readWrite)
    _ = try queue.add([NewWorkItem(id: "w", fields: [:])])
    try Journal(directory: directory, access: .readWrite).setState("x", 1)
    try put("agent_a.json", #"{"id":"a","status":"active","last_heartbeat":"\#(time.now)"}"#)
    #expect(try ids() == [])
    #expect(try facts().journal?.store != nil && facts().queue != nil)
  }

  @Test func whatLiesAroundIsFound() throws {
    try put(".work_w.json.77-1.tmp", "{")
    try put("work_claims.json.lock", "4242")
    try put("work_w.json", #"{"id":"w"}"#)
    try put("completed_w.json", #"{"id":"completed_w","work_id":"w"}"#)
    try put("work_1.json", #"{"id":"work_1"}"#)
    try put("completed_1.json", #"{"id":"completed_1"}"#)
    try put("work_torn.json", #"{"id":"#)
    try put("agent_a.json", #"{"id":"a","status":"active","last_heartbeat":"2025-06-16T00:00:00Z"}"#)
    #expect(try facts().duplicates == ["w"], "the original counts what is finished anew")
    #expect(
      try Set(ids()) == ["temp-files", "stale-locks", "duplicate-ids", "unreadable-records", "silent-agents"])
  }

  @Test func lookingChangesNothing() throws {
    try put(".work_w.json.77-1.tmp", "{")
    _ = try facts()
    #expect(try directory.files.status(directory.state) == nil)
    #expect(try directory.files.status(directory.path + "/.work_w.json.77-1.tmp") != nil)
  }

  @Test func tempsAreMovedNotRemoved() throws {
    try put(".work_w.json.77-1.tmp", "half")
    let facts = try facts()
    let moves = try examination.moves(facts)
    #expect(try directory.files.status(directory.state) == nil, "nothing is done before it is noted")
    #expect(try examination.mend(facts, moves).count == 1)
    #expect(moves.count == 1)
    #expect(try ids() == [])
    let path = directory.path + "/" + (try #require(moves.first).to)
    #expect(try directory.files.read(path, limit: 10) == Array("half".utf8))
  }

  private func mended(_ text: String) throws -> [DoctorMove] {
    try put(".work_w.json.77-1.tmp", text)
    let facts = try facts()
    let moves = try examination.moves(facts)
    _ = try examination.mend(facts, moves)
    return moves
  }

  @Test func tempsOfOneNameDoNotReplaceEachOther() throws {
    let first = try mended("one")
    let second = try mended("two")
    #expect(first.map(\.to) == [".dsl/quarantine/temps/.work_w.json.77-1.tmp"])
    #expect(second.map(\.to) == [".dsl/quarantine/temps/.work_w.json.77-1.tmp-2"])
    #expect(try directory.files.read("\(directory.path)/\(first[0].to)", limit: 10) == Array("one".utf8))
  }

  @Test func whatWasMovedIsMovedBackWhereThePlaceIsFree() throws {
    let moves = try mended("half")
    let noted = moves.compactMap { DoctorMove(json: $0.json) }
    #expect(noted == moves)
    let place = directory.path + "/.work_w.json.77-1.tmp"
    try put(".work_w.json.77-1.tmp", "new")
    let refused = #expect(throws: DSLError.self) { try examination.moveBack(noted) }
    #expect(refused?.code == .conflict && refused?.message.contains(place) == true)
    #expect(try directory.files.read(place, limit: 10) == Array("new".utf8))
    try directory.files.remove(place)
    #expect(try examination.moveBack(noted).count == 1)
    #expect(try directory.files.read(place, limit: 10) == Array("half".utf8))
    #expect(try examination.moveBack(noted) == [], "what was never moved, or is back, is left")
    try directory.files.remove(place)
    #expect(try examination.moveBack(noted).first?.hasSuffix("is gone") == true)
  }

  @Test func movesLeadNowhereElse() {
    for (from, to) in [("/etc/passwd", "a"), ("a", "../b"), ("x/../../y", "b")] {
      #expect(DoctorMove(json: ["from": .string(from), "to": .string(to)]) == nil)
    }
  }

  @Test func restoresThatWereKilledAreTold() throws {
    let parent = try TemporaryDirectory()
    let place = CoordinationDirectory(path: parent.path + "/the co", files: directory.files)
    let look = {
      var facts = try DoctorExamination(place, limits: RecordLimits(), time: time, seed: 1, assumedOffset: 0)
        .facts(engineActs: nil)
      facts.space = nil
      return Diagnosis.findings(facts)
    }
    // No process has a number beyond PID_MAX_LIMIT, 2^22; this one lives.
    let dead = place.path + ".restoring-20260101T000000Z-4194305-1"
    for path in [
      place.path, dead, place.path + ".restoring-20260101T000000Z-\(getpid())",
      place.path + ".replaced-20260101T000000Z", place.path + ".restoring-mine",
      parent.path + "/other.restoring-1-4194305",
    ] { try directory.files.makeDirectory(path) }
    let found = try look()
    #expect(found.map(\.id) == ["unfinished-restores"])
    #expect(found.first?.fix == "rm -r -- '\(dead)'", "\(found)")
    try directory.files.removeDirectory(dead)
    #expect(try look().isEmpty)
    let half = place.path + ".replaced-20260101T000000Z-new"
    try directory.files.makeDirectory(half)
    #expect(try look().first?.fix == "rm -r -- '\(half)'")
    try directory.files.removeDirectory(place.path)
    let gone = try look()
    #expect(gone.map(\.id) == ["half-restored"])
    #expect(gone.first?.fix == "mv -T '\(half)' '\(place.path)'")
  }

  @Test func youngTempsAreSomebodys() throws {
    try put(".work_w.json.77-1.tmp", "{")
    time.step(to: Timestamp(seconds: Double(Glibc.time(nil)) + 5))
    #expect(try ids() == [])
  }

  @Test func journalAndDirectoryOutOfStep() throws {
    let journal = try Journal(directory: directory, access: .readWrite)
    try journal.begin(
      CycleRecord(
        id: "c", startedAt: time.now, backend: "files", engineVersion: "1", policyName: "p", policyHash: "h",
        seed: 1, settings: [:], observation: [:], metrics: [:], traceID: nil, dryRun: false, epoch: 0))
    for id in ["d-1", "d-2"] {
      try journal.intend(
        [:], id: id, cycle: "c", type: "scale_up", target: "fleet", direction: "up",
        steps: [["action": "start_agent", "target": "gone"]], at: time.now)
    }
    try journal.performed(decision: "d-1", step: 0, receipt: 1, at: time.now)
    try journal.finish(decision: "d-1", outcome: .executed, message: "", durationMs: 1, at: time.now)
    #expect(try ids() == ["half-done", "agents-without-record"])
  }

  @Test func aMissingDirectoryIsAFinding() throws {
    let nowhere = CoordinationDirectory(path: "/nowhere/at/all", files: directory.files)
    let facts = try DoctorExamination(
      nowhere, limits: RecordLimits(), time: time, seed: 1, assumedOffset: 0
    ).facts(engineActs: nil)
    #expect(Diagnosis.findings(facts).map(\.id) == ["no-directory"])
  }
}
