import Coordination
import DSLBase
import GRDB
import Testing

@Suite struct LedgerTests {
  private let world: TemporaryDirectory
  private let directory: CoordinationDirectory
  private let start = Timestamp(seconds: 1_790_000_000)

  init() throws {
    world = try TemporaryDirectory()
    directory = CoordinationDirectory(path: world.path, files: PosixFileSystem())
  }

  private func entry(_ number: Int, _ outcome: String = "hit") -> LedgerEntry {
    LedgerEntry(
      decision: "d-\(number)", type: "scale_up", rule: "r", target: "fleet", confidence: 0.1 + 0.2,
      outcome: outcome, reason: "", metric: "active_agents", madeAt: start.adding(seconds: Double(number)),
      judgedAt: start.adding(seconds: Double(number) + 60))
  }

  @Test func entriesOutliveTheProcessAndTheirDecisions() throws {
    let writer = try Journal(directory: directory, access: .readWrite)
    for number in 0..<3 { try writer.enter(entry(number, number == 1 ? "miss" : "hit")) }
    let later = start.adding(seconds: 1e9)
    _ = try writer.prune(
      JournalRetention(idleBefore: later, allBefore: later, undoableSince: later, limit: 1000), now: later)
    let reader = try #require(try Journal.openForReading(directory))
    #expect(try reader.ledger(latest: 10) == [entry(0), entry(1, "miss"), entry(2)], "to the last bit")
    #expect(try reader.ledger(latest: 2).map(\.decision) == ["d-1", "d-2"])
  }

  @Test func theFirstEntryOfADecisionHolds() throws {
    let journal = try Journal(directory: directory, access: .readWrite)
    try journal.enter(entry(0, "unknown"))
    try journal.enter(entry(0, "hit"))
    #expect(try journal.ledger(latest: 10).map(\.outcome) == ["unknown"])
  }

  @Test func itIsBounded() throws {
    let journal = try Journal(directory: directory, access: .readWrite)
    try journal.pruneLedger(keeping: 4)
    for number in 0..<10 { try journal.enter(entry(number)) }
    try journal.pruneLedger(keeping: 4)
    #expect(try journal.ledger(latest: 100).map(\.decision) == ["d-6", "d-7", "d-8", "d-9"])
    try journal.pruneLedger(keeping: 4)
    #expect(try journal.ledger(latest: 100).count == 4)
    let report = try #require(try journal.verifyChain())
    #expect(report.faults == [] && !report.uncovered.contains("ledger") && report.pruned.gaps == 1)
  }

  @Test(arguments: [
    "outcome='hit'", "confidence=0.31", "rule='s'", "judged_ns=judged_ns+1", "made_ns=0", "metric='x'",
    "type='optimize'", "target='x'", "reason='x'", "decision='d-9'",
  ])
  func whatIsEditedIsFound(change: String) throws {
    let journal = try Journal(directory: directory, access: .readWrite)
    for number in 0..<3 { try journal.enter(entry(number, "miss")) }
    #expect(try journal.verifyChain()?.faults == [])
    try DatabaseQueue(path: directory.journal).inDatabase { db in
      try db.execute(sql: "UPDATE ledger SET \(change) WHERE seq=2")
    }
    #expect(try journal.verifyChain()?.faults.map(\.ref) == ["ledger-2"])
  }
}
