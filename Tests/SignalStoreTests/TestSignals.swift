import Coordination
import DSLBase
import SweepFolders
import Telemetry

@testable import SignalStore

/// Spans, log records and data points as OTLP/JSON, short to write.
enum OTLPText {
  /// 2026-01-01T00:00:00Z.
  static let start: Int64 = 1_767_225_600_000_000_000

  static func span(
    trace: String = "5b8efff798038103d269b633813fc60c", id: String = "eee19b7ec3c1b174",
    parent: String? = nil,
    name: String = "GET /", at seconds: Double = 0, lasting: Double = 0.1, status: Int = 0,
    attributes: [(String, String)] = [], extra: String = ""
  ) -> String {
    let from = start + Int64(seconds * 1e9)
    let list = attributes.map { #"{"key":"\#($0)","value":{"stringValue":"\#($1)"}}"# }.joined(separator: ",")
    return """
      {"traceId":"\(trace)","spanId":"\(id)"\(parent.map { ",\"parentSpanId\":\"\($0)\"" } ?? ""),"name":"\(name)",\
      "kind":2,"startTimeUnixNano":"\(from)","endTimeUnixNano":"\(from + Int64(lasting * 1e9))",\
      "attributes":[\(list)],"status":{"code":\(status)}\(extra)}
      """
  }

  static func traces(_ spans: [String], service: String = "shop") -> String {
    """
    {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"\(service)"}},\
    {"key":"host.name","value":{"stringValue":"n1"}}]},\
    "scopeSpans":[{"scope":{"name":"lib","version":"1.2"},"spans":[\(spans.joined(separator: ","))]}]}]}
    """
  }
}

/// A store in a directory of its own.
struct TestStore {
  let folder: SweepFolder
  let directory: CoordinationDirectory
  let store: SignalStore

  init() throws {
    folder = try SweepFolder()
    directory = CoordinationDirectory(path: folder.path, files: PosixFileSystem())
    store = try SignalStore(directory: directory, access: .readWrite)
  }

  static func at(_ seconds: Double) -> Timestamp {
    Timestamp(nanoseconds: OTLPText.start + Int64(seconds * 1e9))
  }

  /// Stores a body as a receiver would.
  func add(_ body: String, _ signal: OTLPSignal = .traces, at seconds: Double = 0) throws {
    let decoded = try OTLPDecoding.decode(signal, .json, Array(body.utf8), seed: 1)
    try store.append([decoded.block].compactMap { $0 }, refused: decoded.refused, at: Self.at(seconds))
  }

  func spans(_ change: (inout SignalQuery) -> Void = { _ in }) throws -> [SpanRecord] {
    var query = SignalQuery(.traces)
    change(&query)
    return try store.records(query).compactMap { if case .span(let span) = $0 { span } else { nil } }
  }
}
