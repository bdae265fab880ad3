import DSLBase

/// The two text formats that Prometheus reads.
package enum PrometheusFormat: Sendable, Equatable {
  /// Text format 0.0.4 (Prometheus documentation, "Exposition formats").
  case text
  /// OpenMetrics 1.0.0.
  case openMetrics

  /// The `Content-Type` of a page in this format.
  package var contentType: String {
    switch self {
    case .text: "text/plain; version=0.0.4; charset=utf-8"
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }

  /// What an `Accept` header asks for: OpenMetrics only where it is named and wanted at least as much as plain text.
  ///
  /// By RFC 9110, section 12.5.1, as far as two formats need it: weights count, unknown types and versions do not.
  package init(accept: String?) {
    var (text, openMetrics) = (0.0, 0.0)
    for range in (accept ?? "").split(separator: ",") {
      let parts = range.split(separator: ";").map { $0.trimmingBlanks().lowercased() }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      let version = parts.dropFirst().first { $0.hasPrefix("version=") }.map { String($0.dropFirst(8)) }
      switch parts.first {
      case "application/openmetrics-text" where [nil, "1.0.0", "0.0.1"].contains(version):
        openMetrics = max(openMetrics, weight)
      case "text/plain" where [nil, "0.0.4"].contains(version): text = max(text, weight)
      case "text/*": text = max(text, weight)
      default: break
      }
    }
    self = openMetrics > 0 && openMetrics >= text ? .openMetrics : .text
  }
}
