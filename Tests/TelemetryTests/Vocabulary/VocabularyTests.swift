import DSLBase
import Telemetry
import Testing
import Tracing

@Suite struct VocabularyTests {
  @Test func theRegistryKeepsWeaversRules() throws {
    let registry = try Registry()
    #expect(registry.faults.isEmpty)
    #expect(registry.groups.filter { $0.type == "span" }.count == 10)
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
  ])
  func whatIsNotAsDeclaredIsFound(name: SpanName, key: String, value: SpanAttribute) throws {
    let exporter = InMemoryExporter()
    let tracer = SpanRecorder(serviceName: "t", exporter: exporter, time: ManualTime(), seed: 1)
    tracer.withSpan(name) { $0.attributes[key] = value }
    let registry = try Registry()
    let found = try exporter.lines.flatMap(spans).flatMap(registry.violations)
    #expect(found.contains { $0.contains(key) || $0.contains("unheard.of") })
  }
}
