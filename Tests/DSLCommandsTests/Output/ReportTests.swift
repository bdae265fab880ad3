import DSLBase
import Testing

@testable import DSLCommands

@Suite struct ReportTests {
  private let time = Timestamp(nanoseconds: 1_700_000_000_000_000_000)

  @Test func theEnvelopeHasExactlyItsKeysInTheirOrder() {
    var report = Report("auto-status", ["n": 1]) { _ in "" }
    report.warnings = ["careful"]
    let envelope = report.envelope(at: time)
    #expect(
      envelope.object?.keys == ["timestamp", "command", "success", "data", "errors", "warnings", "metadata"])
    #expect(envelope["success"] == true)
    #expect(envelope["data"] == ["n": 1])
    #expect(envelope["timestamp"] == "2023-11-14T22:13:20.000000Z")
  }

  @Test func mirroredMembersStandBesideTheData() {
    var report = Report("auto-analyze", ["metrics": ["x": 1], "decisions": [], "other": 2]) { _ in "" }
    report.mirrored = ["metrics", "decisions"]
    let envelope = report.envelope(at: time)
    #expect(envelope["metrics"] == ["x": 1])
    #expect(envelope["decisions"] == [])
    #expect(envelope["other"] == nil)
  }

  @Test func errorsMakeItNoSuccess() {
    var report = Report("x", .null) { _ in "" }
    report.errors = ["no"]
    #expect(report.envelope(at: time)["success"] == false)
  }

  @Test func aFailureNamesCodeStatusAndFix() {
    let failure = Failure(DSLError(.locked, "first\nsecond", cause: "why", fix: "wait"))
    #expect(failure.lines == ["first", "second: why"])
    let envelope = Report.failure(at: time, command: "auto-loop", failure)
    #expect(envelope["success"] == false)
    #expect(envelope["metadata"] == ["code": "locked", "exit_status": 75, "fix": "wait"])
  }

  @Test func everyErrorCodeHasAStatusOfItsOwn() {
    let codes: [DSLError.Code] = [
      .invalidInput, .notFound, .conflict, .locked, .invalidState, .corrupt, .io, .unknownState, .unsupported,
      .timeout, .cancelled, .internalError,
    ]
    #expect(Set(codes.map { ExitStatus($0) }).count == codes.count)
    #expect(ExitStatus(DSLError.Code(rawValue: "never_heard_of")) == .internalError)
  }
}
