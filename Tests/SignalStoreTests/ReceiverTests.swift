import CZlib
import Coordination
import DSLBase
import SweepFolders
import Telemetry
import Testing

@testable import SignalStore

/// What senders are told, and what is in the store then.
@Suite struct ReceiverTests {
  private let folder: SweepFolder
  private let directory: CoordinationDirectory

  init() throws {
    folder = try SweepFolder()
    directory = CoordinationDirectory(path: folder.path, files: PosixFileSystem())
  }

  private func receiver(_ limits: ReceiverLimits = ReceiverLimits()) throws -> OTLPReceiver {
    try OTLPReceiver(directory: directory, time: ManualTime(), limits: limits, seed: 5)
  }

  private func stored() throws -> Int {
    let store = try SignalStore(directory: directory, access: .readOnly)
    return try store.statistics().kinds.reduce(0) { $0 + $1.records }
  }

  private static func request(
    _ body: [UInt8], type: String? = "application/json", encoding: String? = nil,
    _ signal: OTLPSignal = .traces
  ) -> OTLPRequest {
    OTLPRequest(signal: signal, contentType: type, contentEncoding: encoding, body: body)
  }

  private static let good = Array(OTLPText.traces([OTLPText.span()]).utf8)

  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    guard
      deflateInit2_(&stream, 9, Z_DEFLATED, 31, 8, 0, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        == Z_OK
    else { return [] }
    var output = [UInt8](repeating: 0, count: bytes.count + 1024)
    let capacity = output.count
    var input = bytes
    let left = input.withUnsafeMutableBufferPointer { given in
      output.withUnsafeMutableBufferPointer { free in
        stream.next_in = given.baseAddress
        stream.avail_in = UInt32(given.count)
        stream.next_out = free.baseAddress
        stream.avail_out = UInt32(capacity)
        deflate(&stream, Z_FINISH)
        return Int(stream.avail_out)
      }
    }
    deflateEnd(&stream)
    return Array(output.prefix(capacity - left))
  }

  @Test func aGoodRequestIsStoredBeforeItIsAnswered() async throws {
    let receiver = try receiver()
    let reply = await receiver.receive(Self.request(Self.good, type: "Application/JSON; charset=utf-8"))
    #expect(reply.status == 200 && reply.contentType == "application/json")
    #expect(String(decoding: reply.body, as: UTF8.self) == "{}" && reply.retryAfterSeconds == nil)
    #expect(try stored() == 1 && receiver.received.traces.stored == 1)
    let zipped = await receiver.receive(Self.request(Self.gzip(Self.good), encoding: "gzip"))
    #expect(zipped.status == 200)
    let binary = await receiver.receive(Self.request([], type: "application/x-protobuf"))
    #expect(binary.status == 200 && binary.body.isEmpty && binary.contentType == "application/x-protobuf")
    #expect(try stored() == 2 && receiver.received.traces.ok == 3)
  }

  /// Every bad request has its status and a reason, and leaves nothing behind.
  @Test func badRequestsLeaveNothing() async throws {
    let receiver = try receiver()
    let cut = Array(Self.gzip(Self.good).dropLast(9))
    let cases: [(OTLPRequest, Int)] = [
      (Self.request(Self.good, type: nil), 415), (Self.request(Self.good, type: "text/plain"), 415),
      (Self.request(Self.good, encoding: "zstd"), 415), (Self.request(Self.good, encoding: "gzip"), 400),
      (Self.request(cut, encoding: "gzip"), 400),
      (Self.request(Self.gzip(Self.good) + [1, 2], encoding: "gzip"), 400),
      (Self.request(Self.good, type: "application/x-protobuf"), 400), (Self.request([]), 400),
      (Self.request(Array("{".utf8)), 400),
      (
        Self.request(
          Array(OTLPText.traces([OTLPText.span(trace: "5b8efff7-9803-8103-d269-b633813fc60c")]).utf8)), 400
      ),
    ]
    for (number, (request, status)) in cases.enumerated() {
      let reply = await receiver.receive(request)
      #expect(reply.status == status, "case \(number)")
      if reply.contentType == "application/json" {
        let error = try JSONParser.parse(reply.body)
        #expect(error["code"]?.int == 3 && error["message"]?.string?.isEmpty == false, "case \(number)")
      } else {
        #expect(reply.body.starts(with: [0x08, 3, 0x12]), "case \(number)")
      }
    }
    #expect(try stored() == 0 && receiver.received.traces.bad == cases.count)
  }

  @Test func sizesAreBounded() async throws {
    var limits = ReceiverLimits()
    limits.body = 10_000
    let receiver = try receiver(limits)
    let large = await receiver.receive(Self.request([UInt8](repeating: 0x20, count: 10_001)))
    #expect(large.status == 413)
    // A bomb: 10 MB of blanks in 10 kB.
    let bomb = Self.gzip([UInt8](repeating: 0x20, count: 10 << 20))
    #expect(bomb.count < 11_000)
    limits.body = 1 << 20
    let bombed = await (try self.receiver(limits)).receive(Self.request(bomb, encoding: "gzip"))
    #expect(bombed.status == 413)
    limits.records = 1
    let two = OTLPText.traces([OTLPText.span(), OTLPText.span(id: "0000000000000001")])
    let many = await (try self.receiver(limits)).receive(Self.request(Array(two.utf8)))
    #expect(many.status == 413)
    #expect(try stored() == 0)
  }

