import DSLBase

/// Tells which numbers in the windows of services are like none before: one `RarityDetector` for each signal.
///
/// A value that learns from every window it is given, without clock and randomness. It tells much more often than
/// `IssueDetector` does, and of all that is new, so that what it tells is for people to look at: see `docs/detectors.md`.
package struct RarityWatch: Sendable {
  /// The rarity from which on a signal is told.
  package static let threshold = 3.1
  /// Signals that are remembered unless told otherwise: 80 services with five each, 20 MB in a file.
  package static let usualSignals = 400

  struct Key: Hashable, Comparable {
    let service: String
    let measure: String

    static func < (left: Key, right: Key) -> Bool {
      (left.service, left.measure) < (right.service, right.measure)
    }
  }

  struct Series: Sendable {
    /// The window that was last looked at.
    var start: Timestamp
    var length: Double
    var detector: RarityDetector
  }

  package let maximumSignals: Int
  /// Looked up by key only, or in the order of keys.
  var series: [Key: Series] = [:]

  /// - Parameter maximumSignals: beyond that the one that was not heard of for the longest time is forgotten.
  package init(maximumSignals: Int = usualSignals) { self.maximumSignals = max(1, maximumSignals) }

  /// How many signals are remembered.
  package var signalCount: Int { series.count }

  /// Learns from a window, and says what in it is like nothing before. A window that is not newer than the last of its
  /// signal is left out; when windows become longer or shorter the signal is learned anew.
  ///
  /// - Complexity: about 6 µs a signal.
  package mutating func observe(_ window: ServiceWindow) -> [UnusualSignal] {
    Self.measures(of: window).compactMap { measure, value in
      let key = Key(service: window.service, measure: measure)
      if let known = series[key] {
        guard window.start > known.start else { return nil }
        if known.length != window.length { series[key] = nil }
      }
      // A value that is no number of 32 bits teaches nothing.
      guard
        let rarity = try? series[key, default: Series(window)].detector.score(value)
      else { return nil }
      series[key]?.start = window.start
      forgetOldest()
      guard rarity >= Self.threshold else { return nil }
      return UnusualSignal(
        service: window.service, measure: measure, at: window.start, value: value, rarity: rarity)
    }
  }

  /// What was measured in a window, by names as issues use them. What was not measured is left out.
  private static func measures(of window: ServiceWindow) -> [(String, Double)] {
    var found: [(String, Double)] = []
    if let traffic = window.traffic {
      found.append(("spans_per_second", Double(traffic.spans) / window.length))
      if traffic.spans > 0 { found.append(("error_ratio", Double(traffic.errors) / Double(traffic.spans))) }
    }
    if let latency = window.latency { found.append(("latency_p95_seconds", latency.p95)) }
    for reading in window.readings.prefix(ServiceRecord.maximumResources) {
      found.append(("used_ratio:\(reading.resource)", reading.used))
    }
    if let agents = window.agents, agents.total > 0 {
      found.append(("unhealthy_ratio", Double(agents.total - agents.healthy) / Double(agents.total)))
    }
    return found
  }

  private mutating func forgetOldest() {
    guard series.count > maximumSignals else { return }
    let oldest = series.min { ($0.value.start, $0.key) < ($1.value.start, $1.key) }
    if let oldest { series[oldest.key] = nil }
  }
}

extension RarityWatch.Series {
  fileprivate init(_ window: ServiceWindow) {
    self.init(start: window.start, length: window.length, detector: RarityDetector())
  }
}
