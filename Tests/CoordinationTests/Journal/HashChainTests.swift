import DSLBase
import FoundationEssentials
import GRDB
import Testing

@testable import Coordination

/// The journal's hash chain: whatever is changed behind the engine's back is found and named.
@Suite struct HashChainTests {
  private let world: TemporaryDirectory
  private let directory: CoordinationDirectory
  private let start = Timestamp(seconds: 1_790_000_000)

  init() throws {
    world = try TemporaryDirectory()
    directory = CoordinationDirectory(path: world.path, files: PosixFileSystem())
  }

  private func cycle(_ id: String, at offset: Double) -> CycleRecord {
    CycleRecord(
      id: id, startedAt: start.adding(seconds: offset), backend: "files", engineVersion: "1.0",
      policyName: "default", policyHash: "abc", seed: 1, settings: ["max": 3], observation: ["n": 1],
      metrics: ["health_score": 0.25], traceID: "4bf92f3577b34da6a3ce929d0e0e4736", dryRun: false, epoch: 7)
  }

  /// A journal in which every column of every table that the chain covers has a value somewhere.
  private func fill(_ journal: Journal) throws {
    for number in 0..<3 {
      try journal.begin(cycle("c-\(number)", at: Double(number)), policyText: "rules: []")
      try journal.finishCycle(
        id: "c-\(number)", executed: 1, failed: 2, skipped: 3, durationMs: 4.5, healthAfter: 0.5, notes: ["a"]
      )
    }
    func intend(_ id: String, approval: String? = nil) throws {
      try journal.intend(
        ["id": .string(id)], id: id, cycle: "c-1", type: "scale_up", target: "fleet", direction: "up",
        steps: [["action": "start_agent"], ["action": "note"]], approval: approval, at: start)
    }
    try intend("d-1")
    for step in 0..<2 { try journal.performed(decision: "d-1", step: step, receipt: ["pid": 4], at: start) }
    try journal.finish(decision: "d-1", outcome: .executed, message: "done", durationMs: 12.5, at: start)
    let undone = [UndoneStep(step: 0, result: "busy")]
    try journal.undone(
      decision: "d-1", steps: undone, outcome: .refused, reason: "busy", at: start, by: "rollback")
    try journal.verified(decision: "d-1", ["verdict": "met"])
    let refused = ["d-2", "d-3"].map { id in
      RefusedDecision(
        decision: ["id": .string(id)], id: id, cycle: "c-2", type: "optimize", target: "fleet", at: start,
        gate: "confidence", reason: "too unsure", observed: 0.4, required: 0.7)
    }
    try journal.refused(refused)
    // What was refused may be carried out later, under the same id.
    let approval = StoredApproval(
      id: "p-1", subject: "s", status: "approved", isOpen: true, reason: "r", createdAt: start,
      expiresAt: start, usedBy: nil, document: [:])
    try journal.save([approval], at: start)
    try intend("d-3", approval: "p-1")
    try pauseTwice(journal)
    try journal.setState("mark", ["a": 1])
    try journal.setState("gone", ["a": 1])
    try journal.setState("gone", .null)
  }

  /// Two pauses, of which the second ended the first.
  private func pauseTwice(_ journal: Journal) throws {
    let time = ManualTime()
    for _ in 0..<2 { _ = try journal.pause(seconds: 60, by: "me", reason: "move", time) }
  }

  /// Makes a journal, changes its file by SQL, and checks it.
  private func check(_ sql: [String] = [], anchor: String? = nil) throws -> ChainReport {
    let name = "\(UUID().uuidString)"
    let place = CoordinationDirectory(path: "\(world.path)/\(name)", files: PosixFileSystem())
    try place.files.makeDirectory(place.path)
    try place.files.makeDirectory(place.state)
    try place.files.write(place.journal, try original(), exclusive: true)
    do {
      let raw = try DatabaseQueue(path: place.journal)
      try raw.writeWithoutTransaction { db in
        for statement in sql { try db.execute(sql: statement) }
        _ = try db.checkpoint(.truncate)
      }
    }
    return try #require(try Journal.openForReading(place)?.verifyChain(anchor: anchor))
  }

  /// The bytes of a filled journal, made once for each test.
  private func original() throws -> [UInt8] {
    if try directory.files.status(directory.journal) == nil {
      let journal = try Journal(directory: directory, access: .readWrite)
      try fill(journal)
      try journal.checkpoint()
    }
    return try directory.files.read(directory.journal, limit: 1 << 24)
  }

