import Coordination
import DSLBase
import SweepFolders
import Telemetry
import Testing

@testable import SignalStore

/// Telemetry in files of the directory: all of it, once, whatever happens to the files.
@Suite struct SignalFilesTests {
  private let test: TestStore
  private let files = PosixFileSystem()

  init() throws { test = try TestStore() }

  private func write(_ name: String, _ text: String) throws {
    try files.write("\(test.folder.path)/\(name)", Array(text.utf8), exclusive: false)
  }

  private func append(_ name: String, _ text: String) throws {
    try files.append("\(test.folder.path)/\(name)", Array(text.utf8))
  }

  private func takeIn() throws -> SignalStore.Intake {
    try test.store.takeIn(test.directory, now: TestStore.at(0))
  }

  private static func line(_ number: Int) -> String {
    OTLPText.traces([OTLPText.span(id: "000000000000\(number)")]) + "\n"
  }

  @Test func linesAreReadOnceAsTheyCome() throws {
    try write("spans.jsonl", Self.line(1000) + Self.line(1001))
    #expect(try takeIn().records == 2)
    #expect(try takeIn().records == 0)
    // Half a line waits for its other half.
    let line = Self.line(1002)
    try append("spans.jsonl", String(line.prefix(100)))
    let half = try takeIn()
    #expect(half.records == 0 && half.refused == 0 && half.pending == 100)
    try append("spans.jsonl", String(line.dropFirst(100)))
    let whole = try takeIn()
    #expect(whole.records == 1 && whole.pending == 0)
    #expect(
      try test.spans().map(\.spanID.description).sorted() == [1000, 1001, 1002].map { "000000000000\($0)" })
  }

  @Test func rotatedFilesAreGoneOnWithAndReplacedOnesReadAnew() throws {
    try files.makeDirectory("\(test.folder.path)/.dsl/telemetry")
    try write(".dsl/telemetry/spans.jsonl", Self.line(1000))
    #expect(try takeIn().records == 1)
    try append(".dsl/telemetry/spans.jsonl", Self.line(1001))
    let own = "\(test.folder.path)/.dsl/telemetry/spans.jsonl"
    try files.rename(own, to: own + ".1")
    try write(".dsl/telemetry/spans.jsonl", Self.line(1002) + Self.line(1003))
    #expect(try takeIn().records == 3)
    #expect(try takeIn().records == 0)
    try write("other.jsonl", Self.line(1004) + Self.line(1005))
    #expect(try takeIn().records == 2)
    // The same name, other content, and longer: it is another file.
    try write("other.jsonl", Self.line(2004) + Self.line(2005) + Self.line(2006))
    #expect(try takeIn().records == 3)
  }

  @Test func brokenPartsAreCountedWithTheirPlaces() throws {
    let first = Self.line(1000)
    let bad = "{\"resourceSpans\":[{\"scopeSpans\":7}]}\n"
    try write(
      "spans.jsonl", first + bad + "{\"trace_id\": \"x\", \n  \"span_attributes\": ,\n}\n" + Self.line(1001))
    let intake = try takeIn()
    #expect(intake.records == 2 && intake.refused == 2)
    let places = intake.problems.map(\.offset)
    #expect(places.count == 2 && places.allSatisfy { $0 >= Int64(first.utf8.count) })
    #expect(intake.problems.allSatisfy { $0.file == "spans.jsonl" && !$0.reason.isEmpty })
    #expect(try test.store.statistics().refused == 2)
  }

  /// The shapes that SwarmSH's writers left behind, on one line and on several.
  @Test func swarmShapesBecomeSpans() throws {
    let trace = "5b8efff798038103d269b633813fc60c"
    try write(
      "telemetry_spans.jsonl",
      """
      {"trace_id":"\(trace)","span_id":"eee19b7ec3c1b174","operation_name":"claim","status":"completed","start_time":"2025-06-16T10:00:00Z","duration_ms":25,"service":"s2s"}
      {
        "trace_id": "\(trace)",
        "span_id": "real_agent_1_work_1",
        "parent_span_id": "eee19b7ec3c1b174",
        "operation": "work",
        "timestamp": "2025-06-16T10:00:01.5Z",
        "status": "error",
        "span_attributes": {"work.type": "x"}
      }
      {"name":"s","trace_id":"t-1","span_id":"1","timestamp":1750068000.25,"duration_ms":"7","attributes":{"a":1}}
      {"trace_id":"\(trace)","operation":"shifted","timestamp":"2025-06-16T10:00:00Z","duration_ms":{"a":1}}
      {"trace_id":"\(trace)","operation":"timeless"}

      """)
    let intake = try takeIn()
    #expect(intake.records == 3 && intake.refused == 2)
    let spans = try test.spans().sorted { $0.name < $1.name }
    #expect(spans.map(\.name) == ["claim", "s", "work"] && spans.map(\.status) == [1, 0, 2])
    #expect(spans[0].origin.service == "s2s" && spans[0].nanoseconds == 25_000_000)
    #expect(spans[2].parentSpanID == spans[0].spanID && spans[2].traceID == spans[0].traceID)
    #expect(spans[2].attributes["swarmsh.span_id"] == "real_agent_1_work_1")
    #expect(spans[2].attributes["work.type"] == "x")
    #expect(spans[1].attributes["swarmsh.trace_id"] == "t-1" && spans[1].attributes["a"] == 1)
    #expect(spans[1].start.nanoseconds == 1_750_068_000_250_000_000 && spans[1].nanoseconds == 7_000_000)
  }

  @Test func measurementsBecomeDataPoints() throws {
    func record(_ time: Int) -> String {
      #"{"id":"telemetry_1","timestamp":"2026-01-01T00:00:00Z","metrics":{"response_time":\#(time),"model":"m"}}"#
    }
    try write("telemetry_1.json", record(800))
    #expect(try takeIn().records == 1)
    #expect(try takeIn().records == 0)
    // Written anew it is a new measurement.
    try AtomicFile.commit(files, "\(test.folder.path)/telemetry_1.json", Array(record(900).utf8))
    #expect(try takeIn().records == 1)
    let points = try test.store.records(SignalQuery(.metrics)).compactMap { record in
      if case .point(let point) = record { point } else { nil }
    }
    #expect(points.map(\.metric) == ["response_time", "response_time"])
    #expect(points.compactMap(\.value).sorted() == [800, 900])
    #expect(points[0].attributes["model"] == "m" && points[0].attributes["telemetry.id"] == "telemetry_1")
  }

  @Test func questionsSeeWhatIsNotStoredYetAndWriteNothing() throws {
    try write("spans.jsonl", Self.line(1000))
    let reader = try SignalStore(directory: test.directory, access: .readOnly)
    let unread = try reader.unread(test.directory)
    #expect(try reader.records(SignalQuery(.traces), unread: unread.blocks).count == 1)
    #expect(try test.store.statistics().kinds[0].records == 0)
    #expect(try takeIn().records == 1)
    let later = try reader.unread(test.directory)
    #expect(later.blocks.isEmpty)
    #expect(try reader.records(SignalQuery(.traces), unread: later.blocks).count == 1)
  }

  /// Files cut and grown at random places, read at random times: each record is there once.
  @Test(arguments: [1, 2, 3] as [UInt64]) func growthAtAnyPlaceLosesNothing(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let text = (1000..<1060).map { number in
      number % 3 == 0
        ? "{\"trace_id\":\"t\",\n \"span_id\":\"\(number)\",\n \"name\":\"n\",\n \"timestamp\":17500680\(number % 90 + 10)}\n"
        : Self.line(number)
    }.joined()
    var rest = Array(text.utf8)[...]
    try write("grow.jsonl", "")
    while !rest.isEmpty {
      let part = rest.prefix(Int(random.next() % 900) + 1)
      try files.append("\(test.folder.path)/grow.jsonl", Array(part))
      rest = rest.dropFirst(part.count)
      if random.next() % 2 == 0 { _ = try takeIn() }
    }
    _ = try takeIn()
    let statistics = try test.store.statistics()
    #expect(statistics.kinds[0].records == 60 && statistics.refused == 0, "seed \(seed)")
  }
}
