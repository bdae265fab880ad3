import Coordination
import DSLBase
import Glibc
import Testing

@testable import Telemetry

/// The protobuf decoder against OpenTelemetry's own classes, and both decoders against each other.
@Suite struct ProtobufDecodingTests {
  private let files = PosixFileSystem()
  private static let python = Child.python(with: "opentelemetry.proto.collector.trace.v1.trace_service_pb2")

  private func records(
    _ signal: OTLPSignal, _ encoding: OTLPEncoding, _ body: [UInt8]
  ) throws -> [SignalRecord] {
    let decoded = try OTLPDecoding.decode(signal, encoding, body, seed: 3)
    #expect(decoded.refused == 0, "\(decoded.reason ?? "")")
    return decoded.block?.withView { view in (0..<view.count).compactMap { view.signal($0) } } ?? []
  }

  /// Random requests of all three kinds, written by OpenTelemetry, mean the same in both encodings.
  @Test(.enabled(if: python != nil, "opentelemetry-proto is not in .build/venv: ci/setup installs it"))
  func bothEncodingsMeanTheSame() throws {
    let python = try #require(Self.python)
    let scratch = try Scratch()
    let script = Repository.path("Tests/TelemetryTests/Ingest/requests.py")
    let (seed, count) = (20_261_121, 60)
    let status = try Child.run(
      [python, script, scratch.path, "\(seed)", "\(count)"], input: "/dev/null", output: scratch.path + "/log"
    )
    let log = String(decoding: try files.read(scratch.path + "/log", limit: 1 << 20), as: UTF8.self)
    #expect(status == 0, "\(log)")
    var compared = 0
    for number in 0..<count {
      for signal in OTLPSignal.allCases {
        let path = "\(scratch.path)/\(number).\(signal.rawValue)"
        let binary = try records(signal, .protobuf, try files.read(path + ".pb", limit: 1 << 20))
        let text = try records(signal, .json, try files.read(path + ".json", limit: 1 << 20))
        #expect(binary == text, "seed \(seed), number \(number), \(signal)")
        #expect(!binary.isEmpty)
        compared += binary.count
      }
    }
    #expect(compared > 1000)
  }

  /// A request of one span, by hand from the encoding's specification.
  private static func request(_ span: [UInt8]) -> [UInt8] {
    func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
      [number << 3 | 2, UInt8(content.count)] + content
    }
    return field(1, field(2, field(2, span)))
  }

  private static let traceID: [UInt8] = [0x0A, 16] + [UInt8](1...16)
  private static let spanID: [UInt8] = [0x12, 8] + [UInt8](1...8)
  private static let times: [UInt8] = [0x39, 1, 0, 0, 0, 0, 0, 0, 0, 0x41, 2, 0, 0, 0, 0, 0, 0, 0]

  @Test func aSpanByHand() throws {
    let body = Self.request(Self.traceID + Self.spanID + [0x2A, 2, 0x68, 0x69] + Self.times)
    guard case .span(let span)? = try records(.traces, .protobuf, body).first else {
      Issue.record("no span")
      return
    }
    #expect(span.traceID.description == "0102030405060708090a0b0c0d0e0f10")
    #expect(span.spanID.description == "0102030405060708" && span.name == "hi")
    #expect(span.start.nanoseconds == 1 && span.end.nanoseconds == 2)
  }

  @Test(
    arguments: [
      ([0x0A, 4, 1, 2, 3, 4] + spanID + times, "traceId is not 16 bytes"),
      (traceID + [0x12, 1, 9] + times, "spanId is not 8 bytes"),
      ([0x0A, 16] + [UInt8](repeating: 0, count: 16) + spanID + times, "traceId"),
      (traceID + spanID, "startTimeUnixNano"),
    ] as [([UInt8], String)])
  func oneSpanIsRefused(span: [UInt8], reason: String) throws {
    let decoded = try OTLPDecoding.decode(.traces, .protobuf, Self.request(span), seed: 1)
    #expect(decoded.block == nil && decoded.refused == 1)
    #expect(decoded.reason?.contains(reason) == true, "\(decoded.reason ?? "")")
  }

  @Test(
    arguments: [
      [0x0A, 5, 1], [0x0A], [0x00, 0x00], [0x0B],
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
      request(traceID + spanID + [0x2A, 2, 0xC3, 0x28] + times), Array("{}".utf8),
      Array(#"{"resourceSpans":[]}"#.utf8),
    ] as [[UInt8]])
  func theWholeIsRefused(body: [UInt8]) {
    #expect(throws: DecodingFault.self) { try OTLPDecoding.decode(.traces, .protobuf, body, seed: 1) }
  }
}
