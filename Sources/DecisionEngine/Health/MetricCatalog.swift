public import DSLBase

/// What is known about a metric.
public struct MetricInfo: Sendable, Equatable {
  /// What kind of number it is.
  public enum Kind: String, Sendable, Hashable {
    /// A whole number of things.
    case count
    /// A share, 0…1.
    case share
    /// Any other quantity, in its unit.
    case quantity
  }

  /// Its name.
  public let name: MetricName
  /// Its unit: "agents", "items", "s", "ms", …; "1" for shares.
  public let unit: String
  /// What kind of number it is.
  public let kind: Kind
  /// What it says, in one sentence.
  public let meaning: String

  /// A metric's entry.
  public init(_ name: MetricName, unit: String, kind: Kind, meaning: String) {
    self.name = name
    self.unit = unit
    self.kind = kind
    self.meaning = meaning
  }
}

/// The metrics that policies and scores may name. A backend with measures of its own adds them.
public struct MetricCatalog: Sendable, Equatable {
  /// The entries, in the order in which they are listed.
  public private(set) var entries: [MetricInfo]

  /// A catalogue of these entries.
  public init(_ entries: [MetricInfo]) { self.entries = entries }

  /// This catalogue with further entries; one of a known name replaces it.
  public func adding(_ more: [MetricInfo]) -> MetricCatalog {
    var copy = self
    for info in more {
      copy.entries.removeAll { $0.name == info.name }
      copy.entries.append(info)
    }
    return copy
  }

  /// The entry of that name.
  public subscript(name: MetricName) -> MetricInfo? { entries.first { $0.name == name } }

  /// The names, in order.
  package var names: [String] { entries.map(\.name.rawValue) }

  /// Reads a metric's name, noting one that is not known with the nearest that is.
  package func metric(_ node: YAMLNode, _ reader: YAMLReader) -> MetricName? {
    guard let text = reader.string(node) else { return nil }
    let name = MetricName(rawValue: text)
    if self[name] != nil { return name }
    reader.report("unknown metric \"\(text)\"" + NearestSpelling.hint(for: text, among: names), at: node)
    return nil
  }

  /// What the engine measures on every backend, in the order of the document.
  public static let standard = MetricCatalog([
    MetricInfo(
      .completionRate, unit: "1", kind: .share,
      meaning: "Completed items / (live + completed); 0 when there are none."),
    MetricInfo(
      .activeAgents, unit: "agents", kind: .count,
      meaning: "Agents that are up and fresh, draining ones excluded."),
    MetricInfo(
      .workQueueSize, unit: "items", kind: .count,
      meaning: "Live items: pending, claimed and waiting for a retry."),
    MetricInfo(.completedCount, unit: "items", kind: .count, meaning: "Completed items."),
    MetricInfo(.telemetryVolume, unit: "records", kind: .count, meaning: "Telemetry records."),
    MetricInfo(.errorRate, unit: "1", kind: .share, meaning: "Share of failures in telemetry."),
    MetricInfo(.responseTimeMs, unit: "ms", kind: .quantity, meaning: "Mean response time in telemetry."),
    MetricInfo(.pendingWork, unit: "items", kind: .count, meaning: "Items that no agent holds."),
    MetricInfo(
      .claimedWork, unit: "items", kind: .count, meaning: "Items that an agent holds under a valid lease."),
    MetricInfo(.expiredClaims, unit: "items", kind: .count, meaning: "Claims whose lease ran out."),
    MetricInfo(.failedWork, unit: "items", kind: .count, meaning: "Items given up after their last attempt."),
    MetricInfo(.overdueWork, unit: "items", kind: .count, meaning: "Pending items past their age limit."),
    MetricInfo(.oldestPendingSeconds, unit: "s", kind: .quantity, meaning: "Age of the oldest pending item."),
    MetricInfo(.busyAgents, unit: "agents", kind: .count, meaning: "Active agents that hold a claim."),
    MetricInfo(.idleAgents, unit: "agents", kind: .count, meaning: "Active agents that hold none."),
    MetricInfo(
      .staleAgents, unit: "agents", kind: .count, meaning: "Agents whose heartbeat is older than its limit."),
    MetricInfo(
      .startingAgents, unit: "agents", kind: .count,
      meaning: "Agents that were asked for and have not reported yet."),
    MetricInfo(
      .drainingAgents, unit: "agents", kind: .count,
      meaning: "Agents that finish what they hold and then stop."),
    MetricInfo(
      .agentSlots, unit: "items", kind: .count, meaning: "Items that the active agents can work on at once."),
    MetricInfo(
      .throughputPerMinute, unit: "items/min", kind: .quantity,
      meaning: "Items completed a minute, over the window of observation."),
    MetricInfo(
      .programScore, unit: "1", kind: .share,
      meaning: "What the score program answered; unknown without one."),
  ])
}
