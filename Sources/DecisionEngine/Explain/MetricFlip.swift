package import DSLBase

/// The change of one metric, all else equal, after which a rule decides that did not, or no longer does.
package struct MetricFlip: Sendable, Equatable {
  package var metric: MetricName
  /// What was measured; `nil` when it was not.
  package var observed: Double?
  /// The nearest value at which it flips.
  package var needed: Double
  /// Whether the next value beyond flips it too.
  package var isThreshold: Bool
  /// How far it is: things, hundredths of a share, or the metric's unit.
  package var distance: Double

  /// `work_queue_size >= 16, is 8`.
  package var text: String {
    let isMore = observed.map { needed > $0 } ?? true
    let sign = !isThreshold ? "=" : isMore ? ">=" : "<="
    return "\(metric) \(sign) \(NumberText.short(needed)), is \(observed.map(NumberText.short) ?? "unknown")"
  }

  /// All fields.
  package var json: JSONValue {
    let isMore = observed.map { needed > $0 } ?? true
    return [
      "metric": .string(metric.rawValue), "observed": .optional(observed), "needed": .double(needed),
      "comparison": .string(!isThreshold ? "eq" : isMore ? "gte" : "lte"), "distance": .double(distance),
    ]
  }
}

/// Looks for the nearest flips by asking the engine itself about changed observations.
struct FlipSearch {
  /// How far counts are tried in each direction.
  static let reach = 100

  private let engine: DecisionEngine
  private let observation: Observation
  private let names: [String]
  private let baseline: Set<String>

  init(_ engine: DecisionEngine, _ observation: Observation) {
    self.engine = engine
    self.observation = observation
    names = engine.policy.ruleNames
    baseline = Set(engine.decide(observation, cycle: "explain").decisions.map(\.rule))
  }

  /// For each rule, in the order of the policy, at most one flip a metric, the nearest first.
  func run() -> [[MetricFlip]] {
    guard observation.blind == nil else { return names.map { _ in [] } }
    var flips: [[MetricFlip]] = names.map { _ in [] }
    for info in engine.policy.askedMetrics(engine.health) where !isDerived(info.name) {
      for (rule, flip) in search(info) { flips[rule].append(flip) }
    }
    return flips.map { found in
      found.enumerated().sorted { ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset) }
        .map(\.element)
    }
  }

  /// Metrics that follow from others that were measured are not changed on their own.
  private func isDerived(_ name: MetricName) -> Bool {
    let metrics = observation.metrics
    switch name {
    case .completionRate: return metrics[.workQueueSize] != nil && metrics[.completedCount] != nil
    case .pendingWork, .claimedWork: return metrics[.workQueueSize] != nil
    case .idleAgents, .busyAgents, .agentSlots: return metrics[.activeAgents] != nil
    default: return false
    }
  }

  private func search(_ info: MetricInfo) -> [(rule: Int, flip: MetricFlip)] {
    let observed = observation.metrics[info.name]
    let candidates = candidates(info, observed)
    var found: [(rule: Int, flip: MetricFlip)] = []
    var open = Set(names.indices)
    for candidate in candidates {
      guard !open.isEmpty, let decided = decided(info.name, candidate) else { continue }
      for rule in open.sorted() where decided.contains(names[rule]) != baseline.contains(names[rule]) {
        open.remove(rule)
        let beyond = candidate + (candidate >= observed ?? -1 ? 1 : -1) * (info.kind == .share ? 0.01 : 1)
        let next = self.decided(info.name, beyond).map { $0.contains(names[rule]) }
        let holds = next.map { $0 != baseline.contains(names[rule]) } ?? true
        let distance = (candidate - (observed ?? -1)).magnitude * (info.kind == .share ? 100 : 1)
        found.append(
          (
            rule,
            MetricFlip(
              metric: info.name, observed: observed, needed: candidate, isThreshold: holds,
              distance: (distance * 1000).rounded() / 1000)
          ))
      }
    }
    return found
  }

  /// Values to try, the nearest first, and of two as near the greater.
  private func candidates(_ info: MetricInfo, _ observed: Double?) -> [Double] {
    let from = observed ?? -1
    let values: [Double]
    switch info.kind {
    case .count: values = (-Self.reach...Self.reach).map { from + Double($0) }
    case .share: values = (0...100).map { Double($0) / 100 }
    case .quantity: values = engine.policy.bounds(of: info.name.rawValue).flatMap { [$0 - 1, $0, $0 + 1] }
    }
    return values.filter { $0 >= 0 && $0 != observed }.sorted {
      let (a, b) = (($0 - from).magnitude, ($1 - from).magnitude)
      return a != b ? a < b : $0 > $1
    }
  }

  private func decided(_ name: MetricName, _ value: Double) -> Set<String>? {
    guard value >= 0, let changed = observation.changing(name, to: value) else { return nil }
    return Set(engine.decide(engine.assess(changed), cycle: "explain").decisions.map(\.rule))
  }
}

extension Observation {
  /// The observation with one metric changed and what follows from it. Items that come are pending, agents that come
  /// are idle; pending items and idle agents go first, and then agents that are busy, or what they hold.
  ///
  /// - Returns: `nil` when that many are not there to go.
  func changing(_ name: MetricName, to value: Double) -> Observation? {
    var changed = self
    let difference = value - (metrics[name] ?? value)
    changed.metrics[name] = value
    switch name {
    case .workQueueSize: changed.shift(.pendingWork, by: difference, andFrom: .idleAgents)
    case .activeAgents:
      changed.shift(.idleAgents, by: difference, andFrom: .pendingWork)
      changed.metrics[.agentSlots] = metrics[.agentSlots].map { max(0, $0 + difference) }
    default: break
    }
    if name == .workQueueSize || name == .completedCount, let work = changed.metrics[.workQueueSize],
      let done = changed.metrics[.completedCount]
    {
      changed.metrics[.completionRate] = work + done > 0 ? done / (work + done) : 0
    }
    return changed.metrics.values.values.contains { $0 < 0 } ? nil : changed
  }

  /// Changes the free part, and where that is not enough breaks pairs of a busy agent and its item, of which the other
  /// half becomes free.
  private mutating func shift(_ free: MetricName, by difference: Double, andFrom other: MetricName) {
    guard let old = metrics[free] else { return }
    let broken = max(0, -(old + difference))
    metrics[free] = max(0, old + difference)
    guard broken > 0 else { return }
    for pair in [MetricName.busyAgents, .claimedWork] {
      metrics[pair] = metrics[pair].map { $0 - broken }
    }
    metrics[other] = metrics[other].map { $0 + broken }
  }
}