  /// The columns of a table, and a row for which each has a value: SQLite's row number.
  private func columns(of table: String) throws -> [String] {
    _ = try original()
    return try DatabaseQueue(path: directory.journal).read { db in try db.columns(in: table).map(\.name) }
  }

  @Test func aJournalAsItWasWrittenIsFine() throws {
    let report = try check()
    #expect(report.faults == [] && report.entries == 28 && report.pruned.gaps == 0)
    #expect(report.head?.count == 64)
    #expect(try check(anchor: report.head).anchor == 28)
    #expect(report.uncovered == ["leadership", "tally"])
  }

  /// Tables with what names a row, and whose the first row with a value in a column is.
  @Test(arguments: [
    ("policies", "hash", "abc"), ("cycles", "seq", "c-0"), ("decisions", "seq", "d-"), ("undo", "seq", "d-1"),
    ("verifications", "seq", "d-1"), ("state", "key", "mark"), ("steps", "decision || number", "d-1"),
    ("approvals", "seq", "p-1"), ("pauses", "seq", ""),
  ])
  func everyColumnIsCovered(table: String, key: String, owner: String) throws {
    for column in try columns(of: table) {
      let other = "CASE typeof(\(column)) WHEN 'text' THEN \(column) || 'x' ELSE \(column) + 900 END"
      let row = "(SELECT \(key) FROM \(table) WHERE \(column) IS NOT NULL LIMIT 1)"
      let report = try check(["UPDATE \(table) SET \(column) = \(other) WHERE \(key) = \(row)"])
      let fault = try #require(report.faults.first, "\(table).\(column)")
      #expect(fault.what.contains("edited") || fault.what.contains("deleted"), "\(table).\(column)")
      #expect(fault.ref.hasPrefix(owner), "\(table).\(column): \(fault.text)")
    }
  }

  @Test(arguments: ["seq", "kind", "ref", "part", "at_ns", "content", "hash"])
  func everyColumnOfAnEntryIsCovered(column: String) throws {
    let value = ["kind": "'cycle'", "ref": "'d-9'", "content": "zeroblob(32)", "hash": "zeroblob(32)"]
    let report = try check(["UPDATE chain SET \(column) = \(value[column] ?? "900") WHERE seq = 12"])
    #expect(report.faults.first?.entry.map { [12, 13].contains($0) } == true, "\(report.faults)")
  }

  /// What was done by SQL, and the words with which the first fault names it.
  @Test(arguments: [
    (["DELETE FROM cycles WHERE id='c-1'"], "entry 5 (cycle of c-1): was deleted"),
    (["DELETE FROM steps WHERE number=1 AND decision='d-1'"], "entry 9 (intent of d-1): was edited"),
    (["DELETE FROM verifications"], "entry 14 (verification of d-1): was deleted"),
    (["DELETE FROM decisions WHERE id='d-2'"], "entry 15 (intent of d-2): was deleted"),
    (["DELETE FROM chain WHERE seq=9"], "entry 10 (step of d-1): entry 9 is missing before it"),
    (["DELETE FROM chain WHERE seq IN (3, 4)"], "entry 5 (cycle of c-1): entries 3 to 4 are missing"),
    (
      [
        "INSERT INTO undo (seq, decision, at_ns, asked_by, outcome, reason, steps) VALUES (9, 'd-2', 1, 'me', 'reverted', '', '[]')"
      ],
      "undo of d-2: has no entry: put in by something else"
    ),
    (["UPDATE decisions SET outcome='executed' WHERE id='d-3'"], "entry 22 (outcome of d-3): was edited"),
    (
      [
        "UPDATE chain SET seq=-1 WHERE seq=10", "UPDATE chain SET seq=10 WHERE seq=11",
        "UPDATE chain SET seq=11 WHERE seq=-1",
      ], "entry 10 (step of d-1): does not follow from the entry before it"
    ),
    (["INSERT INTO chain_gaps VALUES (90, 91, x'00', x'00')"], "prune: a gap of 90 to 91 leads nowhere"),
  ])
  func whatWasDoneIsNamed(sql: [String], words: String) throws {
    let report = try check(sql)
    #expect(report.faults.first?.text.hasPrefix(words) == true, "\(report.faults.map(\.text))")
  }

