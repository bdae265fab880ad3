import Coordination
import DSLBase
import Telemetry
import Testing

@testable import SignalStore

/// What is asked of the store, and what it answers.
@Suite struct QueryTests {
  private static let other = "0af7651916cd43dd8448eb211c80319c"

  private func shop() throws -> TestStore {
    let test = try TestStore()
    try test.add(
      OTLPText.traces([
        OTLPText.span(id: "0000000000000001", name: "GET /cart", at: 0, lasting: 0.5),
        OTLPText.span(
          id: "0000000000000002", parent: "0000000000000001", name: "GET /cart/items", at: 0.1, lasting: 0.2,
          status: 2, attributes: [("http.route", "/items")]),
      ]), at: 1)
    try test.add(
      OTLPText.traces(
        [
          OTLPText.span(
            id: "0000000000000003", parent: "0000000000000001", name: "charge", at: 0.2, lasting: 0.1),
          OTLPText.span(trace: Self.other, id: "0000000000000004", name: "charge", at: 60, lasting: 2),
        ], service: "bank"), at: 61)
    return test
  }

  @Test func aSpanComesBackWhole() throws {
    let test = try TestStore()
    let extra = """
      ,"traceState":"a=b","droppedLinksCount":3,"events":[{"timeUnixNano":"\(OTLPText.start)","name":"e",\
      "attributes":[{"value":{"intValue":"-7"},"key":"n"}]}],\
      "links":[{"traceId":"\(Self.other)","spanId":"00f067aa0ba902b7","attributes":[{"key":"l","value":{"boolValue":true}}]}]
      """
    try test.add(
      OTLPText.traces([
        OTLPText.span(parent: "00f067aa0ba902b7", name: "caf\\u00e9 \\ud83d\\ude00", status: 2, extra: extra)
      ]))
    let span = try #require(try test.spans().first)
    #expect(span.name == "café 😀")
    #expect(span.traceID.description == "5b8efff798038103d269b633813fc60c")
    #expect(span.spanID.description == "eee19b7ec3c1b174")
    #expect(span.parentSpanID?.description == "00f067aa0ba902b7")
    #expect(span.origin.service == "shop" && span.origin.resource["host.name"] == "n1")
    #expect(span.origin.scope == "lib" && span.origin.scopeVersion == "1.2")
    #expect(span.kind == 2 && span.status == 2 && span.traceState == "a=b" && span.dropped.links == 3)
    #expect(span.start.nanoseconds == OTLPText.start && span.nanoseconds == 100_000_000)
    #expect(span.events.map(\.name) == ["e"] && span.events.first?.attributes["n"] == .int(-7))
    #expect(span.links.first?.spanID.description == "00f067aa0ba902b7")
    #expect(span.links.first?.attributes["l"] == true)
  }

  @Test func filtersLeaveOutWhatIsNotWanted() throws {
    let test = try shop()
    func ids(_ change: (inout SignalQuery) -> Void) throws -> [String] {
      try test.spans(change).map { String($0.spanID.description.suffix(1)) }
    }
    #expect(try ids { _ in } == ["4", "3", "2", "1"])
    #expect(try ids { $0.service = "bank" } == ["4", "3"])
    #expect(try ids { $0.service = "ban" } == [])
    #expect(try ids { $0.name = "GET /cart" } == ["1"])
    #expect(try ids { $0.name = "GET /cart*" } == ["2", "1"])
    #expect(try ids { $0.status = 2 } == ["2"])
    #expect(try ids { $0.minimumNanoseconds = 500_000_000 } == ["4", "1"])
    #expect(try ids { $0.since = TestStore.at(0.15) } == ["4", "3"])
    #expect(try ids { $0.until = TestStore.at(0.1) } == ["1"])
    #expect(try ids { $0.attributes = [("http.route", "/items")] } == ["2"])
    #expect(try ids { $0.attributes = [("host.name", "n1"), ("http.route", "/")] } == [])
    #expect(try ids { $0.limit = 2 } == ["4", "3"])
    #expect(try ids { $0.limit = 0 } == [])
    #expect(try ids { $0.trace = TraceID(hex: Self.other) } == ["4"])
  }

