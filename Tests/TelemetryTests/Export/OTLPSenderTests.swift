import DSLBase
import Synchronization
import Telemetry
import Testing

/// The sender over a scripted collector and a clock that moves when told to.
@Suite struct OTLPSenderTests {
  private let time = ManualTime()
  private let told = Told()
  private let registry: MetricRegistry

  init() { registry = MetricRegistry(start: time.now) }

  private final class Told: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func tell(_ line: String) { lines.withLock { $0.append(line) } }
  }

  private func sender(
    _ collector: FakeCollector, _ change: (inout BatchPolicy, inout OTLPEndpoint) -> Void = { _, _ in }
  ) -> OTLPSender {
    var policy = BatchPolicy()
    var endpoint = OTLPEndpoint(.traces, url: "http://127.0.0.1:4318/v1/traces")
    change(&policy, &endpoint)
    var schedule = RetrySchedule()
    schedule.jitter = 0
    return OTLPSender(
      endpoint, resource: Resource(service: "test"), policy: policy, schedule: schedule, transport: collector,
      time: time, seed: 1, meters: ExportMeters(registry), tell: told.tell)
  }

  private func line(_ name: String) -> [UInt8] { Array(#"{"resourceSpans":[{"n":"\#(name)"}]}"#.utf8) }

  private func bodies(_ collector: FakeCollector) -> [String] {
    collector.requests.map { String(decoding: $0.body, as: UTF8.self) }
  }

  /// Lets other tasks run until something holds.
  private func until(_ what: String, _ holds: () -> Bool) async {
    for _ in 0..<20_000 where !holds() { await Task.yield() }
    if !holds() { for _ in 0..<45_000 where !holds() { try? await Task.sleep(nanoseconds: 2_000_000) } }
    #expect(holds(), "\(what)")
  }

  @Test func linesLeaveTogetherAfterTheDelay() async {
    let collector = FakeCollector([FakeCollector.taken], time)
    let sender = sender(collector)
    sender.offer(line("a"), items: 2)
    sender.offer(line("b"), items: 3)
    await until("asleep") { time.sleepers == 1 }
    #expect(collector.requests.isEmpty)
    time.advance(seconds: 5)
    await until("sent") { sender.statistics.sent == 5 }
    #expect(bodies(collector) == [#"{"resourceSpans":[{"n":"a"},{"n":"b"}]}"#])
    #expect(collector.requests[0].headers.contains(HTTPHeader("Content-Type", "application/json")))
    await sender.close(withinSeconds: 1)
    #expect(sender.statistics == .of(sent: 5, requests: 1))
    #expect(told.all.isEmpty)
  }

  @Test func aFullBatchLeavesAtOnceAndTheQueueIsBounded() async {
    let collector = FakeCollector([.silence], time)
    let sender = sender(collector) { policy, _ in
      policy.maximumBatch = 2
      policy.maximumQueue = 3
    }
    for name in ["a", "b"] { sender.offer(line(name), items: 1) }
    await until("under way") { collector.requests.count == 1 }
    for name in ["c", "d", "e", "f", "g"] { sender.offer(line(name), items: 1) }
    #expect(sender.statistics.dropped == 2)
    #expect(counted("dropped") == 2)
  }

  private func counted(_ result: String) -> Double? {
    let points = registry.families.first { $0.declaration == ProcessMetric.exportedItems }?.points ?? []
    let point = points.first {
      $0.labels == [MetricLabel("signal", "traces"), MetricLabel("result", result)]
    }
    guard case .number(let number)? = point?.value else { return nil }
    return number
  }

  @Test(arguments: [429, 502, 503, 504])
  func whatMaySucceedLaterIsSentAgain(status: Int) async {
    let collector = FakeCollector(
      [FakeCollector.status(status), FakeCollector.status(status, after: "7"), FakeCollector.taken], time)
    let sender = sender(collector)
    sender.offer(line("a"), items: 1)
    await until("asleep") { time.sleepers == 1 }
    time.advance(seconds: 5)
    await until("first wait") { collector.requests.count == 1 && time.sleepers == 1 }
    time.advance(seconds: 1)
    await until("second wait") { collector.requests.count == 2 && time.sleepers == 1 }
    time.advance(seconds: 6.9)
    #expect(collector.requests.count == 2, "not before Retry-After")
    time.advance(seconds: 0.2)
    await until("sent") { sender.statistics.sent == 1 }
    #expect(Set(bodies(collector)).count == 1)
    await sender.close(withinSeconds: 1)
    #expect(
      told.all.count == 2 && told.all[0].contains("status \(status)") && told.all[1].hasSuffix("sent again"))
  }

  @Test(arguments: [400, 401, 404, 413, 500])
  func whatWillNotIsNot(status: Int) async {
    let collector = FakeCollector([FakeCollector.status(status, #"{"message":"no\nway"}"#)], time)
    let sender = sender(collector) { policy, _ in policy.delaySeconds = 0 }
    sender.offer(line("a"), items: 4)
    await until("rejected") {
      sender.statistics.rejected == 4
        || {
          time.advance(seconds: 0.1); return false
        }()
    }
    await sender.close(withinSeconds: 1)
    #expect(sender.statistics == .of(rejected: 4, requests: 1))
    #expect(told.all.first?.contains("status \(status): no way; lost 4 spans") == true, "\(told.all)")
    #expect(counted("rejected") == 4)
  }

  @Test func partialSuccessIsCountedAndTold() async {
    let body = #"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}"#
    let collector = FakeCollector([.response(HTTPReply(status: 200, body: Array(body.utf8)))], time)
    let sender = sender(collector)
    sender.offer(line("a"), items: 5)
    await sender.close(withinSeconds: 1)
    #expect(sender.statistics == .of(sent: 3, rejected: 2, requests: 1))
    #expect(told.all.first?.contains("rejected 2 of 5 spans: too old") == true)
  }

  @Test func aBatchIsGivenUpInTheEnd() async {
    let collector = FakeCollector([FakeCollector.refused], time)
    let sender = sender(collector)
    sender.offer(line("a"), items: 1)
    for _ in 0..<200 where sender.statistics.failed == 0 {
      await until("asleep or given up") { time.sleepers == 1 || sender.statistics.failed == 1 }
      time.advance(seconds: 1)
    }
    // 1 + 2 + 4 + 8 seconds; 16 more would pass the 30 that a batch has.
    #expect(collector.requests.count == 5 && sender.statistics == .of(failed: 1, requests: 5))
    await sender.close(withinSeconds: 1)
    #expect(told.all.count == 2, "the trouble once, the loss once: \(told.all)")
    #expect(told.all.last?.contains("lost 1 span") == true)
  }

  @Test func theEndTriesAReceiverThatIsNotThereOnce() async {
    let collector = FakeCollector([FakeCollector.refused], time)
    let sender = sender(collector)
    sender.offer(line("a"), items: 3)
    await sender.close(withinSeconds: 2)
    #expect(sender.statistics == .of(failed: 3, requests: 1))
    sender.offer(line("late"), items: 1)
    #expect(sender.statistics.dropped == 1)
  }

  @Test func theEndWaitsNoLongerThanItMay() async {
    let collector = FakeCollector([.silence], time)
    let sender = sender(collector) { policy, _ in policy.maximumBatch = 1 }
    for name in ["a", "b", "c"] { sender.offer(line(name), items: 1) }
    let closing = Task { await sender.close(withinSeconds: 2) }
    await until("under way") { collector.requests.count == 1 && time.sleepers == 2 }
    time.advance(seconds: 2)
    await closing.value
    #expect(sender.statistics.failed == 3 && sender.statistics.sent == 0)
    #expect(collector.requests.allSatisfy { $0.timeoutSeconds <= 10 })
  }

  @Test func theEndCutsABackOffShort() async {
    let collector = FakeCollector([FakeCollector.refused, FakeCollector.taken], time)
    let sender = sender(collector)
    sender.offer(line("a"), items: 1)
    await until("asleep") { time.sleepers == 1 }
    time.advance(seconds: 5)
    await until("backs off") { collector.requests.count == 1 && time.sleepers == 1 }
    await sender.close(withinSeconds: 2)
    #expect(sender.statistics == .of(sent: 1, requests: 2))
  }

  /// `{"resourceSpans":[{"schemaUrl":"a"}]}`: field 1 of the request, in it field 3.
  @Test func bodiesAreProtobufWhenAsked() async throws {
    let type = HTTPHeader("Content-Type", "application/x-protobuf")
    let partial: [UInt8] = [0x0A, 0x02, 0x08, 0x01]
    let collector = FakeCollector([.response(HTTPReply(status: 200, headers: [type], body: partial))], time)
    let sender = sender(collector) { _, endpoint in endpoint.encoding = .protobuf }
    sender.offer(Array(#"{"resourceSpans":[{"schemaUrl":"a"}]}"#.utf8), items: 3)
    await sender.close(withinSeconds: 1)
    let request = try #require(collector.requests.first)
    #expect(request.headers.contains(type) && request.body == [0x0A, 0x03, 0x1A, 0x01, 0x61])
    #expect(sender.statistics == .of(sent: 2, rejected: 1, requests: 1))
  }

  @Test func whatCannotBeEncodedIsToldAndTheRestGoesOn() async throws {
    let collector = FakeCollector([FakeCollector.taken], time)
    let sender = sender(collector) { policy, endpoint in
      endpoint.encoding = .protobuf
      policy.maximumBatch = 1
    }
    sender.offer(Array(#"{"resourceSpans":[{"schemaUrl":7}]}"#.utf8), items: 1)
    sender.offer(Array(#"{"resourceSpans":[{"schemaUrl":"a"}]}"#.utf8), items: 1)
    await sender.close(withinSeconds: 1)
    #expect(sender.statistics == .of(sent: 1, failed: 1, requests: 1))
    #expect(told.all.first?.contains("schemaUrl is a number of another form; lost 1 span") == true)
  }

  @Test func bodiesAreCompressedWhenAsked() async throws {
    let collector = FakeCollector([FakeCollector.taken], time)
    let sender = sender(collector) { _, endpoint in
      endpoint.gzip = true
      endpoint.headers = [HTTPHeader("authorization", "Bearer x"), HTTPHeader("user-agent", "mine")]
    }
    sender.offer(line(String(repeating: "a", count: 10_000)), items: 1)
    await sender.close(withinSeconds: 1)
    let request = try #require(collector.requests.first)
    #expect(request.headers.contains(HTTPHeader("Content-Encoding", "gzip")))
    #expect(request.headers.contains(HTTPHeader("authorization", "Bearer x")))
    #expect(request.headers.filter { $0.name.lowercased() == "user-agent" }.map(\.value) == ["mine"])
    #expect(request.body.starts(with: [0x1F, 0x8B]) && request.body.count < 200)
  }
}

extension OTLPSender.Statistics {
  fileprivate static func of(
    sent: Int = 0, rejected: Int = 0, dropped: Int = 0, failed: Int = 0, requests: Int = 0
  ) -> Self {
    var result = Self()
    result.sent = sent
    result.rejected = rejected
    result.dropped = dropped
    result.failed = failed
    result.requests = requests
    return result
  }
}
