import Coordination
import DSLBase
import Glibc
import Telemetry
import Testing

@Suite struct OTLPTests {
  private let files = PosixFileSystem()

  /// With `RECORD=1` in the environment the files are written anew; read the difference before committing it.
  @Test(arguments: ["cycle", "odd-values"])
  func linesAreAsRecorded(name: String) throws {
    let lines = name == "cycle" ? SampleTrace.lines() : SampleTrace.oddValues()
    let text = Array(lines.map { $0 + [0x0A] }.joined())
    let path = Repository.path("Tests/TelemetryTests/Goldens/\(name).jsonl")
    if getenv("RECORD").map({ String(cString: $0) }) == "1" {
      try files.makeDirectory(Repository.path("Tests/TelemetryTests/Goldens"))
      try files.write(path, text, exclusive: false)
    }
    let recorded = try files.read(path, limit: 1 << 20)
    #expect(String(decoding: text, as: UTF8.self) == String(decoding: recorded, as: UTF8.self))
  }

  /// What OTLP/JSON forbids and receivers refuse: no numbers for 64-bit integers, no names for enums.
  @Test func aLineIsOneTracesDataObject() throws {
    for line in SampleTrace.lines() + SampleTrace.oddValues() {
      #expect(!line.contains(0x0A))
      let data = try JSONParser.parse(line)
      #expect(data.object?.keys == ["resourceSpans"])
      let scopes = try #require(data["resourceSpans"]?.array?.first?["scopeSpans"]?.array)
      for span in scopes.flatMap({ $0["spans"]?.array ?? [] }) {
        #expect(span["startTimeUnixNano"]?.string.flatMap(UInt64.init) != nil)
        #expect(span["endTimeUnixNano"]?.string.flatMap(UInt64.init) != nil)
        #expect(span["kind"]?.int.map((1...5).contains) == true)
        #expect(span["traceId"]?.string?.utf8.count == 32)
        #expect(span["spanId"]?.string?.utf8.count == 16)
        #expect(span["parentSpanId"].map { $0.string?.utf8.count == 16 } ?? true)
      }
    }
  }

  @Test func everyValueIsReadBack() throws {
    let line = try #require(SampleTrace.oddValues().first)
    let span = try #require(ArchivedSpan.spans(line: line)?.first)
    #expect(span.service == "odd")
    #expect(span.attributes["int32"] == .int(Int32.min))
    #expect(span.attributes["int64"] == .int(Int64.max))
    #expect(
      span.attributes["doubles"]?.array?.map(\.double) == [
        0.1, -0.0, .leastNonzeroMagnitude, 1.797_693_134_862_315_7e308,
      ])
    #expect(span.attributes["ints"] == [1, -1])
    #expect(span.attributes["nan"] == "NaN")
    #expect(span.attributes["infinity"] == "-Infinity")
    #expect(span.attributes["strings"] == ["", "\u{2028}\u{7F}\\\t"])
    #expect(span.attributes["none"] == [])
  }

  /// The generated classes of OpenTelemetry itself take every line and write the same again.
  @Test func openTelemetryReadsTheLines() throws {
    guard let python = Self.python else {
      print("skipped: opentelemetry-proto-json is not installed, see ci/setup")
      return
    }
    let scratch = try Scratch()
    let lines = SampleTrace.lines() + SampleTrace.oddValues()
    try files.write(scratch.path + "/in", Array(lines.map { $0 + [0x0A] }.joined()), exclusive: true)
    let check = Repository.path("Tests/TelemetryTests/OTLP/check.py")
    let status = try Child.run(
      [python, check], input: scratch.path + "/in", output: scratch.path + "/out")
    let output = String(decoding: try files.read(scratch.path + "/out", limit: 1 << 20), as: UTF8.self)
    #expect(status == 0, "\(output)")
    #expect(output.hasSuffix("7 lines, 16 spans\n"), "\(output)")
  }

  private static let python = Child.python(with: "opentelemetry.proto_json.trace.v1.trace")
}
