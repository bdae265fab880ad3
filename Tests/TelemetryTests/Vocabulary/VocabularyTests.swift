import CoreMetrics
import DSLBase
import Testing
import Tracing

@testable import Telemetry

@Suite struct VocabularyTests {
  @Test func theRegistryKeepsWeaversRules() throws {
    let registry = try Registry()
    #expect(registry.faults.isEmpty)
    #expect(registry.groups.filter { $0.type == "span" }.count == 10)
  }

  /// The rules find what they are there for.
  @Test(arguments: [
    ("groups: [{id: a, type: span, span_kind: sideways, name: x, stability: stable, brief: b}]", "a: span"),
    ("groups: [{id: a, type: span, span_kind: client, name: x, brief: b}]", "a: no stability"),
    ("groups: [{id: a, type: attribute_group, prefix: p, stability: stable, brief: b}]", "prefix"),
    (
      "groups: [{id: a, type: attribute_group, stability: stable, brief: b}, "
        + "{id: a, type: attribute_group, stability: stable, brief: b}]", "group id a repeats"
    ),
    (
      "groups: [{id: a, type: event, name: e, stability: stable, brief: b, attributes: "
        + "[{ref: nowhere, requirement_level: required}]}]", "nowhere is declared nowhere"
    ),
    (
      "groups: [{id: a, type: attribute_group, stability: stable, brief: b, attributes: "
        + "[{id: x, type: string, stability: stable, brief: b}]}]", "a.x: no examples"
    ),
    (
      "groups: [{id: a, type: attribute_group, stability: stable, brief: b, attributes: "
        + "[{id: x, type: int, stability: new, brief: b}, {id: x, type: int, stability: stable, brief: b}]}]",
      "attribute x is declared twice"
    ),
    (
      "groups: [{id: metric.m, type: metric, metric_name: m, instrument: dial, unit: s, stability: stable, "
        + "brief: b}]", "metric.m: metric"
    ),
  ])
  func whatBreaksTheRulesIsFound(text: String, fault: String) throws {
    let faults = try Registry(texts: [("r.yaml", text)]).faults
    #expect(faults.contains { $0.contains(fault) }, "\(faults)")
  }

  /// The metrics of processes, as code declares them and as a collector gets them.
  @Test func metricsOfProcessesAreAsDeclared() throws {
    let registry = try Registry()
    let meters = MetricRegistry(start: Timestamp(seconds: 1))
    for metric in ProcessMetric.all {
      let labels = metric.labels.map { ($0, "x") }
      if metric.kind == .histogram {
        CoreMetrics.Timer(label: metric.name, dimensions: labels, factory: meters).recordSeconds(1)
      } else {
        Counter(label: metric.name, dimensions: labels, factory: meters).increment()
      }
    }
    let line = OTLPWriter.line(resource: Resource(service: "t"), families: meters.families, at: 2)
    let metrics = try JSONParser.parse(line)["resourceMetrics"]?.array?.first?["scopeMetrics"]?.array?.first?[
      "metrics"]
    #expect(metrics?.array?.count == ProcessMetric.all.count)
    for metric in metrics?.array ?? [] { #expect(registry.violations(metric: metric) == []) }
  }

  private func spans(_ line: [UInt8]) throws -> [JSONValue] {
    let data = try JSONParser.parse(line)
    return data["resourceSpans"]?.array?.first?["scopeSpans"]?.array?.first?["spans"]?.array ?? []
  }

  @Test func everySpanOfTheSampleIsAsDeclared() throws {
    let registry = try Registry()
    var names: Set<String> = []
    for span in try SampleTrace.lines().flatMap(spans) {
      #expect(registry.violations(span: span).isEmpty)
      names.insert(span["name"]?.string ?? "")
    }
    // The sample has them all, so none goes unchecked.
    #expect(names == Set(registry.groups.filter { $0.type == "span" }.map(\.name)))
  }

  /// The check itself finds what it is there for.
  @Test(arguments: [
    (SpanName.systemAnalysis, "completion_rate", SpanAttribute.int(1)), (.systemAnalysis, "queue", .int(1)),
    (SpanName(rawValue: "unheard.of"), "detail", "x"), (.decisionExecution, "decision_id", .int(7)),
    (.systemAnalysis, "health_state", "splendid"),
  ])
  func whatIsNotAsDeclaredIsFound(name: SpanName, key: String, value: SpanAttribute) throws {
    let exporter = InMemoryExporter()
    let tracer = SpanRecorder(serviceName: "t", exporter: exporter, time: ManualTime(), seed: 1)
    tracer.withSpan(name) { $0.attributes[key] = value }
    let registry = try Registry()
    let found = try exporter.lines.flatMap(spans).flatMap { registry.violations(span: $0) }
    #expect(found.contains { $0.contains(key) || $0.contains("unheard.of") })
  }
}
