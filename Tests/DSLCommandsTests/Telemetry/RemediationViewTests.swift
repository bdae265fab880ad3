import Coordination
import DSLBase
import FoundationEssentials
import Testing

@testable import DSLCommands

@Suite struct RemediationViewTests {
  private let start = Timestamp(seconds: 1_790_000_000)

  /// Runs a body on a directory of its own.
  private func withDirectory(_ body: (CoordinationDirectory) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/dsl-remediation-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(CoordinationDirectory(path: path, files: PosixFileSystem()))
  }

  private func add(_ journal: Journal, _ number: Int, _ outcome: DecisionOutcome?, _ message: String = "done")
    throws
  {
    let id = "d-\(number)"
    try journal.intend(
      ["rule": "too_few", "confidence": 0.75], id: id, cycle: number == 9 ? "c-forgotten" : "c-1",
      type: "scale_up", target: "fleet", direction: "up", steps: [], at: start.adding(seconds: Double(number))
    )
    guard let outcome else { return }
    try journal.finish(
      decision: id, outcome: outcome, message: message, durationMs: 2.5, at: start.adding(seconds: 60))
  }

  @Test func actionsThatWereCarriedOutOrTriedAreListedNewestFirst() throws {
    try withDirectory { directory in
      let journal = try Journal(directory: directory, access: .readWrite)
      try journal.begin(
        CycleRecord(
          id: "c-1", startedAt: start, backend: "files", engineVersion: "1", policyName: "default",
          policyHash: "a", seed: 1, settings: [:], observation: [:], metrics: [:],
          traceID: "4bf92f3577b34da6a3ce929d0e0e4736", dryRun: false, epoch: 1))
      try add(journal, 1, .executed)
      try add(journal, 2, .undoneAfterFailure, "no such program")
      try add(journal, 3, .nothingToDo)
      try add(journal, 4, nil)
      try add(journal, 9, .failed, String(repeating: "x", count: 600))
      let view = try RemediationView(journal, in: directory)
      #expect(view.active == 1 && view.total == 3)
      #expect(view.successRate == 1.0 / 3)
      let history = try view.history(limit: 10)
      #expect(history.map { $0["decision_id"]?.string } == ["d-9", "d-2", "d-1"])
      #expect(history.map { $0["success"]?.bool } == [false, false, true])
      #expect(history[0]["error"]?.string?.count == 500 && history[0]["trace_id"] == .null)
      #expect(history[1]["error"] == "no such program" && history[1]["output"] == "")
      #expect(history[2]["error"] == .null && history[2]["output"] == "done")
      #expect(history[2]["issue_type"] == "too_few" && history[2]["confidence"] == 0.75)
      #expect(history[2]["action"] == "scale_up" && history[2]["execution_time_ms"] == 2.5)
      #expect(history[2]["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736")
      #expect(try view.history(limit: 1).count == 1)
    }
  }

  @Test func noJournalIsNoActionButOneOutOfReachIsUnknown() throws {
    try withDirectory { directory in
      let none = try RemediationView(nil, in: directory)
      #expect(none.total == 0 && none.active == 0 && none.successRate == nil)
      #expect(try none.history(limit: 5).isEmpty)
      _ = try Journal(directory: directory, access: .readWrite)
      let unreachable = try RemediationView(nil, in: directory)
      #expect(unreachable.total == nil && unreachable.active == nil && unreachable.successRate == nil)
    }
  }
}
