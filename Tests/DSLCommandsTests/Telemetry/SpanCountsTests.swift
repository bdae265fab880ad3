import Coordination
import DSLBase
import Testing

@testable import DSLCommands

@Suite struct SpanCountsTests {
  private let files = InMemoryFileSystem()
  private let directory: CoordinationDirectory

  init() throws {
    for path in ["/c", "/c/.dsl", "/c/.dsl/telemetry"] { try files.makeDirectory(path) }
    directory = CoordinationDirectory(path: "/c", files: files)
  }

  private func line(_ names: [String]) -> [UInt8] {
    let spans = names.map { name in
      #"{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","name":"\#(name)","#
        + #""startTimeUnixNano":"1","endTimeUnixNano":"2"}"#
    }.joined(separator: ",")
    return Array((#"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(spans)]}]}]}"# + "\n").utf8)
  }

  @Test func spansAreCountedByNameOverRotatedFiles() throws {
    try files.write(directory.spans, line(["b", "a"]) + line(["b"]), exclusive: true)
    try files.write(directory.spans + ".1", line(["b"]) + Array("torn\n".utf8), exclusive: true)
    let counts = SpanCounts(directory, keep: 1)
    #expect(counts.data.text() == #"{"a":1,"b":3}"#)
    #expect(counts.warnings == ["1 lines of spans cannot be read"])
  }

  @Test func noSpansAreNoFailure() {
    let counts = SpanCounts(directory, keep: 5)
    #expect(counts.data.text() == "{}" && counts.warnings.isEmpty)
  }

  @Test func namesAreBounded() throws {
    try files.write(directory.spans, line((0..<250).map { "name-\($0)" }), exclusive: true)
    let counts = SpanCounts(directory, keep: 0)
    #expect(counts.data.object?.count == 200 && counts.warnings.count == 1)
  }

  @Test func filesThatCannotBeReadAreUnknownAndNotNone() throws {
    try files.plant(.symbolicLink, at: directory.spans)
    let counts = SpanCounts(directory, keep: 0)
    #expect(counts.data == .null && counts.warnings.count == 1)
  }
}
