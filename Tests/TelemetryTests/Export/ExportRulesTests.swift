import DSLBase
import Testing

@testable import Telemetry

/// The pure parts of the exporter.
@Suite struct ExportRulesTests {
  private let now = Timestamp(seconds: 1_445_412_420)  // Wed, 21 Oct 2015 07:27:00 GMT

  @Test(
    arguments: [
      ("120", 120.0), (" 7 ", 7), ("Wed, 21 Oct 2015 07:28:00 GMT", 60), ("Wed, 21 Oct 2015 07:00:00 GMT", 0),
      ("soon", nil), ("-1", nil), ("", nil), ("Wed, 21 Foo 2015 07:28:00 GMT", nil),
    ] as [(String, Double?)])
  func retryAfterIsANumberOrADate(text: String, seconds: Double?) {
    #expect(OTLPVerdict.retryAfter(text, now: now) == seconds)
  }

  @Test(
    arguments: [
      (200, "", .accepted(rejected: 0, message: nil)),
      (200, "not json", .accepted(rejected: 0, message: nil)),
      (202, #"{"partialSuccess":{"rejectedDataPoints":3}}"#, .accepted(rejected: 3, message: nil)),
      (200, #"{"partialSuccess":{"rejectedLogRecords":"-5"}}"#, .accepted(rejected: 0, message: nil)),
      (200, #"{"partialSuccess":{"errorMessage":"beware"}}"#, .accepted(rejected: 0, message: "beware")),
      (503, "<html>", .later("status 503: <html>", afterSeconds: nil)),
      (400, "\u{1B}[31m", .refused("status 400")), (301, "", .refused("status 301")),
    ] as [(Int, String, OTLPVerdict)])
  func responsesAreJudged(status: Int, body: String, verdict: OTLPVerdict) {
    #expect(OTLPVerdict(HTTPReply(status: status, body: Array(body.utf8)), now: now) == verdict)
  }

  /// The same answers as protobuf: bytes by hand from the encoding's specification.
  @Test(
    arguments: [
      (200, [], .accepted(rejected: 0, message: nil)),
      (200, [0x0A, 0x02, 0x08, 0x03], .accepted(rejected: 3, message: nil)),
      (200, [0x12, 0x00, 0x0A, 0x05, 0x08, 0x02, 0x12, 0x01, 0x61], .accepted(rejected: 2, message: "a")),
      (
        200, [0x0A, 0x0B, 0x08] + Array(repeating: 0xFF, count: 9) + [0x01],
        .accepted(rejected: 0, message: nil)
      ),
      (200, [0x0A, 0x05, 0x08, 0x02], .accepted(rejected: 0, message: nil)),
      (400, [0x08, 0x03, 0x12, 0x03, 0x6E, 0x0A, 0x6F], .refused("status 400: n o")),
      (503, [0x12, 0x7F, 0x61], .later("status 503", afterSeconds: nil)),
    ] as [(Int, [UInt8], OTLPVerdict)])
  func responsesInProtobufAreJudged(status: Int, body: [UInt8], verdict: OTLPVerdict) {
    let type = HTTPHeader("content-type", "application/x-protobuf")
    #expect(OTLPVerdict(HTTPReply(status: status, headers: [type], body: body), now: now) == verdict)
  }

  @Test func waitsGrowWithinBoundsAndHonourWhatIsAsked() {
    let schedule = RetrySchedule()
    for attempt in 1...40 {
      let plain = min(30, pow2(attempt - 1))
      #expect(schedule.delay(afterAttempt: attempt, asked: nil, draw: 0) == plain * 0.75)
      #expect(schedule.delay(afterAttempt: attempt, asked: nil, draw: 0.5) == plain)
      #expect(schedule.delay(afterAttempt: attempt, asked: 45, draw: 0.5) == 45)
    }
  }

  private func pow2(_ exponent: Int) -> Double {
    (0..<exponent).reduce(1.0) { product, _ in min(product * 2, 1e9) }
  }

  /// Whatever is offered and taken: bounds hold, nothing is lost or doubled, order stays.
  @Test(arguments: 0..<50)
  func theQueueKeepsItsBounds(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var policy = BatchPolicy()
    policy.maximumQueue = Int.random(in: 1...30, using: &random)
    policy.maximumBatch = Int.random(in: 1...policy.maximumQueue, using: &random)
    policy.queueBytes = Int.random(in: 1...200, using: &random)
    policy.batchBytes = Int.random(in: 1...100, using: &random)
    var queue = ExportQueue(policy)
    var expected: [ExportQueue.Entry] = []
    for number in 0..<400 {
      if Bool.random(using: &random) {
        let entry = ExportQueue.Entry(
          content: .line(
            Array(repeating: UInt8(number % 251), count: Int.random(in: 0...40, using: &random))),
          items: Int.random(in: 1...8, using: &random))
        let wasEmpty = queue.isEmpty
        if queue.offer(entry) { expected.append(entry) } else { #expect(!wasEmpty, "seed \(seed)") }
      } else {
        let batch = queue.take()
        #expect(batch == Array(expected.prefix(batch.count)), "seed \(seed)")
        #expect(batch.isEmpty == expected.isEmpty, "seed \(seed)")
        let sum = batch.reduce(0) { $0 + $1.items }
        #expect(batch.count <= 1 || sum <= policy.maximumBatch, "seed \(seed)")
        expected.removeFirst(batch.count)
      }
      #expect(queue.items == expected.reduce(0) { $0 + $1.items }, "seed \(seed)")
      #expect(queue.bytes == expected.reduce(0) { $0 + $1.size }, "seed \(seed)")
      #expect(expected.count <= 1 || queue.items <= policy.maximumQueue, "seed \(seed)")
    }
  }

  @Test func aBodyHoldsTheLinesOfItsSignalOnly() {
    let opening = Array(#"{"resourceSpans":["#.utf8)
    let lines = [
      #"{"resourceSpans":[{"a":1}]}"#, #"{"resourceLogs":[{"b":1}]}"#, "{", #"{"resourceSpans":[{"c":1}]}"#,
    ]
    let batch = lines.map { ExportQueue.Entry(content: .line(Array($0.utf8)), items: 1) }
    let body = ExportQueue.body(batch, opening: opening, resource: Resource(service: "s"))
    #expect(String(decoding: body, as: UTF8.self) == #"{"resourceSpans":[{"a":1},{"c":1}]}"#)
  }

  @Test func recordsAreEncodedTogetherWhenTheyAreSent() throws {
    let batch = ["one", "two"].map { text in
      let record = LogRecord(at: now, severity: .info, level: "info", body: text, attributes: [("k", text)])
      return ExportQueue.Entry(content: .record(record), items: 1)
    }
    let opening = OTLPSender.opening(.logs)
    let body = try JSONParser.parse(
      ExportQueue.body(batch, opening: opening, resource: Resource(service: "s")))
    let resources = try #require(body["resourceLogs"]?.array)
    #expect(resources.count == 1, "the resource is told once")
    let records = resources.first?["scopeLogs"]?.array?.first?["logRecords"]?.array
    #expect(records?.map { $0["body"]?["stringValue"]?.string } == ["one", "two"])
  }
}
