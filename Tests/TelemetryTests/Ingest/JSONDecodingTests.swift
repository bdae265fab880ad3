import DSLBase
import Testing

@testable import Telemetry

/// What the JSON decoder takes and refuses, by the rules of opentelemetry-proto's specification.md.
@Suite struct JSONDecodingTests {
  private static let good: [(key: String, value: String)] = [
    ("traceId", #""5B8EFFF798038103D269B633813FC60C""#), ("spanId", #""eee19b7ec3c1b174""#),
    ("name", #""checkout""#), ("kind", "2"), ("startTimeUnixNano", #""1544712660000000001""#),
    ("endTimeUnixNano", #""1544712661000000000""#),
  ]

  /// A span like a good one but for some members; `nil` takes one out.
  private static func span(_ changes: [(String, String?)] = []) -> String {
    var members = good
    for (key, value) in changes {
      members.removeAll { $0.key == key }
      if let value { members.append((key, value)) }
    }
    return "{" + members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
  }

  private static func body(_ spans: String...) -> String {
    #"{"resourceSpans":[{"scopeSpans":[{"spans":["# + spans.joined(separator: ",") + "]}]}]}"
  }

  private func decode(_ body: String, _ signal: OTLPSignal = .traces) throws -> DecodedRequest {
    try OTLPDecoding.decode(signal, .json, Array(body.utf8), seed: 7)
  }

  private func spans(_ body: String) throws -> [SpanRecord] {
    let decoded = try decode(body)
    return try #require(decoded.block).withView { view in
      (0..<view.count).compactMap { if case .span(let span)? = view.signal($0) { span } else { nil } }
    } ?? []
  }

  /// Each alone makes its span unfit, and the reason says what is wrong.
  @Test(
    arguments: [
      ("traceId", #""5b8efff7-9803-8103-d269-b633813fc60c""#, "traceId"),
      ("traceId", #""W47/95gDgQPSabYzgT/GDA==""#, "traceId"), ("traceId", #""5b8efff798038103""#, "traceId"),
      ("traceId", #""00000000000000000000000000000000""#, "traceId"), ("traceId", nil, "traceId"),
      ("traceId", "7", "traceId"), ("traceId", #""5b8efff798038103d269b633813fc6:@""#, "traceId"),
      ("spanId", #""eee19b7ec3c1b17""#, "spanId"), ("spanId", #""eee19b7ec3c1b17G""#, "spanId"),
      ("spanId", #""0000000000000000""#, "spanId"), ("spanId", nil, "spanId"),
      ("parentSpanId", #""work_1""#, "parentSpanId"), ("kind", #""SPAN_KIND_SERVER""#, "kind"),
      ("kind", #""2""#, "kind"), ("kind", "2.5", "kind"), ("startTimeUnixNano", nil, "startTimeUnixNano"),
      ("startTimeUnixNano", #""2018-12-13T14:51:00Z""#, "startTimeUnixNano"),
      ("startTimeUnixNano", "1544712660.5", "startTimeUnixNano"),
      ("startTimeUnixNano", #""-1""#, "startTimeUnixNano"),
      ("startTimeUnixNano", #""9223372036854775808""#, "startTimeUnixNano"),
      ("endTimeUnixNano", #""0""#, "endTimeUnixNano"), ("name", "5", "name"),
      ("status", #"{"code":"STATUS_CODE_ERROR"}"#, "status"), ("status", #""error""#, "status"),
      ("attributes", #"[{"value":{"stringValue":"x"}}]"#, "key"),
      ("attributes", #"[{"key":"a","value":"x"}]"#, "stringValue"),
      ("attributes", #"[{"key":"a","value":{"intValue":"1.5"}}]"#, "intValue"),
      ("attributes", #"[{"key":"a","value":{"intValue":true}}]"#, "intValue"),
      ("attributes", #"[{"key":"a","value":{"boolValue":"true"}}]"#, "boolValue"),
      ("attributes", #"[{"key":"a","value":{"bytesValue":"a"}}]"#, "bytesValue"),
      ("links", #"[{"traceId":"5b8efff798038103d269b633813fc60c"}]"#, "link"),
      ("events", #"[{"timeUnixNano":"x"}]"#, "event"),
    ] as [(String, String?, String)])
  func oneSpanIsRefused(key: String, value: String?, reason: String) throws {
    let alone = try decode(Self.body(Self.span([(key, value)])))
    #expect(alone.block == nil && alone.refused == 1)
    #expect(alone.reason?.contains(reason) == true, "\(alone.reason ?? "")")
    // Beside a good one it leaves nothing behind: the block is what the good one alone makes.
    let beside = try decode(Self.body(Self.span(), Self.span([(key, value)])))
    let only = try decode(Self.body(Self.span()))
    #expect(beside.refused == 1 && beside.block?.index == only.block?.index)
    #expect(beside.block?.details == only.block?.details)
  }

  /// Nothing of these is taken.
  @Test(arguments: [
    "", "[]", "7", "null", "{", #"{"resourceSpans":{}}"#, #"{"resourceLogs":[]}"#,
    #"{"trace_id":"5b8efff798038103d269b633813fc60c","operation_name":"x"}"#, #"{"resourceSpans":[7]}"#,
    #"{"resourceSpans":[{}]} x"#,
    #"{"resourceSpans":[{"scopeSpans":[{"spans":[7]}]}]}"#, #"{"resourceSpans":[],"resourceSpans":[]}"#,
    #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","name":"b"}]}]}]}"#, #"{"a":01}"#,
    #"{"a":"\x"}"#,
    #"{"a":"\ud800"}"#, "{\"a\":\"\u{1}\"}", #"{"a":[1,]}"#, #"{"a":1,}"#, #"{a:1}"#, #"{"a":tru}"#,
    #"{"a":"b"#,
    #"{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{"intValue":"1","stringValue":"b"}}]}}]}"#,
  ])
  func theWholeIsRefused(body: String) {
    #expect(throws: DecodingFault.self, "\(body)") { try decode(body) }
  }

  @Test func invalidUTF8IsRefused() {
    let body = Array(#"{"a":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
    #expect(throws: DecodingFault.self) { try OTLPDecoding.decode(.traces, .json, body, seed: 1) }
  }

  @Test func nestingIsBounded() throws {
    func nested(_ depth: Int) -> String {
      let open = String(repeating: #"{"arrayValue":{"values":["#, count: depth)
      return open + #"{"boolValue":true}"# + String(repeating: "]}}", count: depth)
    }
    func attribute(_ depth: Int) -> String {
      Self.body(Self.span([("attributes", #"[{"key":"a","value":"# + nested(depth) + "}]")]))
    }
    #expect(try decode(attribute(20)).block != nil)
    #expect(throws: DecodingFault.self) { try decode(attribute(40)) }
    let unknown = String(repeating: "[", count: 100_000)
    #expect(throws: DecodingFault.self) { try decode(#"{"x":"# + unknown) }
  }

  @Test(arguments: ["{}", #"{"resourceSpans":[]}"#, #"{"resourceSpans":null,"x":[{"y":1e5}]}"#, " {} \n"])
  func emptyRequestsAreFine(body: String) throws {
    let decoded = try decode(body)
    #expect(decoded.block == nil && decoded.refused == 0)
  }

  @Test func whatTheSpecificationAllowsIsTaken() throws {
    let attributes = #"""
      [{"key":"s","value":{"stringValue":"a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00"}},{"key":"i","value":{"intValue":"-9223372036854775808"}},
       {"key":"n","value":{"intValue":42}},{"key":"d","value":{"doubleValue":1.5e3}},{"key":"w","value":{"doubleValue":"NaN"}},
       {"key":"t","value":{"boolValue":true}},{"key":"b","value":{"bytesValue":"-_8"}},{"key":"e","value":{}},{"key":"z"},
       {"value":{"kvlistValue":{"values":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"1"},{}]}}}]}},"key":"l"}]
      """#
    let span = try #require(
      try spans(
        Self.body(
          Self.span([
            ("startTimeUnixNano", "1544712660000000001"), ("parentSpanId", #""""#),
            ("attributes", attributes),
            ("trace_state", "7"), ("flags", "257"), ("kind", "9"), ("status", "null"),
            ("unknown", #"{"a":[1,{}]}"#),
          ]))
      ).first)
    #expect(span.traceID.description == "5b8efff798038103d269b633813fc60c")
    #expect(span.start.nanoseconds == 1_544_712_660_000_000_001 && span.parentSpanID == nil)
    #expect(span.kind == 0 && span.status == 0)
    #expect(span.attributes["s"] == "a\"\\/\u{8}\u{C}\n\r\téé😀")
    #expect(span.attributes["i"] == .int(Int64.min) && span.attributes["n"] == 42)
    #expect(span.attributes["d"] == 1500.0 && span.attributes["w"] == "NaN" && span.attributes["t"] == true)
    #expect(span.attributes["b"] == "+/8=" && span.attributes["e"] == .null && span.attributes["z"] == .null)
    #expect(span.attributes["l"]?["k"] == [1, .null])
  }

  @Test func membersMayComeInAnyOrder() throws {
    let resource = #"{"attributes":[{"value":{"stringValue":"late"},"key":"service.name"}]}"#
    let body =
      #"{"resourceSpans":[{"scopeSpans":[{"spans":["# + Self.span()
      + #"],"scope":{"version":"2","name":"lib"}}],"resource":"# + resource + "}]}"
    let span = try #require(try spans(body).first)
    #expect(span.origin.scope == "lib" && span.origin.scopeVersion == "2")
    #expect(span.origin.resource["service.name"] == "late")
  }

  @Test func longAndManyTextsStayWhole() throws {
    let long = String(repeating: "x", count: 300)
    let all = (0..<3000).map { number in
      Self.span([
        ("name", "\"\(long)\(number)\""),
        ("attributes", #"[{"key":"k\#(number)","value":{"stringValue":"v\#(number)"}}]"#),
      ])
    }
    let found = try spans(Self.body(all.joined(separator: ",")))
    #expect(found.count == 3000)
    for (number, span) in found.enumerated() where number % 177 == 0 {
      #expect(span.name == "\(long)\(number)" && span.attributes["k\(number)"] == .string("v\(number)"))
    }
  }

  @Test func recordsOfARequestAreBounded() {
    let body = Self.body((0..<20).map { _ in Self.span() }.joined(separator: ","))
    #expect {
      try OTLPDecoding.decode(.traces, .json, Array(body.utf8), seed: 1, recordLimit: 19)
    } throws: {
      ($0 as? DecodingFault)?.reason == OTLPDecoding.tooManyRecords
    }
  }

  @Test func logsAndMetricsAreTaken() throws {
    let logs = #"""
      {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"observedTimeUnixNano":"5","severityNumber":17,"severityText":"ERROR",
       "body":{"stringValue":"login failed"},"attributes":[{"key":"user","value":{"stringValue":"eve"}}]},{"body":{"stringValue":"no time"}}]}]}]}
      """#
    let decoded = try decode(logs, .logs)
    #expect(decoded.refused == 1 && decoded.block?.errors == 1)
    let log = decoded.block?.withView { $0.signal(0) } ?? nil
    guard case .log(let log)? = log else {
      Issue.record("no log record")
      return
    }
    #expect(log.body == "login failed" && log.time.nanoseconds == 5 && log.severityText == "ERROR")
    #expect(log.attributes["user"] == "eve" && log.traceID == nil)
    let metrics = #"""
      {"resourceMetrics":[{"scopeMetrics":[{"metrics":[
       {"name":"q","unit":"1","sum":{"dataPoints":[{"timeUnixNano":"9","asInt":"3"}],"isMonotonic":true,"aggregationTemporality":2}},
       {"histogram":{"dataPoints":[{"timeUnixNano":"9","count":"3","sum":4.5,"bucketCounts":["1","2"],"explicitBounds":[10]}]},"name":"h"},
       {"gauge":{"dataPoints":[{"timeUnixNano":"9","asDouble":1}]}}]}]}]}
      """#
    let points = try decode(metrics, .metrics)
    #expect(points.refused == 1 && points.reason?.contains("name") == true)
    let signals = points.block?.withView { view in (0..<view.count).compactMap { view.signal($0) } } ?? []
    guard case .point(let sum)? = signals.first, case .point(let histogram)? = signals.last else {
      Issue.record("no points")
      return
    }
    #expect(
      sum.metric == "q" && sum.integer == 3 && sum.isMonotonic && sum.temporality == 2 && sum.unit == "1")
    #expect(histogram.metric == "h" && histogram.value == 4.5 && histogram.distribution["count"] == 3)
    #expect(histogram.distribution["bucket_counts"] == [1, 2] && histogram.distribution["bounds"] == [10.0])
  }
}
