import Coordination
import DSLBase
import SweepFolders
import Telemetry
import Testing

@testable import SignalStore

/// What OpenTelemetry's own SDK sends is taken whole, and what it is told beside what another receiver says.
@Suite struct OtherReceiversTests {
  private let folder: SweepFolder
  private let files = PosixFileSystem()
  private let receiver: OTLPReceiver
  private let directory: CoordinationDirectory

  init() throws {
    folder = try SweepFolder()
    directory = CoordinationDirectory(path: folder.path, files: files)
    receiver = try OTLPReceiver(directory: directory, time: ManualTime(), seed: 5)
  }

  private static let sdk = OtherPrograms.python(with: "opentelemetry.exporter.otlp.proto.http")
  private static let rotel = OtherPrograms.python(with: "rotel")

  /// The requests that a script wrote down.
  private func requests(_ python: String?, _ script: String) throws -> [(
    entry: JSONValue, request: OTLPRequest
  )] {
    let status = try OtherPrograms.run(try #require(python), script, folder.path)
    let log = String(decoding: try files.read(folder.path + "/log", limit: 1 << 20), as: UTF8.self)
    try #require(status == 0, "\(log)")
    let index = try JSONParser.parse(try files.read(folder.path + "/index.json", limit: 1 << 20)).array ?? []
    return try index.enumerated().map { number, entry in
      let name = entry["path"]?.string?.split(separator: "/").last.map(String.init) ?? "traces"
      return (
        entry,
        OTLPRequest(
          signal: try #require(OTLPSignal(rawValue: name)), contentType: entry["type"]?.string,
          contentEncoding: entry["encoding"]?.string,
          body: try files.read("\(folder.path)/\(number).body", limit: 1 << 24))
      )
    }
  }

  @Test(.enabled(if: sdk != nil, "opentelemetry-sdk is not in .build/venv: ci/setup installs it"))
  func whatThePythonSDKSendsIsStored() async throws {
    for (entry, request) in try requests(Self.sdk, "sdk.py") {
      let reply = await receiver.receive(request)
      #expect(reply.status == 200 && reply.body.isEmpty, "\(entry.text())")
    }
    let store = try SignalStore(directory: directory, access: .readOnly)
    var query = SignalQuery(.traces)
    query.service = "python-shop"
    let spans = try store.records(query).compactMap { if case .span(let span) = $0 { span } else { nil } }
    #expect(spans.count == 40 && spans.count { $0.status == 2 } == 4)
    let payment = try #require(spans.first { $0.statusMessage == "declined" })
    #expect(payment.name == "pay" && payment.events.first?.attributes["amount"] == 1.5)
    let trace = try store.trace(payment.traceID).spans
    #expect(
      trace.map(\.name) == ["order", "pay"] && trace[0].kind == 2
        && trace[0].attributes["order.number"] != nil)
    let points = try store.records(SignalQuery(.metrics)).compactMap { record in
      if case .point(let point) = record { point } else { nil }
    }
    let orders = try #require(points.first { $0.metric == "orders" })
    #expect(
      orders.value == 7 && orders.kind == .sum && orders.isMonotonic && orders.attributes["kind"] == "web")
    #expect(points.first { $0.metric == "took" }?.distribution["count"] == 1)
    let logs = try store.records(SignalQuery(.logs)).compactMap {
      if case .log(let log) = $0 { log } else { nil }
    }
    #expect(logs.map(\.body) == ["login failed for eve"] && logs[0].severity == 17)
  }

  /// Where we say something else than rotel, and why:
  /// - ids of a wrong length, of zeros, or missing: OTLP calls them invalid, rotel takes them;
  /// - integer nanoseconds: the specification has receivers take 64-bit integers as numbers, rotel does not;
  /// - a content type or encoding that is unknown is 415 (RFC 9110); rotel takes an unknown encoding for none.
  private static let differences: [String: Int] = [
    "short id": 400, "zero id": 400, "no span id": 400, "SwarmSH's span in OTLP": 400,
    "short id protobuf": 400,
    "integer nanos": 200, "wrong type": 415, "unknown encoding": 415,
  ]

  @Test(.enabled(if: rotel != nil, "rotel is not in .build/venv: ci/setup installs it"))
  func answersAreThoseOfRotelButForGoodReasons() async throws {
    let requests = try requests(Self.rotel, "compare.py")
    #expect(requests.count >= 26)
    var good = 0
    for (entry, request) in requests {
      let name = try #require(entry["name"]?.string)
      let reply = await receiver.receive(request)
      let expected = Self.differences[name] ?? entry["rotel"]?.int
      #expect(reply.status == expected, "\(name): \(String(decoding: reply.body, as: UTF8.self))")
      if let own = Self.differences[name] {
        #expect(own != entry["rotel"]?.int, "\(name): no difference any more")
      }
      if reply.status == 200 { good += 1 }
    }
    let store = try SignalStore(directory: directory, access: .readOnly)
    // All good ones but the one without spans.
    #expect(try store.statistics().kinds[0].records == good - 1)
  }
}
