import Coordination
import DSLBase
import Testing

@testable import Telemetry

/// OTLP/JSON made protobuf, beside what OpenTelemetry's own classes write.
@Suite struct ProtobufWriterTests {
  private let files = PosixFileSystem()
  private static let python = Child.python(with: "opentelemetry.proto.collector.trace.v1.trace_service_pb2")

  /// Random requests of all three signals with every kind of value: the same bytes.
  @Test(.enabled(if: python != nil, "opentelemetry-proto is not in .build/venv: ci/setup installs it"))
  func bytesAreThoseOfOpenTelemetry() throws {
    let python = try #require(Self.python)
    let scratch = try Scratch()
    let script = Repository.path("Tests/TelemetryTests/Ingest/requests.py")
    let (seed, count) = (20_261_122, 40)
    let status = try Child.run(
      [python, script, scratch.path, "\(seed)", "\(count)"], input: "/dev/null", output: scratch.path + "/log"
    )
    let log = String(decoding: try files.read(scratch.path + "/log", limit: 1 << 20), as: UTF8.self)
    #expect(status == 0, "\(log)")
    for number in 0..<count {
      for signal in OTLPSignal.allCases {
        let path = "\(scratch.path)/\(number).\(signal.rawValue)"
        let json = try files.read(path + ".json", limit: 1 << 20)
        let theirs = try files.read(path + ".pb", limit: 1 << 20)
        #expect(try ProtobufWriter.body(signal, json: json) == theirs, "seed \(seed), \(number) \(signal)")
        #expect(!theirs.isEmpty)
      }
    }
  }

  /// What this program writes means the same in both encodings, by its own two decoders.
  @Test func whatIsSentMeansTheSame() throws {
    func records(_ signal: OTLPSignal, _ encoding: OTLPEncoding, _ body: [UInt8]) throws -> [SignalRecord] {
      let decoded = try OTLPDecoding.decode(signal, encoding, body, seed: 3)
      #expect(decoded.refused == 0, "\(decoded.reason ?? "")")
      return decoded.block?.withView { view in (0..<view.count).compactMap { view.signal($0) } } ?? []
    }
    var compared = 0
    for (signal, line) in Self.lines {
      let plain = try records(signal, .json, line)
      #expect(try records(signal, .protobuf, ProtobufWriter.body(signal, json: line)) == plain)
      compared += plain.count
    }
    #expect(compared >= 20)
  }

  private static var lines: [(OTLPSignal, [UInt8])] {
    let resource = Resource(service: "dsl", version: "1")
    var histogram = HistogramValue(bounds: [0.5, 1])
    histogram.record(0.25)
    histogram.record(3)
    histogram.exemplar = .init(3, traceID: String(repeating: "ab", count: 16), at: Timestamp(seconds: 4))
    let families = [
      MetricFamily(MetricDeclaration("g", .gauge, unit: "1", "G."), .leastNonzeroMagnitude),
      MetricFamily(MetricDeclaration("c", .counter, unit: "1", "C."), 3),
      MetricFamily(
        MetricDeclaration("h", .histogram, unit: "s", "H."),
        [MetricPoint(.histogram(histogram), labels: [MetricLabel("l", "ü")])]),
    ]
    let record = LogRecord(
      at: Timestamp(seconds: 5), severity: .error, level: "error", body: "b", attributes: [("k", "")])
    return (SampleTrace.lines() + SampleTrace.oddValues()).map { (.traces, $0) } + [
      (.metrics, OTLPWriter.line(resource: resource, families: families, at: 7)),
      (.logs, OTLPWriter.line(resource: resource, records: [record])),
    ]
  }

  @Test(
    arguments: [
      "", "[]", #"{"resourceSpans":[1]}"#,
      #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xy"}]}]}]}"#,
      #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"-"}]}]}]}"#,
    ])
  func whatIsNotOTLPIsAnError(text: String) {
    #expect(throws: DSLError.self) { try ProtobufWriter.body(.traces, json: Array(text.utf8)) }
  }

  @Test func unknownMembersAreLeftOut() throws {
    let bytes = try ProtobufWriter.body(
      .traces, json: Array(#"{"x":1,"resourceSpans":[{"y":[],"schemaUrl":"a"}]}"#.utf8))
    #expect(bytes == [0x0A, 0x03, 0x1A, 0x01, 0x61])
  }
}
