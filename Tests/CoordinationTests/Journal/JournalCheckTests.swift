import Coordination
import DSLBase
import Testing

@Suite struct JournalCheckTests {
  private let world: JournalWorld

  init() throws {
    world = try JournalWorld()
    try world.cycle("c-0", at: 0)
    try world.decision("d-0", cycle: "c-0", at: 0)
    try world.decision("d-1", cycle: "c-0", at: 1)
    try world.undo("d-1", at: 2)
    try world.journal.verified(decision: "d-0", ["verdict": "met"])
  }

  @Test func aWholeJournalHasNoFindings() throws { #expect(try world.journal.check().isEmpty) }

  @Test func everyOutcomeIsKnown() throws {
    let outcomes: [DecisionOutcome] = [.executed, .failed, .undoneAfterFailure, .nothingToDo, .stopped]
    for (number, outcome) in outcomes.enumerated() {
      try world.decision("d-1\(number)", cycle: "c-0", at: 3, outcome: outcome)
    }
    // What was done of one that was stopped half way can be undone.
    try world.undo("d-14", at: 4)
    #expect(try world.journal.check().isEmpty)
  }

  /// A fault each, and what it is called.
  private static let faults: [(sql: String, id: String, severity: JournalFinding.Severity, example: String)] =
    [
      ("UPDATE steps SET receipt=NULL WHERE decision='d-0'", "step-without-receipt", .error, "d-0 step 0"),
      ("UPDATE steps SET number=3 WHERE decision='d-0'", "missing-step", .error, "d-0"),
      (
        "UPDATE decisions SET gate='budget', outcome='refused' WHERE id='d-0'", "refused-with-steps", .error,
        "d-0"
      ),
      ("UPDATE decisions SET outcome='lost' WHERE id='d-0'", "unknown-outcome", .error, "d-0"),
      ("UPDATE steps SET step='{' WHERE decision='d-1'", "unreadable-json", .error, "step 0 of d-1"),
      (
        "INSERT INTO undo SELECT NULL, decision, at_ns, asked_by, outcome, reason, steps, epoch FROM undo",
        "undone-twice", .error, "d-1"
      ),
      ("UPDATE steps SET decision='d-9' WHERE decision='d-0'", "orphan-step", .error, "d-9"),
      ("UPDATE undo SET decision='d-9'", "orphan-undo", .error, "d-9"),
      ("UPDATE verifications SET decision='d-9'", "orphan-verdict", .error, "d-9"),
      ("UPDATE decisions SET cycle='c-9' WHERE id='d-1'", "decision-without-cycle", .error, "d-1"),
      ("UPDATE decisions SET outcome=NULL WHERE id='d-0'", "unfinished", .warning, "d-0"),
      ("UPDATE decisions SET finished_ns=at_ns-1 WHERE id='d-0'", "ended-before-it-began", .warning, "d-0"),
    ]

  @Test(arguments: faults.indices) func aPlantedFaultIsNamed(number: Int) throws {
    let fault = Self.faults[number]
    try world.damage(fault.sql)
    let found = try #require(try world.journal.check().first { $0.id == fault.id }, "\(fault.id)")
    #expect(found.severity == fault.severity && found.count == 1 && found.examples == [fault.example])
  }

  @Test func aClockThatWasSetBackIsNoticed() throws {
    try world.cycle("c-1", at: -60)
    #expect(try world.journal.check().map(\.id) == ["clock-set-back"])
  }

  @Test func aTornFileIsDamaged() throws {
    for number in 1..<200 { try world.cycle("c-\(number)", at: Double(number)) }
    try world.journal.compact()
    var bytes = try world.directory.files.read(world.directory.journal, limit: 1 << 24)
    for page in 6..<12 {
      bytes.replaceSubrange(page * 4096..<page * 4096 + 512, with: repeatElement(0x5A, count: 512))
    }
    let torn = CoordinationDirectory(path: world.temporary.path + "/torn", files: world.directory.files)
    try torn.files.makeDirectory(torn.path)
    try torn.files.makeDirectory(torn.state)
    try torn.files.write(torn.journal, bytes, exclusive: true)
    let journal = try #require(try Journal.openForReading(torn))
    let ids: [String]
    do { ids = try journal.check().map(\.id) } catch { ids = [error.code.rawValue] }
    #expect(ids == ["damaged-file"] || ids == ["corrupt"], "\(ids)")
  }
}
