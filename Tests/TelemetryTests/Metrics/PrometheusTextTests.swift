import DSLBase
import Telemetry
import Testing

@Suite struct PrometheusTextTests {
  private let queue = MetricDeclaration("a.queue", .gauge, unit: "{item}", #"Items, "all" of them\of it."#)
  private let done = MetricDeclaration("a.done", .counter, unit: "1", "Done.", labels: ["kind"])
  private let took = MetricDeclaration("a.took", .histogram, unit: "s", "Time\ntaken.")

  private var families: [MetricFamily] {
    var spread = HistogramValue(bounds: [0.5, 1])
    for value in [0.5, 0.7, 3, .nan] { spread.record(value) }
    let odd = MetricLabel("kind", "a\"b\\c\nd")
    return [
      MetricFamily(queue, 7),
      MetricFamily(MetricDeclaration("a.none", .gauge, unit: "1", "None."), nil as Double?),
      MetricFamily(
        done, [MetricPoint(.number(0.25), labels: [odd]), MetricPoint(.number(2), labels: [odd])]),
      MetricFamily(took, [MetricPoint(.histogram(spread))]),
      MetricFamily(queue, 8),
    ]
  }

  @Test func theTextFormat() {
    let expected = #"""
      # HELP a_queue Items, "all" of them\\of it.
      # TYPE a_queue gauge
      a_queue 7
      # HELP a_done_total Done.
      # TYPE a_done_total counter
      a_done_total{kind="a\"b\\c\nd"} 0.25
      # HELP a_took_seconds Time\ntaken.
      # TYPE a_took_seconds histogram
      a_took_seconds_bucket{le="0.5"} 1
      a_took_seconds_bucket{le="1.0"} 2
      a_took_seconds_bucket{le="+Inf"} 3
      a_took_seconds_sum 4.2
      a_took_seconds_count 3

      """#
    #expect(PrometheusText.page(families, .text) == expected)
  }

  @Test func openMetricsNamesFamiliesWithoutSuffixAndEnds() {
    let expected = #"""
      # HELP a_queue Items, \"all\" of them\\of it.
      # TYPE a_queue gauge
      a_queue 7
      # HELP a_done Done.
      # TYPE a_done counter
      a_done_total{kind="a\"b\\c\nd"} 0.25
      # HELP a_took_seconds Time\ntaken.
      # TYPE a_took_seconds histogram
      # UNIT a_took_seconds seconds
      a_took_seconds_bucket{le="0.5"} 1
      a_took_seconds_bucket{le="1.0"} 2
      a_took_seconds_bucket{le="+Inf"} 3
      a_took_seconds_sum 4.2
      a_took_seconds_count 3
      # EOF

      """#
    #expect(PrometheusText.page(families, .openMetrics) == expected)
    #expect(PrometheusText.page([], .openMetrics) == "# EOF\n")
    #expect(PrometheusText.page([], .text).isEmpty)
  }

  @Test func anExemplarStandsInItsBucketWhereTheFormatHasSome() {
    var spread = HistogramValue(bounds: [0.5, 1])
    for value in [0.5, 0.7, 3] { spread.record(value) }
    let trace = String(repeating: "ab", count: 16)
    spread.exemplar = .init(0.7, traceID: trace, at: Timestamp(nanoseconds: 1_500_000_000_250_000_000))
    let family = MetricFamily(took, [MetricPoint(.histogram(spread))])
    let lines = PrometheusText.page([family], .openMetrics).split(separator: "\n").filter {
      $0.contains("# {")
    }
    #expect(lines == [#"a_took_seconds_bucket{le="1.0"} 2 # {trace_id="\#(trace)"} 0.7 1500000000.25"#])
    #expect(!PrometheusText.page([family], .text).contains("trace_id"))
  }

  @Test(arguments: [
    (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (0, "0"), (-3, "-3"), (1e-5, "1e-05"),
    (1e22, "1e+22"), (0.1 + 0.2, "0.30000000000000004"), (9_007_199_254_740_991, "9007199254740991"),
  ])
  func numbers(value: Double, text: String) {
    let page = PrometheusText.page([MetricFamily(queue, value)], .text)
    #expect(page.hasSuffix("\na_queue \(text)\n"))
  }

  @Test(arguments: [
    ("dsl.auto.health.score", "dsl_auto_health_score"), ("9.lives", "_9_lives"), ("räte-1", "r__te_1"),
  ])
  func namesAreLegal(name: String, legal: String) {
    #expect(MetricDeclaration(name, .gauge, unit: "1", "x").prometheusName == legal)
  }

  @Test func unitsEndNamesOnce() {
    #expect(MetricDeclaration("x.size", .gauge, unit: "By", "x").prometheusName == "x_size_bytes")
    #expect(MetricDeclaration("x.seconds", .gauge, unit: "s", "x").prometheusName == "x_seconds")
  }

  /// What Prometheus 2.42 and 3.0 and others send, and odd ones.
  @Test(arguments: [
    (nil, PrometheusFormat.text), ("", .text), ("*/*", .text), ("text/plain", .text), ("text/html", .text),
    (
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
    ),
    (
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.2", .openMetrics
    ),
    ("text/plain, application/openmetrics-text;q=0.5", .text), ("application/openmetrics-text; q=0", .text),
    ("Application/OpenMetrics-Text", .openMetrics), ("application/openmetrics-text;version=2.0.0", .text),
  ])
  func acceptChooses(accept: String?, format: PrometheusFormat) {
    #expect(PrometheusFormat(accept: accept) == format)
  }

  @Test func contentTypesNameVersionAndEncoding() {
    #expect(PrometheusFormat.text.contentType == "text/plain; version=0.0.4; charset=utf-8")
    #expect(
      PrometheusFormat.openMetrics.contentType
        == "application/openmetrics-text; version=1.0.0; charset=utf-8")
  }
}