  @Test func aTraceIsPutTogetherFromSegments() throws {
    let test = try shop()
    let id = try #require(TraceID(hex: "5b8efff798038103d269b633813fc60c"))
    let spans = try test.store.trace(id).spans
    #expect(spans.map(\.name) == ["GET /cart", "GET /cart/items", "charge"])
    // What was sent twice is there once.
    try test.add(OTLPText.traces([OTLPText.span(id: "0000000000000001", name: "GET /cart", lasting: 0.5)]))
    #expect(try test.store.trace(id).spans == spans)
  }

  @Test func tracesAreSummed() throws {
    let test = try shop()
    let traces = try test.store.traces(SignalQuery(.traces))
    #expect(traces.map(\.name) == ["charge", "GET /cart"])
    let second = try #require(traces.last)
    #expect(second.service == "shop" && second.hasRoot && second.spans == 3 && second.errors == 1)
    #expect(second.services == 2 && second.nanoseconds == 500_000_000)
    var query = SignalQuery(.traces)
    query.service = "bank"
    query.until = TestStore.at(10)
    #expect(try test.store.traces(query).map(\.name) == ["GET /cart"])
  }

  @Test func windowsCountWhatEndedInThem() throws {
    let test = try shop()
    let windows = try test.store.windows(since: TestStore.at(0), until: TestStore.at(65), length: 1)
    #expect(windows.map(\.service) == ["bank", "shop", "bank"])
    #expect(windows.map(\.spans) == [1, 2, 1] && windows.map(\.errors) == [0, 1, 0])
    #expect(windows[0].callers == ["shop"] && windows[1].callers == [])
    #expect(windows[2].start == TestStore.at(62) && windows[2].durations.quantile(0.99) == 2)
    #expect(windows[1].durations.quantile(0.5) == 0.2 && windows[1].durations.quantile(0.51) == 0.5)
    #expect(throws: DSLError.self) {
      try test.store.windows(since: TestStore.at(0), until: TestStore.at(1e6), length: 0.001)
    }
  }

  /// Random spans, and the same question answered by looking at each of them.
  @Test(arguments: [1, 2, 3]) func queriesAgreeWithASlowSearch(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let test = try TestStore()
    var all: [(id: String, service: String, at: Double, lasting: Double, status: Int)] = []
    for _ in 0..<20 {
      let service = "s\(random.next() % 3)"
      let batch = (0..<10).map { _ in
        (
          id: random.hex(bytes: 8), service: service, at: Double(random.next() % 1000),
          lasting: Double(random.next() % 100) / 10, status: Int(random.next() % 3)
        )
      }
      all += batch
      let spans = batch.map { OTLPText.span(id: $0.id, at: $0.at, lasting: $0.lasting, status: $0.status) }
      try test.add(OTLPText.traces(spans, service: service))
    }
    for _ in 0..<30 {
      let (service, status) = ("s\(random.next() % 4)", Int(random.next() % 3))
      let (since, length) = (Double(random.next() % 1000), Double(random.next() % 600))
      let limit = Int(random.next() % 20)
      let wanted = all.filter {
        $0.service == service && $0.status == status && $0.at >= since && $0.at < since + length
      }
      let found = try test.spans {
        ($0.service, $0.status, $0.limit) = (service, status, limit)
        ($0.since, $0.until) = (TestStore.at(since), TestStore.at(since + length))
      }
      #expect(found.count == min(limit, wanted.count), "seed \(seed)")
      #expect(found.map { $0.start } == found.map { $0.start }.sorted(by: >))
      let newest = wanted.map(\.at).sorted(by: >).prefix(limit)
      #expect(found.map { $0.start } == newest.map(TestStore.at), "seed \(seed)")
    }
  }
}