  @Test func aCutTailIsFoundByAHeadThatWasKept() throws {
    let kept = try #require(try check().head)
    let cut = ["DELETE FROM chain WHERE seq > 25", "DELETE FROM state"]
    let unanchored = try check(cut)
    #expect(unanchored.faults.isEmpty, "nothing in the file itself can tell")
    let report = try check(cut, anchor: kept)
    #expect(report.faults.map(\.kind) == ["head"] && report.anchor == nil)
    #expect(report.faults[0].text.contains("cut off"))
  }

  private func prune(_ journal: Journal, idle: Double, all: Double) throws -> JournalPruned {
    var retention = JournalRetention(
      idleBefore: start.adding(seconds: idle), allBefore: start.adding(seconds: all),
      undoableSince: start.adding(seconds: 100), limit: 1000)
    retention.verdicts = 0
    return try journal.prune(retention, now: start.adding(seconds: 100))
  }

  /// What each entry of the chain is about, in order.
  private func entries(_ journal: Journal) throws -> [String] {
    var entries: [String] = []
    try journal.export(DecisionFilter(limit: .max)) {
      entries.append("\($0["kind"]?.string ?? "") \($0["ref"]?.string ?? "")")
    }
    return entries
  }

  @Test func whatRetentionRemovesIsNoFault() throws {
    let journal = try Journal(directory: directory, access: .readWrite)
    try fill(journal)
    let before = try #require(try journal.head())
    let whole = try entries(journal)
    for limit in [1.5, 2.5] {
      _ = try prune(journal, idle: limit, all: -10)
    }
    let report = try #require(try journal.verifyChain(anchor: before))
    #expect(report.faults == [] && report.anchor == 25)
    // c-1 and c-2 have decisions and stay. Each prune ends with two entries that take the place of those of the one before.
    let closing = ["prune ", "state pruned"]
    #expect(try entries(journal) == whole.filter { !$0.hasSuffix(" c-0") } + closing)
    #expect(report.pruned.entries == 2 + closing.count && report.pruned.gaps == 2)
    _ = try prune(journal, idle: 9, all: 9)
    let rest = try #require(try journal.verifyChain())
    #expect(rest.faults == [], "\(rest.faults.map(\.text))")
    // d-3 was begun and did not end: it stays, and its cycle with it.
    let forgotten = [" c-0", " c-2", " d-1", " d-2", " p-1"]
    let kept = whole.filter { entry in !forgotten.contains { entry.hasSuffix($0) } }
    #expect(try entries(journal) == kept + closing)
    #expect(rest.entries == kept.count + closing.count)
    #expect(rest.pruned.entries == whole.count - kept.count + 2 * closing.count && rest.pruned.gaps == 4)
    try journal.checkpoint()
    let raw = try DatabaseQueue(path: directory.journal)
    try raw.write {
      try $0.execute(
        sql: "UPDATE chain_gaps SET after = x'00' WHERE first = (SELECT min(first) FROM chain_gaps)")
    }
    #expect(try journal.verifyChain()?.faults.isEmpty == false, "a gap is covered as well")
  }

  @Test func aJournalFromBeforeTheChainIsCoveredFromItsUpgradeOn() throws {
    try directory.files.makeDirectory(directory.state)
    do {
      let raw = try DatabaseQueue(path: directory.journal)
      try JournalSchema.migrations.migrate(
        raw, upTo: "1 cycles, decisions, steps, undo, verifications, state")
      try raw.write { db in
        try db.execute(
          sql: """
            INSERT INTO cycles VALUES (1, 'c-1', 5, 'files', '1', 'p', 'h', '1', '{}', '{}', '{}', NULL, 0, 0, 1, 0, 0, 2.5,
              NULL, '[]');
            INSERT INTO decisions (id, cycle, type, target, direction, decision, at_ns, outcome) VALUES
              ('d-1', 'c-1', 'restart', 'fleet', '', '{}', 6, 'executed'), ('d-2', 'c-1', 'x', 'y', '', '{}', 6, NULL);
            INSERT INTO steps VALUES ('d-1', 0, '{}', '{}', 7), ('d-1', 1, '{}', NULL, NULL);
            PRAGMA user_version = 1;
            """)
      }
    }
    let journal = try Journal(directory: directory, access: .readWrite)
    let report = try #require(try journal.verifyChain())
    #expect(report.faults == [] && report.entries == 7)
    try journal.checkpoint()
    try DatabaseQueue(path: directory.journal).write {
      try $0.execute(sql: "UPDATE steps SET receipt='{\"a\":1}'")
    }
    #expect(try journal.verifyChain()?.faults.map(\.kind) == ["step", "step"])
  }
}
