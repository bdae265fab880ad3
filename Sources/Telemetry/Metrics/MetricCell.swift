import CoreMetrics

extension MetricRegistry {
  /// A handler of swift-metrics: one point of one metric. Holds no number itself, so that any number of them for the same
  /// labels count as one.
  final class Cell: Sendable {
    let registry: MetricRegistry
    let declaration: MetricDeclaration
    let labels: [MetricLabel]

    init(_ registry: MetricRegistry, _ declaration: MetricDeclaration, _ labels: [MetricLabel]) {
      self.registry = registry
      self.declaration = declaration
      self.labels = labels
    }

    var zero: MetricPoint.Value {
      declaration.kind == .histogram ? .histogram(HistogramValue(bounds: MetricRegistry.bounds)) : .number(0)
    }

    func add(_ amount: Double) {
      registry.change(self) { value in
        switch value {
        case .number(let number): value = .number(number + amount)
        case .histogram(var histogram):
          histogram.record(amount)
          value = .histogram(histogram)
        }
      }
    }
  }
}

extension MetricRegistry.Cell: CounterHandler, FloatingPointCounterHandler {
  func increment(by amount: Int64) { increment(by: Double(amount)) }
  /// A counter does not fall: what would make it fall is left out.
  func increment(by amount: Double) { if amount > 0 || declaration.kind != .counter { add(amount) } }
  func reset() { registry.change(self) { $0 = zero } }
}

extension MetricRegistry.Cell: MeterHandler {
  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { registry.change(self) { $0 = .number(value) } }
  func decrement(by amount: Double) { add(-amount) }
}

extension MetricRegistry.Cell: RecorderHandler {
  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) { if declaration.kind == .gauge { set(value) } else { add(value) } }
}

extension MetricRegistry.Cell: TimerHandler {
  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
