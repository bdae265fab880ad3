import DSLBase

/// Finds what is wrong with services in the windows of what they do.
///
/// A value that learns from every window it is given; it has no clock and no randomness, so the same windows give the same
/// issues. Windows of one service come in the order of time; of several services in any order. What an issue means, and
/// what is not seen, is in `docs/detectors.md`.
package struct IssueDetector: Sendable, Equatable {
  package struct Settings: Sendable, Equatable {
    /// The significance: windows between two false alarms of one signal of one service, on average, at least. 10,000
    /// minutes are a week.
    package var windowsPerFalseAlarm: Double
    /// Services remembered; beyond that the one that was not heard of for the longest time is forgotten.
    package var maximumServices: Int

    /// - Parameters:
    ///   - windowsPerFalseAlarm: 100 or more; less would find issues in noise.
    ///   - maximumServices: 1 or more.
    package init(windowsPerFalseAlarm: Double = 10_000, maximumServices: Int = 1_000) {
      self.windowsPerFalseAlarm = max(100, windowsPerFalseAlarm)
      self.maximumServices = max(1, maximumServices)
    }
  }

  package let settings: Settings
  /// Windows that came too late to be looked at: they began before one of the same service that was already seen.
  package internal(set) var lateWindows = 0
  /// Looked up by name only, or in the order of names.
  var services: [String: ServiceRecord] = [:]
  /// Services whose errors are unusual now, in the order in which that began.
  var failing: [Failing] = []

  /// A service whose errors are unusual.
  struct Failing: Sendable, Equatable {
    let service: String
    let onset: Timestamp
    var seen: Timestamp
  }

  package init(settings: Settings = Settings()) { self.settings = settings }

  /// How many services are remembered.
  package var serviceCount: Int { services.count }

  /// Learns from a window, and says what is wrong in it.
  ///
  /// An issue is told in every window that shows it, with the same `onset` from the first to the last, so that service, kind
  /// and onset identify it.
  ///
  /// - Returns: issues in the order of `IssueKind.allCases`; none for a window that came too late.
  /// - Complexity: about 15 µs a window with all signals; memory is bounded, by about 100 KiB a service.
  package mutating func observe(_ window: ServiceWindow) -> [DetectedIssue] {
    guard var record = record(for: window) else {
      lateWindows += 1
      return []
    }
    record.start = window.start
    record.add(callers: window.callers)
    let weight = Self.weight(of: window, in: record)
    var issues = [
      errorSpike(window, &record), latencyIncrease(window, &record, weight: weight),
      throughputDrop(window, &record),
    ].compactMap(\.self)
    let errorsEvident = record.errors.evidence.value >= settings.windowsPerFalseAlarm
    let exhausted = resourceExhaustion(window, &record)
    let unhealthy = unhealthyAgents(window, &record)
    services[window.service] = record
    forgetOldest()
    let spike = issues.first { $0.kind == .errorSpike }
    if let cascade = cascade(window, spike: spike, evident: errorsEvident) { issues.append(cascade) }
    return issues + exhausted + (unhealthy.map { [$0] } ?? [])
  }

  /// The record of the window's service: a new one when windows have become longer or shorter, as their numbers cannot be
  /// compared; `nil` when the window is not newer than the last.
  private func record(for window: ServiceWindow) -> ServiceRecord? {
    guard let known = services[window.service] else {
      return ServiceRecord(start: window.start, length: window.length)
    }
    guard window.start > known.start else { return nil }
    return known.length == window.length
      ? known : ServiceRecord(start: window.start, length: window.length)
  }

  private mutating func forgetOldest() {
    guard services.count > settings.maximumServices else { return }
    let oldest = services.sorted { $0.key < $1.key }.min { $0.value.start < $1.value.start }
    if let oldest {
      services[oldest.key] = nil
      failing.removeAll { $0.service == oldest.key }
    }
  }

  /// How much a quantile of this window counts: less when it was taken of much fewer spans than usual.
  private static func weight(of window: ServiceWindow, in record: ServiceRecord) -> Double {
    guard let traffic = window.traffic, let level = record.throughput.levels.median else { return 1 }
    let usual = SignalBaseline.Sample.count(of: level)
    return usual > 0 ? min(1, (Double(traffic.spans) / usual).squareRoot()) : 1
  }
}
