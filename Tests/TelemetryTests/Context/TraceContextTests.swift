import DSLBase
import Telemetry
import Testing
import Tracing

@Suite struct TraceContextTests {
  private static let trace = "0af7651916cd43dd8448eb211c80319c"
  private static let span = "b7ad6b7169203331"

  @Test(arguments: [
    ("00-\(trace)-\(span)-01", 1), ("00-\(trace)-\(span)-00", 0), ("00-\(trace)-\(span)-03", 3),
    // Flags that version 00 does not define are not passed on.
    ("00-\(trace)-\(span)-ff", 3),
    // A later version is read as far as it is known, whatever follows after a dash.
    ("cc-\(trace)-\(span)-01", 1), ("cc-\(trace)-\(span)-01-what-the-future-brings", 1),
    ("01-\(trace)-\(span)-ff", 1),
  ])
  func validOnesAreRead(text: String, flags: Int) throws {
    let context = try #require(TraceContext(traceparent: text))
    #expect(context.traceID.description == Self.trace)
    #expect(context.spanID.description == Self.span)
    #expect(Int(context.flags) == flags)
    #expect(context.isRemote)
  }

  @Test(arguments: [
    "", "00", "ff-\(trace)-\(span)-01", "00-\(trace)-\(span)-01-extra", "00-\(trace)-\(span)-1",
    "00-\(trace)-\(span)",
    "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01", "00-\(trace)-\(span)-0A",
    "0X-\(trace)-\(span)-01", "00-00000000000000000000000000000000-\(span)-01",
    "00-\(trace)-0000000000000000-01",
    "00_\(trace)-\(span)-01", "00-+af7651916cd43dd8448eb211c80319c-\(span)-01",
    "cc-\(trace)-\(span)-01.extra",
    " 00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01 ", "00-\(trace)-\(span)-é",
  ])
  func invalidOnesAreRefused(text: String) { #expect(TraceContext(traceparent: text) == nil) }

  @Test(arguments: [1, 2, 3, 0xDEAD_BEEF] as [UInt64])
  func whatIsWrittenIsReadBack(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    for _ in 0..<500 {
      let context = TraceContext(
        traceID: TraceID(using: &generator), spanID: SpanID(using: &generator),
        flags: UInt8.random(in: 0...3, using: &generator),
        isRemote: true)
      #expect(TraceContext(traceparent: context.traceparent) == context, "seed \(seed)")
    }
  }

  /// Whatever single byte is changed, the text is either refused or denotes what it then says.
  @Test(arguments: [7, 8, 9] as [UInt64])
  func oneChangedByteIsRefusedOrTaken(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let valid = Array("00-\(Self.trace)-\(Self.span)-01".utf8)
    for _ in 0..<2000 {
      var bytes = valid
      let position = Int.random(in: 0..<bytes.count, using: &generator)
      bytes[position] = UInt8.random(in: 0...0x7F, using: &generator)
      let text = String(decoding: bytes, as: UTF8.self)
      let hex = "0123456789abcdef".utf8
      let isDash = [2, 35, 52].contains(position)
      let fits = isDash ? bytes[position] == valid[position] : hex.contains(bytes[position])
      // Only a change of the version's first digit can make the length of version 00 matter no more.
      #expect((TraceContext(traceparent: text) != nil) == fits, "seed \(seed): \(text)")
    }
  }

  @Test(arguments: [
    ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
    (" a=1 ,\t b=2,", "a=1,b=2"), ("fw529a3039@dt=FfffffffF", "fw529a3039@dt=FfffffffF"),
    ("0a=x y", "0a=x y"),
  ])
  func stateIsCarried(text: String, carried: String) throws {
    let context = try #require(
      TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-01", tracestate: text))
    #expect(context.state.text == carried)
  }

  @Test(arguments: [
    "A=1", "a", "a=", "a=b=c", "a=1,a=2", "a@b@c=1", "@a=1", "a=\u{7F}", "a=é",
    (0..<33).map { "k\($0)=1" }.joined(separator: ","), String(repeating: "k", count: 257) + "=1",
  ])
  func invalidStateIsDroppedWithoutTheRest(text: String) throws {
    let context = try #require(
      TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-01", tracestate: text))
    #expect(context.state.text.isEmpty)
  }

  @Test func theEnvironmentCarriesContextToAChild() throws {
    let recorder = SpanRecorder(
      serviceName: "t", exporter: InMemoryExporter(), time: ManualTime(), seed: 1)
    let incoming = [
      "TRACEPARENT": "00-\(Self.trace)-\(Self.span)-01", "TRACESTATE": "a=1", "BAGGAGE": "user=1",
      "traceparent": "no",
    ]
    var context = ServiceContext.topLevel
    recorder.extract(incoming, into: &context, using: EnvironmentCarrier())
    let span = recorder.startSpan("child", context: context)
    var outgoing: [String: String] = [:]
    recorder.inject(span.context, into: &outgoing, using: EnvironmentCarrier())
    #expect(outgoing["TRACEPARENT"] == "00-\(Self.trace)-\(span.traceContext.spanID)-01")
    #expect(outgoing["TRACESTATE"] == "a=1")
    #expect(outgoing["BAGGAGE"] == "user=1")
    #expect(span.traceContext.environment.map(\.name) == ["TRACEPARENT", "TRACESTATE"])
    #expect(TraceContext(environment: outgoing)?.spanID == span.traceContext.spanID)
  }
}
