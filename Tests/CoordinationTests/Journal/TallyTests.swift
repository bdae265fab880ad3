import DSLBase
import GRDB
import Testing

@testable import Coordination

@Suite struct TallyTests {
  private let world: TemporaryDirectory
  private let directory: CoordinationDirectory

  init() throws {
    world = try TemporaryDirectory()
    directory = CoordinationDirectory(path: world.path, files: PosixFileSystem())
  }

  private func cycle(_ id: String, at seconds: Double) -> CycleRecord {
    CycleRecord(
      id: id, startedAt: Timestamp(nanoseconds: 0).adding(seconds: seconds), backend: "files",
      engineVersion: "1", policyName: "p", policyHash: "h", seed: 1, settings: [:], observation: [:],
      metrics: [:], traceID: "", dryRun: false, epoch: 0)
  }

  private func end(_ journal: Journal, _ id: String, _ tally: [TallyEntry]) throws {
    try journal.finishCycle(
      id: id, executed: 0, failed: 0, skipped: 0, durationMs: 1, healthAfter: nil, notes: [], tally: tally)
  }

  @Test func countsGrowAndOutliveWhatTheyCount() throws {
    let journal = try Journal(directory: directory, access: .readWrite)
    #expect(try journal.tally() == [])
    for number in 1...3 {
      try journal.begin(cycle("c-\(number)", at: Double(number)))
      try end(
        journal, "c-\(number)", [TallyEntry("cycles"), TallyEntry("decisions", ["a\"b", "x"], 2)])
    }
    let now = Timestamp(nanoseconds: 0).adding(seconds: 100)
    _ = try journal.prune(
      JournalRetention(idleBefore: now, allBefore: now, undoableSince: now, limit: 100), now: now)
    #expect(try journal.cycles(CycleFilter(limit: 9)).isEmpty)
    let counted = [TallyEntry("cycles", [], 3), TallyEntry("decisions", ["a\"b", "x"], 6)]
    #expect(try Journal.openForReading(directory)?.tally() == counted)
    #expect(try journal.verifyChain()?.faults == [])
  }

  @Test func aCycleThatIsNotThereCountsNothing() throws {
    let journal = try Journal(directory: directory, access: .readWrite)
    #expect(throws: DSLError.self) { try end(journal, "c-9", [TallyEntry("cycles")]) }
    #expect(try journal.tally() == [])
  }

  /// The counts begin with what a journal of an older program has.
  @Test func anOlderJournalIsCounted() throws {
    try directory.files.makeDirectory(directory.state)
    let old = try DatabaseQueue(path: directory.journal)
    try JournalSchema.migrations.migrate(old, upTo: "7 ledger of predictions")
    try old.inDatabase { db in
      for (number, outcome) in ["executed", "executed", "undone_after_failure", "failed"].enumerated() {
        try db.execute(
          sql: """
            INSERT INTO decisions (id, cycle, type, target, direction, decision, at_ns, outcome)
            VALUES (?, 'c', 'restart', 'f', '', '{}', 0, ?)
            """, arguments: ["d-\(number)", outcome])
      }
      try db.execute(sql: "PRAGMA user_version=7")
    }
    try old.close()
    let counted = [
      TallyEntry("decisions", ["restart", "executed"], 2), TallyEntry("decisions", ["restart", "failed"], 2),
    ]
    #expect(try Journal.openForReading(directory)?.tally() == counted)
    #expect(try Journal(directory: directory, access: .readWrite).tally() == counted)
  }
}
