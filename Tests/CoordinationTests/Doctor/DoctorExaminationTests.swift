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
    let (done, moved) = try examination.mend(try facts())
    #expect(done.count == 1 && moved.count == 1)
    #expect(try ids() == [])
    let path = try #require(moved.first).to
    #expect(try directory.files.read(path, limit: 10) == Array("half".utf8))
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
