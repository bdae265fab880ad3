import Coordination
import DSLBase
import Testing

/// The journal line by line, and the filters of its decisions.
@Suite struct JournalExportTests {
  private let world: TemporaryDirectory
  private let journal: Journal
  private let start = Timestamp(seconds: 1_790_000_000)

  init() throws {
    world = try TemporaryDirectory()
    let directory = CoordinationDirectory(path: world.path, files: PosixFileSystem())
    journal = try Journal(directory: directory, access: .readWrite)
    for number in 0..<300 {
      let id = "d-\(number)"
      try journal.intend(
        ["rule": number % 2 == 0 ? "even" : "odd"], id: id, cycle: "c-1", type: "t", target: "a\(number % 3)",
        direction: "", steps: [["action": "x"]], at: start.adding(seconds: Double(number)))
    }
    try journal.setState("mark", 1)
    try journal.setState("mark", 2)
    try journal.undone(
      decision: "d-5", steps: [], outcome: .reverted, reason: "", at: start.adding(seconds: 400), by: "alice")
  }

  private func lines(_ filter: DecisionFilter) throws -> [JSONValue] {
    var lines: [JSONValue] = []
    try journal.export(filter) { lines.append($0) }
    return lines
  }

  @Test func everyEntryIsALineWithWhatItCovers() throws {
    let all = try lines(DecisionFilter(limit: .max))
    #expect(all.compactMap { $0["seq"]?.int } == Array(1...304), "several batches, none twice")
    #expect(all[1]["kind"] == "intent" && all[1]["record"]?["decision"]?["rule"] == "even")
    #expect(all[1]["record"]?["steps"]?.array?.first?["step"] == ["action": "x"])
    #expect(all[301]["record"] == .null, "written again later")
    #expect(all[302]["record"]?["value"] == 2)
    #expect(all[303]["hash"]?.string == (try journal.head()))
  }

  @Test func linesAreSelectedByTimeAndDecision() throws {
    let some = DecisionFilter(since: start.adding(seconds: 10), until: start.adding(seconds: 20), limit: .max)
    #expect(try lines(some).compactMap { $0["ref"]?.string } == (10..<20).map { "d-\($0)" })
    var undone = DecisionFilter(limit: .max)
    undone.people = ["alice"]
    #expect(try lines(undone).map { $0["kind"] } == ["intent", "undo"])
    #expect(try lines(DecisionFilter(limit: 3)).map { $0["seq"] } == [1, 2, 3])
    var late = DecisionFilter(limit: 3)
    late.offset = 201
    #expect(try lines(late).map { $0["seq"] } == [202, 203, 204], "over the end of a batch")
    let early = DecisionFilter(until: start.adding(seconds: 2), limit: .max)
    #expect(
      try lines(early).compactMap { $0["ref"]?.string } == ["d-0", "d-1"], "not the beginning of the chain")
  }

  @Test func decisionsAreFiltered() throws {
    func ids(_ change: (inout DecisionFilter) -> Void) throws -> [String] {
      var filter = DecisionFilter(limit: 3)
      change(&filter)
      return try journal.decisions(filter).map(\.id)
    }
    #expect(try ids { $0.rules = ["even"] } == ["d-298", "d-296", "d-294"])
    #expect(
      try ids {
        $0.rules = ["odd"]; $0.targets = ["a0", "a1"]
      } == ["d-297", "d-295", "d-291"])
    #expect(try ids { $0.offset = 2 } == ["d-297", "d-296", "d-295"])
    #expect(try ids { $0.oldestFirst = true } == ["d-0", "d-1", "d-2"])
    #expect(try ids { $0.people = ["alice", "bob"] } == ["d-5"])
    let votes: JSONValue = [["who": ["name": "carol"], "approves": false]]
    try journal.save(
      [
        StoredApproval(
          id: "p-7", subject: "s", status: "rejected", isOpen: true, reason: "", createdAt: start,
          expiresAt: start, usedBy: nil, document: ["votes": votes])
      ], at: start)
    #expect(try ids { $0.people = ["carol"] } == ["d-7"], "the decision that asked")
  }
}
