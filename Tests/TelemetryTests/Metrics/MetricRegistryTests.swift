import CoreMetrics
import DSLBase
import Testing

@testable import Telemetry

@Suite struct MetricRegistryTests {
  private let registry = MetricRegistry(start: Timestamp(nanoseconds: 5))

  private func values(_ name: String) -> [[String]: MetricPoint.Value] {
    let points = registry.families.first { $0.declaration.name == name }?.points ?? []
    return Dictionary(uniqueKeysWithValues: points.map { ($0.labels.map(\.value), $0.value) })
  }

  @Test func whatCodeCountsIsKept() {
    for code in ["io_error", "io_error", "locked"] {
      Counter(label: "dsl.auto.failed_turns", dimensions: [("code", code)], factory: registry).increment()
    }
    Counter(label: "x.c", factory: registry).increment(by: -3)
    FloatingPointCounter(label: "x.f", factory: registry).increment(by: 0.5)
    let meter = Meter(label: "x.m", factory: registry)
    meter.set(4)
    meter.decrement(by: 1.5)
    Gauge(label: "x.g", factory: registry).record(7)
    CoreMetrics.Timer(label: "x.t", factory: registry).recordMilliseconds(20)
    #expect(values("dsl.auto.failed_turns") == [["io_error"]: .number(2), ["locked"]: .number(1)])
    #expect(values("x.c") == [:] && values("x.f") == [[]: .number(0.5)])
    #expect(values("x.m") == [[]: .number(2.5)] && values("x.g") == [[]: .number(7)])
    guard case .histogram(let spread)? = values("x.t")[[]] else { return #expect(Bool(false), "a histogram") }
    #expect(spread.count == 1 && spread.sum == 0.02 && spread.counts[3] == 1)
    let names = registry.families.map(\.declaration.prometheusName)
    #expect(names == ["dsl_auto_failed_turns", "x_f", "x_g", "x_m", "x_t_seconds"])
    #expect(registry.families.allSatisfy { $0.startNanoseconds == 5 })
  }

  @Test func labelsWithoutEndAreBounded() {
    for number in 0..<(MetricRegistry.pointLimit + 10) {
      Counter(label: "x", dimensions: [("n", String(number))], factory: registry).increment()
    }
    let found = values("x")
    #expect(found.count == MetricRegistry.pointLimit + 1 && found[["true"]] == .number(10))
  }

  @Test func nothingIsLostBetweenThreads() async {
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask { [registry] in
          let counter = Counter(label: "x", factory: registry)
          for _ in 0..<1000 { counter.increment() }
        }
      }
    }
    #expect(values("x") == [[]: .number(8000)])
  }
}
