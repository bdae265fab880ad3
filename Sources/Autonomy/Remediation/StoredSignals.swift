package import AnomalyDetection
package import Coordination
package import DSLBase
package import DecisionEngine
package import SignalStore
import Telemetry

/// The telemetry of a directory, as detectors and security rules look at it.
package struct StoredSignals: SignalSource {
  /// Points of resources that one look reads.
  private static let pointLimit = 10_000
  /// Metrics of OpenTelemetry that say how much of a resource is used, 0 to 1.
  private static let resources = [
    ("system.memory.utilization", "memory"), ("process.memory.utilization", "memory"),
    ("container.memory.utilization", "memory"), ("jvm.memory.utilization", "memory"),
    ("system.cpu.utilization", "cpu"), ("process.cpu.utilization", "cpu"),
    ("system.filesystem.utilization", "disk"), ("system.disk.utilization", "disk"),
  ]

  private let directory: CoordinationDirectory
  private let retention: SignalRetention
  private let time: any TimeSource

  /// - Parameter directory: the coordination directory, which must have a state directory when something is to be stored.
  package init(_ directory: CoordinationDirectory, retention: SignalRetention, time: any TimeSource) {
    self.directory = directory
    self.retention = retention
    self.time = time
  }

  package func refresh() async throws -> [String] {
    let store = try SignalStore(directory: directory, access: .readWrite)
    let intake = try store.takeIn(directory, now: time.now)
    _ = try store.keep(retention, now: time.now)
    guard let first = intake.problems.first else { return [] }
    return [
      "\(intake.refused) parts of telemetry files cannot be read, the first in \(first.file) at \(first.offset): \(first.reason)"
    ]
  }

  package func windows(
    from start: Timestamp, until end: Timestamp, length: Double
  ) async throws -> [ServiceWindow] {
    let store = try SignalStore(directory: directory, access: .readOnly)
    var readings = try readings(store, start, end, length)
    var windows: [ServiceWindow] = []
    for window in try store.windows(since: start, until: end, length: length) {
      let service = Self.name(window.service)
      let used = readings.removeValue(forKey: Key(service: service, start: window.start)) ?? [:]
      var latency: ServiceWindow.Latency?
      if let p50 = window.durations.quantile(0.5), let p95 = window.durations.quantile(0.95),
        let p99 = window.durations.quantile(0.99)
      {
        latency = ServiceWindow.Latency(p50: p50, p95: p95, p99: p99)
      }
      windows.append(
        try ServiceWindow(
          service: service, start: window.start, length: length,
          traffic: .init(spans: window.spans, errors: window.errors), latency: latency,
          readings: Self.readings(used), callers: window.callers.map(Self.name)))
    }
    for (key, used) in readings {
      windows.append(
        try ServiceWindow(
          service: key.service, start: key.start, length: length, readings: Self.readings(used)))
    }
    return windows
  }

  private struct Key: Hashable {
    var service: String
    var start: Timestamp
  }

  /// The highest use of each resource, by service and window.
  private func readings(
    _ store: SignalStore, _ start: Timestamp, _ end: Timestamp, _ length: Double
  ) throws -> [Key: [String: Double]] {
    var found: [Key: [String: Double]] = [:]
    for (metric, resource) in Self.resources {
      var query = SignalQuery(.metrics)
      (query.name, query.since, query.until, query.limit) = (metric, start, end, Self.pointLimit)
      for case .point(let point) in try store.records(query) {
        guard let value = point.value, (0...1).contains(value) else { continue }
        let number = (point.time.seconds(since: start) / length).rounded(.down)
        let key = Key(
          service: Self.name(point.origin.service), start: start.adding(seconds: number * length))
        found[key, default: [:]][resource] = max(found[key]?[resource] ?? 0, value)
      }
    }
    return found
  }

  private static func readings(_ used: [String: Double]) -> [ServiceWindow.Reading] {
    used.sorted { $0.key < $1.key }.map { ServiceWindow.Reading(resource: $0.key, used: $0.value) }
  }

  package func signals(
    from start: Timestamp, until end: Timestamp, limit: Int
  ) async throws -> [SecuritySignal] {
    let store = try SignalStore(directory: directory, access: .readOnly)
    var found: [SecuritySignal] = []
    for kind in [OTLPSignal.traces, .logs] {
      var query = SignalQuery(kind)
      (query.since, query.until, query.limit) = (start, end, limit)
      found += try store.records(query).compactMap(Self.signal)
    }
    return found.count > limit ? Array(found.sorted { $0.at < $1.at }.suffix(limit)) : found
  }

  /// A span or log as security rules look at it.
  static func signal(_ record: SignalRecord) -> SecuritySignal? {
    var signal = SecuritySignal(at: record.time, service: name(record.origin.service))
    for member in record.attributes {
      signal.attributes[member.key] = member.value.string ?? member.value.text()
    }
    switch record {
    case .span(let span):
      signal.name = span.name
      signal.traceID = span.traceID.description
    case .log(let log):
      signal.name = log.eventName
      if !log.eventName.isEmpty { signal.attributes["event.name"] = log.eventName }
      signal.body = log.body.string ?? (log.body == .null ? "" : log.body.text())
      signal.traceID = log.traceID?.description
    case .point: return nil
    }
    return signal
  }

  private static func name(_ service: String) -> String { service.isEmpty ? "unknown_service" : service }
}

/// The detectors of the house, going on from what an earlier process learned.
package struct HouseDetectors: IssueFinding {
  /// What is learned of a service is 143 KB of JSON, so that these many stay within what is read back.
  private static let services = 300

  private var detector: IssueDetector

  /// - Parameter saved: what an earlier process learned; what cannot be read is learned anew, because it is derived.
  package init(saved: JSONValue?) {
    detector =
      saved.flatMap { try? IssueDetector(json: $0) }
      ?? IssueDetector(settings: .init(maximumServices: Self.services))
  }

  package mutating func observe(_ window: ServiceWindow) -> [DetectedIssue] { detector.observe(window) }
  package var json: JSONValue { detector.json }
}

extension SignalRetention {
  /// As the settings say.
  package init(_ settings: Settings.Telemetry.Retention) {
    self.init(ageSeconds: settings.ageSeconds, bytes: Int64(settings.bytes))
  }
}