  /// What a bomb costs is bounded by the limit, whatever it says of itself.
  @Test(arguments: [true, false])
  func aBombIsReadNoFurtherThanTheLimit(says: Bool) throws {
    let limit = 1 << 20
    var bomb = Self.gzip([UInt8](repeating: 0, count: 32 << 20))
    // The last four bytes say how much it is: a liar says one.
    if !says { bomb.replaceSubrange(bomb.count - 4..<bomb.count, with: [1, 0, 0, 0]) }
    var asked = 0
    let problem = #expect(throws: Gunzip.Problem.self) {
      try Gunzip.expanded(bomb, limit: limit) {
        asked += $0
        return true
      }
    }
    guard case .tooLarge(let read) = problem else { return #expect(Bool(false), "\(problem as Any)") }
    #expect(asked == limit + 1 && read < bomb.count / 16, "\(asked), \(read)")
  }

  @Test func expandingTakesWhatThereIsRoomForAndGivesItBack() async throws {
    let text = [UInt8](repeating: 0x20, count: 300_000)
    var room = 200_000
    #expect(throws: Gunzip.Problem.noRoom) {
      try Gunzip.expanded(Self.gzip(text), limit: 1 << 20) {
        room -= $0
        return room >= 0
      }
    }
    #expect(try Gunzip.expanded(Self.gzip(text), limit: 300_000) == text)
    #expect(throws: Gunzip.Problem.self) { try Gunzip.expanded(Self.gzip(text), limit: 299_999) }
    let twice = Self.gzip(text) + Self.gzip(Self.good)
    #expect(
      try Gunzip.expanded(twice, limit: 1 << 20) == text + Self.good, "the last member says less than all")
    var limits = ReceiverLimits()
    limits.pending = 100_000
    let receiver = try receiver(limits)
    let request = Self.request(Self.gzip(text), encoding: "gzip")
    let replies = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<20 { group.addTask { await receiver.receive(request).status } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    // Blanks are no request: 400 for what got room, which one alone always does, and 429 for the others.
    #expect(replies.allSatisfy { [400, 429].contains($0) } && receiver.held == 0, "\(replies)")
    #expect(await receiver.receive(request).status == 400, "one alone is taken whatever its size")
  }

  @Test func singleSpansAreRefused() async throws {
    let receiver = try receiver()
    let body = OTLPText.traces([
      OTLPText.span(id: "0000000000000000"), OTLPText.span(), OTLPText.span(id: "work_1"),
    ])
    let reply = await receiver.receive(Self.request(Array(body.utf8)))
    #expect(reply.status == 200)
    let partial = try JSONParser.parse(reply.body)["partialSuccess"]
    #expect(partial?["rejectedSpans"] == "2")
    #expect(partial?["errorMessage"]?.string?.contains("spanId") == true)
    #expect(try stored() == 1 && receiver.received.traces.refused == 2)
  }

  @Test func whatWaitsIsBounded() async throws {
    var limits = ReceiverLimits()
    limits.pending = 20_000
    let receiver = try receiver(limits)
    let spans = (0..<40).map { OTLPText.span(id: "00000000000000\($0 + 10)") }
    let body = Array(OTLPText.traces(spans).utf8)
    #expect(body.count > 8000 && body.count < 20_000)
    let replies = await withTaskGroup(of: OTLPReply.self) { group in
      for _ in 0..<200 { group.addTask { await receiver.receive(Self.request(body)) } }
      var replies: [OTLPReply] = []
      for await reply in group { replies.append(reply) }
      return replies
    }
    let busy = replies.filter { $0.status == 429 }
    #expect(replies.allSatisfy { [200, 429].contains($0.status) })
    #expect(busy.allSatisfy { $0.retryAfterSeconds == 1 } && receiver.received.traces.busy == busy.count)
    #expect(try stored() == (200 - busy.count) * 40)
    // Room was given back: the next one is taken.
    #expect(await receiver.receive(Self.request(body)).status == 200)
  }

  @Test func aStoreThatWasTakenAwayIsMadeAgain() async throws {
    let receiver = try receiver()
    #expect(await receiver.receive(Self.request(Self.good)).status == 200)
    let files = PosixFileSystem()
    for name in ["signals.sqlite", "signals.sqlite-wal", "signals.sqlite-shm"] {
      try files.remove("\(folder.path)/.dsl/\(name)")
    }
    #expect(await receiver.receive(Self.request(Self.good)).status == 200)
    #expect(try stored() == 1)
  }
}
