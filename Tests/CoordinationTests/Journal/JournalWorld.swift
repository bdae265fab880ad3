import Coordination
import DSLBase
import GRDB

/// A journal in a directory of its own, filled as a loop would.
struct JournalWorld {
  let temporary: TemporaryDirectory
  let directory: CoordinationDirectory
  let journal: Journal
  let start = Timestamp(seconds: 1_790_000_000)

  init() throws {
    temporary = try TemporaryDirectory()
    directory = CoordinationDirectory(path: temporary.path, files: PosixFileSystem())
    journal = try Journal(directory: directory, access: .readWrite)
  }

  func at(_ offset: Double) -> Timestamp { start.adding(seconds: offset) }

  func cycle(_ id: String, at offset: Double, policy: String = "p", observation: JSONValue = [:]) throws {
    try journal.begin(
      CycleRecord(
        id: id, startedAt: at(offset), backend: "files", engineVersion: "1", policyName: "default",
        policyHash: policy, seed: 1, settings: [:], observation: observation, metrics: [:], traceID: nil,
        dryRun: false, epoch: 0), policyText: "text of \(policy)")
  }

  /// A decision with one step; carried out unless `outcome` says otherwise.
  func decision(
    _ id: String, cycle: String, at offset: Double, outcome: DecisionOutcome? = .executed
  ) throws {
    try journal.intend(
      ["id": .string(id)], id: id, cycle: cycle, type: "scale_up", target: "fleet", direction: "up",
      steps: [["action": "start_agent"]], at: at(offset))
    guard let outcome else { return }
    try journal.performed(decision: id, step: 0, receipt: 1, at: at(offset))
    try journal.finish(decision: id, outcome: outcome, message: "", durationMs: 1, at: at(offset))
  }

  func undo(_ id: String, at offset: Double) throws {
    try journal.undone(decision: id, steps: [], outcome: .reverted, reason: "", at: at(offset), by: "test")
  }

  /// Changes rows behind the journal's back.
  func damage(_ sql: String) throws {
    try DatabaseQueue(path: directory.journal).inDatabase { db in try db.execute(sql: sql) }
  }

  var cycles: [String] { get throws { try journal.cycles(CycleFilter(limit: 1000)).map(\.record.id) } }
  var decisions: [String] {
    get throws { try journal.decisions(DecisionFilter(limit: 1000)).map(\.id) }
  }
}
