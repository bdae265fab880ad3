import DSLBase
import Synchronization
import Telemetry
import Testing

/// When metrics are asked for, and what is told of them.
@Suite struct TelemetryExportTests {
  private let time = ManualTime()
  private let shown = Lines()
  private let told = Lines()
  private let export: TelemetryExport

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
  }

  private final class Owner {}

  init() {
    let (shown, told) = (shown, told)
    let settings = TelemetrySettings(environment: [
      "OTEL_METRICS_EXPORTER": "console", "OTEL_METRIC_EXPORT_INTERVAL": "30000",
    ])
    export = TelemetryExport(
      settings, registry: MetricRegistry(start: time.now),
      world: .init(
        transport: FakeCollector([FakeCollector.refused], time), time: time, seed: 1,
        console: { shown.add(String(decoding: $0, as: UTF8.self)) }, tell: told.add))
  }

  private static let declaration = MetricDeclaration("dsl.test.turns", .counter, unit: "1", "Turns.")

  private func families(_ number: Int) -> [MetricFamily] { [MetricFamily(Self.declaration, Double(number))] }

  /// The numbers that were told, a line each; `nil` for a line without the metric.
  private func numbers() throws -> [Double?] {
    try shown.all.map { line in
      let metrics =
        try JSONParser.parse(line)["resourceMetrics"]?.array?.first?["scopeMetrics"]?.array?
        .first?["metrics"]?.array ?? []
      let points = metrics.first { $0["name"] == "dsl.test.turns" }?["sum"]?["dataPoints"]?.array
      return points?.first?["asDouble"]?.double
    }
  }

  @Test func aSourceIsAskedWhenMetricsAreCollectedAndNotBefore() throws {
    let owner = Owner()
    let asked = Mutex(0)
    for turn in 1...5 {
      export.observe(owner) {
        asked.withLock { $0 += 1 }
        return [MetricFamily(Self.declaration, Double(turn))]
      }
    }
    #expect(asked.withLock { $0 } == 0)
    export.collect()
    #expect(asked.withLock { $0 } == 1)
    #expect(try numbers() == [5])
  }

  @Test func metricsAreCollectedAtIntervals() async throws {
    let owner = Owner()
    export.observe(owner) { [MetricFamily(Self.declaration, 1.0)] }
    for round in 1...3 {
      for _ in 0..<5000 where time.sleepers == 0 { try await Task.sleep(for: .milliseconds(1)) }
      time.advance(seconds: 29)
      #expect(shown.all.count == round - 1)
      time.advance(seconds: 1)
      for _ in 0..<5000 where shown.all.count < round { try await Task.sleep(for: .milliseconds(1)) }
      #expect(shown.all.count == round)
    }
    await export.close(withinSeconds: 1)
    #expect(shown.all.count == 4, "the end tells once more")
  }

  @Test func whatClosesIsAskedALastTime() throws {
    let (owner, other) = (Owner(), Owner())
    let isOpen = Mutex(true)
    export.observe(owner) { isOpen.withLock { $0 } ? [MetricFamily(Self.declaration, 7.0)] : nil }
    export.settle(other)
    export.settle(owner)
    isOpen.withLock { $0 = false }
    export.collect()
    #expect(try numbers() == [7])
    export.observe(other) { [MetricFamily(Self.declaration, 8.0)] }
    export.settle(owner)
    export.collect()
    #expect(try numbers() == [7, 8], "the source of somebody else stays")
  }

  @Test func aSourceThatIsGoneLeavesItsLastAnswer() throws {
    let owner = Owner()
    let isThere = Mutex(true)
    export.observe(owner) { isThere.withLock { $0 } ? [MetricFamily(Self.declaration, 3.0)] : nil }
    export.collect()
    isThere.withLock { $0 = false }
    export.collect()
    #expect(try numbers() == [3, 3])
  }

  @Test func aSourceThatFailsIsToldOnceAndHasNoNumbers() throws {
    let owner = Owner()
    let isBroken = Mutex(false)
    export.observe(owner) {
      if isBroken.withLock({ $0 }) { throw DSLError(.corrupt, "the journal is damaged") }
      return [MetricFamily(Self.declaration, 1.0)]
    }
    export.collect()
    isBroken.withLock { $0 = true }
    for _ in 0..<3 { export.collect() }
    #expect(told.all.count == 1 && told.all[0].contains("the journal is damaged"), "\(told.all)")
    isBroken.withLock { $0 = false }
    export.collect()
    #expect(try numbers().compactMap { $0 } == [1, 1], "nothing old is told as if it were new")
  }
}
