import Coordination
import DSLBase
import Testing

@Suite struct DiagnosisTests {
  private static let now = Timestamp(seconds: 1_790_000_000)

  private static func healthy() -> DoctorFacts {
    var snapshot = DirectorySnapshot(at: now)
    snapshot.agents = [agent("a", heard: 5)]
    var facts = DoctorFacts(path: "c", snapshot: snapshot)
    facts.space = .init(freeBytes: 50, totalBytes: 100, freeInodes: 50, totalInodes: 100)
    facts.journal = .init()
    facts.queue = .init()
    facts.engineActs = false
    return facts
  }

  private static func store(_ mode: StoreMode, log: Int64) -> StoreInfo {
    StoreInfo(
      path: "c/.dsl/journal.sqlite", bytes: 1, logBytes: log, freeBytes: 0, schemaVersion: 1, knownVersion: 1,
      mode: mode, rows: [])
  }

  private static func agent(_ id: String, heard age: Double?) -> AgentRecord {
    var agent = AgentRecord(id: id, status: .active)
    agent.heartbeat = age.map { now.adding(seconds: -$0) }
    return agent
  }

  @Test func aHealthyDirectoryHasNoFindings() { #expect(Diagnosis.findings(Self.healthy()).isEmpty) }

  private struct Fault: Sendable {
    var id: String
    var severity: DoctorFinding.Severity
    var evidence: String
    var plant: @Sendable (inout DoctorFacts) -> Void
  }

  private static let faults: [Fault] =
    [
      Fault(
        id: "silent-agents", severity: .warning,
        evidence: "44 agents registered as up, 0 heartbeats within the hour"
      ) {
        $0.snapshot.agents = (0..<44).map { agent("a\($0)", heard: $0 == 0 ? nil : 3601) }
      },
      Fault(id: "clock-skew", severity: .warning, evidence: "from the future: z") {
        $0.snapshot.agents = [agent("z", heard: -61)]
      },
      Fault(id: "no-directory", severity: .error, evidence: "c does not exist") {
        $0.snapshot.state = .missing
      },
      Fault(id: "no-directory", severity: .error, evidence: "not a directory") {
        $0.snapshot.state = .notADirectory
      },
      Fault(id: "no-access", severity: .error, evidence: "denied") {
        $0.snapshot.state = .unreadable("denied")
      },
      Fault(id: "not-writable", severity: .error, evidence: "no engine can act") {
        $0.isWritable.directory = false
      },
      Fault(id: "not-writable", severity: .error, evidence: "c/.dsl") { $0.isWritable.state = false },
      Fault(id: "unreadable-records", severity: .error, evidence: "1 record cannot be read: f: torn") {
        $0.snapshot.problems = [RecordProblem(file: "f", reason: "torn")]
        $0.snapshot.problemCount = 1
      },
      Fault(id: "duplicate-ids", severity: .error, evidence: "w1") { $0.duplicates = ["w1"] },
      Fault(id: "temp-files", severity: .warning, evidence: "5 temps of dead writers: 0, 1, 2 and 2 more") {
        $0.temps = (0..<5).map(String.init)
      },
      Fault(id: "stale-locks", severity: .warning, evidence: "x.lock") { $0.oldLocks = ["x.lock"] },
      Fault(id: "future-files", severity: .warning, evidence: "f.json") { $0.futureFiles = ["f.json"] },
      Fault(id: "disk-nearly-full", severity: .warning, evidence: "4 of 100 bytes") {
        $0.space?.freeBytes = 4
      },
      Fault(id: "disk-nearly-full", severity: .error, evidence: "0 of 100 bytes") { $0.space?.freeBytes = 0 },
      Fault(id: "inodes-nearly-gone", severity: .error, evidence: "0 of 100 inodes") {
        $0.space?.freeInodes = 0
      },
      Fault(id: "large-spans", severity: .warning, evidence: "300 MiB") { $0.spanBytes = 300 << 20 },
      Fault(id: "expired-claims", severity: .warning, evidence: "2 claims") { $0.queue?.expired = 2 },
      Fault(id: "orphaned-claims", severity: .warning, evidence: "1 of a") {
        $0.queue?.orphaned = ["1 of a"]
      },
      Fault(id: "unwritten-results", severity: .warning, evidence: "3 finished items") {
        $0.queue?.unprojected = 3
      },
      Fault(id: "half-done", severity: .warning, evidence: "d-1") { $0.journal?.unfinished = ["d-1"] },
      Fault(id: "half-undone", severity: .warning, evidence: "d-2") { $0.journal?.undoing = "d-2" },
      Fault(id: "agents-without-record", severity: .warning, evidence: "a7") {
        $0.journal?.startedWithoutRecord = ["a7"]
      },
      Fault(id: "no-shared-memory", severity: .warning, evidence: "no shared memory") {
        $0.journal?.store = store(.rollback, log: 0)
      },
      Fault(id: "large-log", severity: .warning, evidence: "65 MiB") {
        $0.journal?.store = store(.log, log: 65 << 20)
      },
      Fault(id: "unfinished-restores", severity: .warning, evidence: "2 trees") {
        $0.stagedRestores = ["c.restoring-1"]
        $0.halfRestores = ["c.replaced-1-new"]
      },
      Fault(id: "half-restored", severity: .error, evidence: "between its two renames") {
        $0.snapshot.state = .missing
        $0.halfRestores = ["c.replaced-1-new"]
      },
      Fault(id: "newer-schema", severity: .error, evidence: "newer: 9") {
        $0.failures = [DSLError(.unsupported, "newer", cause: "9")]
      },
      Fault(id: "unreadable-state", severity: .error, evidence: "torn") {
        $0.failures = [DSLError(.corrupt, "torn")]
      },
      Fault(id: "configuration", severity: .error, evidence: "unknown key") {
        $0.configuration = [DSLError(.invalidInput, "unknown key")]
      },
    ]

  @Test(arguments: faults.indices) func aPlantedFaultIsTheOnlyFinding(number: Int) throws {
    let fault = Self.faults[number]
    var facts = Self.healthy()
    fault.plant(&facts)
    let found = Diagnosis.findings(facts)
    #expect(found.map(\.id) == [fault.id])
    let first = try #require(found.first)
    #expect(first.severity == fault.severity && first.evidence.contains(fault.evidence), "\(first)")
    #expect(!first.fix.isEmpty)
  }

  @Test func whatAnEngineIsDoingIsNoFault() {
    var facts = Self.healthy()
    facts.engineActs = true
    facts.journal?.unfinished = ["d-1"]
    facts.journal?.undoing = "d-2"
    facts.queue?.unprojected = 4
    #expect(Diagnosis.findings(facts).isEmpty)
  }

  @Test func aLogWithinItsBoundsIsNoFault() {
    var facts = Self.healthy()
    facts.journal?.store = Self.store(.log, log: 64 << 20)
    #expect(Diagnosis.findings(facts).isEmpty)
  }

  @Test func errorsComeFirst() {
    var facts = Self.healthy()
    facts.temps = ["t"]
    facts.space?.freeInodes = 0
    #expect(Diagnosis.findings(facts).map(\.severity) == [.error, .warning])
  }
}
