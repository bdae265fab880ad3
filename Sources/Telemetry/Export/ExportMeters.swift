import CoreMetrics

/// Counts of what exporters did, as metrics.
package struct ExportMeters: Sendable {
  /// What can become of an item.
  package enum Result: String, Sendable, CaseIterable { case sent, rejected, dropped, failed }

  private let factory: MetricRegistry

  package init(_ registry: MetricRegistry) { factory = registry }

  /// Counts items of a signal.
  func count(_ signal: OTLPSignal, _ result: Result, _ items: Int) {
    Counter(
      label: ProcessMetric.exportedItems.name,
      dimensions: [("signal", signal.rawValue), ("result", result.rawValue)], factory: factory
    ).increment(by: items)
  }

  /// Counts a request by the status that came back, or by the code of the error when none did.
  func request(_ signal: OTLPSignal, status: String) {
    Counter(
      label: ProcessMetric.exportRequests.name,
      dimensions: [("signal", signal.rawValue), ("status", status)], factory: factory
    ).increment()
  }
}
