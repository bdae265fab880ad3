package import CoreMetrics
package import DSLBase
import Synchronization

/// The backend of swift-metrics: keeps what code counts and measures until somebody asks for it.
///
/// It is passed on explicitly, as the tracer is: `Counter(label:dimensions:factory:)`. What it keeps is bounded: of a
/// metric with more than `pointLimit` combinations of labels the rest goes into one point, as the OpenTelemetry
/// specification has it (`metrics/sdk.md`, "Cardinality limits").
package final class MetricRegistry: MetricsFactory, Sendable {
  /// Combinations of labels that a metric may have.
  static let pointLimit = 2000
  /// The label of the point that holds what is beyond.
  static let overflow = MetricLabel("otel_metric_overflow", "true")
  /// Upper bounds of buckets, in the unit of the metric; for durations these are seconds.
  static let bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

  private struct Store {
    var values: [String: [[MetricLabel]: MetricPoint.Value]] = [:]
    var derived: [String: MetricDeclaration] = [:]
  }

  private let store = Mutex(Store())
  private let declared: [String: MetricDeclaration]
  private let order: [MetricDeclaration]
  private let start: UInt64

  /// A registry.
  ///
  /// - Parameters:
  ///   - declared: the metrics that are known; others are told with what their use says of them.
  ///   - start: since when it counts.
  package init(_ declared: [MetricDeclaration] = ProcessMetric.all, start: Timestamp) {
    order = declared
    self.declared = Dictionary(declared.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.start = UInt64(clamping: start.nanoseconds)
  }

  /// What there is by now: families that have points, declared ones first, then others by name; points by labels.
  package var families: [MetricFamily] {
    store.withLock { store in
      let others = store.derived.values.sorted { $0.name < $1.name }
      return (order + others).compactMap { declaration in
        guard let values = store.values[declaration.name] else { return nil }
        let points = values.map { MetricPoint($0.value, labels: $0.key) }.sorted { a, b in
          a.labels.lexicographicallyPrecedes(b.labels) { ($0.name, $0.value) < ($1.name, $1.value) }
        }
        var family = MetricFamily(declaration, points)
        family.startNanoseconds = start
        return family
      }
    }
  }

  func change(_ cell: Cell, _ body: (inout MetricPoint.Value) -> Void) {
    store.withLock { store in
      let name = cell.declaration.name
      if declared[name] == nil { store.derived[name] = cell.declaration }
      var points = store.values[name] ?? [:]
      let isNew = points[cell.labels] == nil
      let labels = isNew && points.count >= Self.pointLimit ? [Self.overflow] : cell.labels
      var value = points[labels] ?? cell.zero
      body(&value)
      points[labels] = value
      store.values[name] = points
    }
  }

  private func cell(
    _ label: String, _ dimensions: [(String, String)], _ kind: InstrumentKind, unit: String = "1"
  ) -> Cell {
    let declaration =
      declared[label]
      ?? MetricDeclaration(
        label, kind, unit: unit, "\(label), as counted by the program.", labels: dimensions.map(\.0))
    return Cell(self, declaration, dimensions.map { MetricLabel($0.0, $0.1) })
  }

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    cell(label, dimensions, .counter)
  }

  package func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    cell(label, dimensions, .counter)
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    cell(label, dimensions, .gauge)
  }

  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    cell(label, dimensions, aggregate ? .histogram : .gauge)
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    cell(label, dimensions, .histogram, unit: "s")
  }

  /// Nothing: the values of a handler that is gone stay, because a counter that vanishes looks like one that fell.
  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}
}
