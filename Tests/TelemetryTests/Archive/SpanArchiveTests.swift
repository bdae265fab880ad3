import Coordination
import DSLBase
import Telemetry
import Testing
import Tracing

@Suite struct SpanArchiveTests {
  private let files = InMemoryFileSystem()

  /// Writes traces named "0", "1", … through files small enough to rotate.
  private func write(_ traces: Int, rotateBytes: Int64 = 3000) -> [TraceID] {
    let exporter = OTLPFileExporter(files: files, path: "/s", rotateBytes: rotateBytes)
    let time = ManualTime()
    let tracer = SpanRecorder(serviceName: "t", exporter: exporter, time: time, seed: 3)
    return (0..<traces).map { number in
      time.advance(seconds: 1)
      return tracer.withSpan(SpanName(rawValue: String(number))) { $0.traceContext.traceID }
    }
  }

  private func names(limit: Int = .max) throws -> [String] {
    var names: [String] = []
    try SpanArchive(files: files, path: "/s").read(limit: limit) { spans in
      names += spans.map(\.name)
      return true
    }
    return names
  }

  @Test func linesComeNewestFirstAcrossRotations() throws {
    _ = write(20)
    #expect(try files.status("/s.3") != nil)
    #expect(try names() == (0..<20).reversed().map(String.init))
    #expect(try names(limit: 3) == ["19", "18", "17"])
  }

  @Test func readingStopsWhenToldTo() throws {
    _ = write(5)
    var visited = 0
    let summary = try SpanArchive(files: files, path: "/s").read { _ in
      visited += 1
      return visited < 2
    }
    #expect(visited == 2)
    #expect(summary.lines == 2)
  }

  @Test func nothingWrittenIsNothingRead() throws {
    #expect(try names().isEmpty)
    #expect(try SpanArchive(files: files, path: "/no/such/directory").read { _ in true }.lines == 0)
  }

  @Test func foreignLinesAreCountedAndPassedOver() throws {
    _ = write(2, rotateBytes: 1 << 20)
    try files.append("/s", Array("\n\n{\"resourceSpans\"\n{\"resourceMetrics\":[]}\nno\n".utf8))
    var names: [String] = []
    let summary = try SpanArchive(files: files, path: "/s").read { spans in
      names += spans.map(\.name)
      return true
    }
    #expect(names == ["1", "0"])
    #expect(summary.unreadable == 3)
    #expect(summary.lines == 5)
  }

  @Test func aFileBeyondTheLimitIsReported() throws {
    _ = write(4, rotateBytes: 1 << 20)
    let summary = try SpanArchive(files: files, path: "/s", fileLimit: 100).read { _ in true }
    #expect(summary.truncated)
    #expect(summary.lines == 0)
  }

  @Test func aTraceIsFoundByItsID() throws {
    let ids = write(10)
    let spans = try SpanArchive(files: files, path: "/s").trace(ids[4])
    #expect(spans.map(\.name) == ["4"])
    #expect(spans.first?.traceID == ids[4])
  }

  @Test func aTraceComesBackWhole() throws {
    for line in SampleTrace.lines() { try files.append("/s", line + [0x0A]) }
    var lines: [[ArchivedSpan]] = []
    try SpanArchive(files: files, path: "/s").read {
      lines.append($0); return true
    }
    try #require(lines.count == 2)
    #expect(lines[0].map(\.name) == ["dsl.agent.work_item"])
    #expect(lines[0].first?.kind == 5)
    #expect(lines[0].first?.seconds == 0.000_001)
    let cycle = lines[1]
    #expect(cycle.first?.service == "dsl")
    #expect(cycle[1].attributes["health_score"] == 0.289_090_909_090_909_07)
    #expect(cycle[1].attributes["active_agents"] == 2)
    #expect(cycle[2].events.first?.attributes["gate"] == "confidence")
    #expect(cycle[3].links.first?.attributes["gen_ai.agent.id"] == "a-1")
    #expect(cycle[5].statusMessage == "write work_1.json: No space left on device (make room)")
  }
}
