import Coordination
import DSLBase
import Testing

@Suite struct JournalPruningTests {
  private let world: JournalWorld

  init() throws { world = try JournalWorld() }

  private func retention(idle: Double, all: Double, undo: Double = 1e6, limit: Int = 1000) -> JournalRetention
  {
    JournalRetention(
      idleBefore: world.at(idle), allBefore: world.at(all), undoableSince: world.at(undo), limit: limit)
  }

  private func prune(_ retention: JournalRetention) throws -> JournalPruned {
    try world.journal.prune(retention, now: world.at(1000))
  }

  @Test func oldCyclesGoWithTheirDecisionsAndIdleOnesBefore() throws {
    for number in 0..<6 { try world.cycle("c-\(number)", at: Double(number)) }
    try world.decision("d-0", cycle: "c-0", at: 0)
    try world.decision("d-1", cycle: "c-1", at: 1)
    try world.decision("d-4", cycle: "c-4", at: 4)
    let pruned = try prune(retention(idle: 5, all: 1))
    #expect(pruned.decisions == 1 && pruned.cycles == 3 && pruned.isComplete)
    #expect(try world.cycles == ["c-5", "c-4", "c-1"])
    #expect(try world.decisions == ["d-4", "d-1"])
    #expect(try world.journal.check().isEmpty, "nothing is left without what it belongs to")
    #expect(try world.journal.pruned()?["cycles"]?.int == 3)
    let chain = try #require(try world.journal.verifyChain())
    #expect(chain.faults.isEmpty && chain.pruned.entries > 0, "\(chain)")
  }

  @Test func whatCanBeUndoneStaysForItsTime() throws {
    for number in 0..<3 {
      try world.cycle("c-\(number)", at: Double(number))
      try world.decision("d-\(number)", cycle: "c-\(number)", at: Double(number))
    }
    try world.undo("d-2", at: 3)
    let pruned = try prune(retention(idle: 10, all: 10, undo: 1))
    #expect(pruned.decisions == 2 && pruned.keptUndoable == 1)
    #expect(try world.decisions == ["d-1"], "d-0 is too old to be undone, d-2 is undone")
  }

  @Test func whatHasNoOutcomeStays() throws {
    try world.cycle("c-0", at: 0)
    try world.decision("d-0", cycle: "c-0", at: 0, outcome: nil)
    let pruned = try prune(retention(idle: 10, all: 10))
    #expect(pruned.decisions == 0 && pruned.cycles == 0 && pruned.keptUnfinished == 1)
    #expect(try world.journal.unfinished().map(\.id) == ["d-0"])
  }

  @Test func anUndoUnderWayKeepsItsDecision() throws {
    try world.cycle("c-0", at: 0)
    try world.decision("d-0", cycle: "c-0", at: 0)
    try world.journal.setState(Journal.undoMark, ["decision": "d-0", "by": "test"])
    #expect(try prune(retention(idle: 10, all: 10)).decisions == 0)
    try world.journal.setState(Journal.undoMark, .null)
    #expect(try prune(retention(idle: 10, all: 10)).decisions == 1)
  }

  @Test func theNewestVerdictsStayWithTheirDecisions() throws {
    for number in 0..<4 {
      try world.cycle("c-\(number)", at: Double(number))
      try world.decision("d-\(number)", cycle: "c-\(number)", at: Double(number))
      try world.journal.verified(decision: "d-\(number)", ["verdict": "met"])
    }
    var retention = retention(idle: 10, all: 10)
    retention.verdicts = 2
    #expect(try prune(retention).decisions == 2)
    #expect(try world.decisions == ["d-3", "d-2"])
  }

  @Test func oneRoundIsBoundedAndTheNextGoesOn() throws {
    for number in 0..<25 { try world.cycle("c-\(number)", at: Double(number)) }
    let retention = retention(idle: 25, all: 25, limit: 10)
    let rounds = try (0..<3).map { _ in try prune(retention) }
    #expect(rounds.map(\.cycles) == [10, 10, 5])
    #expect(rounds.map(\.isComplete) == [false, false, true])
    #expect(try world.journal.pruned()?["cycles"]?.int == 25)
    #expect(try world.journal.verifyChain()?.faults == [])
  }

  @Test func aPolicyGoesWithItsLastCycle() throws {
    try world.cycle("c-0", at: 0, policy: "old")
    try world.cycle("c-1", at: 5, policy: "new")
    #expect(try prune(retention(idle: 1, all: 1)).policies == 1)
    #expect(try world.journal.policyText(hash: "old") == nil)
    #expect(try world.journal.policyText(hash: "new") == "text of new")
    for _ in 0..<5 { _ = try prune(retention(idle: 1, all: 1)) }
    let chain = try #require(try world.journal.verifyChain())
    #expect(chain.faults.isEmpty && chain.entries < 8, "rounds that forget nothing leave no growing trace")
  }

  @Test func lookingAheadChangesNothingAndSaysWhatWillBe() throws {
    for number in 0..<8 {
      try world.cycle("c-\(number)", at: Double(number))
      try world.decision("d-\(number)", cycle: "c-\(number)", at: Double(number))
    }
    let retention = retention(idle: 6, all: 6, undo: 4)
    let foreseen = try world.journal.pruning(retention, now: world.at(1000))
    #expect(try world.cycles.count == 8)
    #expect(try prune(retention) == foreseen)
    #expect(foreseen.decisions == 4 && foreseen.keptUndoable == 2)
  }

  @Test func theFileShrinks() throws {
    let ballast = JSONValue.string(String(repeating: "x", count: 20_000))
    for number in 0..<400 { try world.cycle("c-\(number)", at: Double(number), observation: ballast) }
    try world.journal.checkpoint()
    let full = try #require(try world.journal.info()).bytes
    _ = try prune(retention(idle: 399, all: 399))
    for _ in 0..<4 { _ = try world.journal.upkeep() }
    try world.journal.checkpoint()
    let small = try #require(try world.journal.info())
    #expect(full > 7 << 20 && small.bytes < 1 << 20, "\(full) \(small)")
    try world.journal.compact()
    let compact = try #require(try world.journal.info())
    #expect(compact.freeBytes == 0 && compact.logBytes == 0 && compact.bytes <= small.bytes)
    #expect(try world.cycles == ["c-399"])
  }
}
