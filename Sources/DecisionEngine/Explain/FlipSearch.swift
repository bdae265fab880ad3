import DSLBase

/// Looks for the smallest changes that flip a rule by asking the engine itself about changed observations.
///
/// Of a single metric, every count within `reach` is tried and beyond it ever larger ones, between which the place is
/// found by halving; shares in hundredths; other quantities at what rules compare them with, and ever larger ones. Of
/// two metrics, all counts whose distances add up to `pairReach` at most.
struct FlipSearch {
  /// How far counts are tried one by one in each direction.
  static let reach = 100
  /// The greatest count tried.
  static let limit = 1_000_000
  /// How far two counts may change in all.
  static let pairReach = 12

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

  /// For each rule, in the order of the policy, at most one flip a metric, the nearest first; where there is none, the
  /// nearest of two metrics.
  func run() -> [[MetricFlip]] {
    var flips: [[MetricFlip]] = names.map { _ in [] }
    guard observation.blind == nil else { return flips }
    let metrics = engine.policy.askedMetrics(engine.health).filter { !isDerived($0.name) }
    for info in metrics {
      for (rule, flip) in search(info) { flips[rule].append(flip) }
    }
    flips = flips.map { found in
      found.enumerated().sorted { ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset) }
        .map(\.element)
    }
    let open = Set(names.indices.filter { flips[$0].isEmpty })
    for (rule, flip) in pairs(metrics.filter { $0.kind == .count }.map(\.name), open) { flips[rule] = [flip] }
    return flips
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

  private func flips(_ rule: Int, _ decided: Set<String>) -> Bool {
    decided.contains(names[rule]) != baseline.contains(names[rule])
  }

  private func decided(_ observation: Observation?) -> Set<String>? {
    guard let observation else { return nil }
    return Set(engine.decide(engine.assess(observation), cycle: "explain").decisions.map(\.rule))
  }
}

// MARK: - One metric

extension FlipSearch {
  private func decided(_ name: MetricName, _ value: Double) -> Set<String>? {
    value >= 0 ? decided(observation.changing(name, to: value)) : nil
  }

  private func search(_ info: MetricInfo) -> [(rule: Int, flip: MetricFlip)] {
    let observed = observation.metrics[info.name]
    let from = observed ?? -1
    var found: [(rule: Int, flip: MetricFlip)] = []
    var open = Set(names.indices)
    /// The last value tried in each direction.
    var last: [Bool: Double] = [:]
    for candidate in candidates(info, observed) {
      guard !open.isEmpty, let decided = decided(info.name, candidate) else { continue }
      let isMore = candidate > from
      for rule in open.sorted() where flips(rule, decided) {
        open.remove(rule)
        let value = narrowed(rule, info, from: last[isMore] ?? from, to: candidate)
        found.append((rule, flip(rule, info, observed, value)))
      }
      last[isMore] = candidate
    }
    return found
  }

  /// The first whole number between two at which the rule flips, if it flips only once there.
  private func narrowed(_ rule: Int, _ info: MetricInfo, from: Double, to: Double) -> Double {
    guard info.kind != .share else { return to }
    var (low, high) = (from, to)
    while (high - low).magnitude > 1 {
      let middle = ((low + high) / 2).rounded(.down)
      guard middle != low, middle != high, let decided = decided(info.name, middle) else { break }
      if flips(rule, decided) { high = middle } else { low = middle }
    }
    return high
  }

  private func flip(_ rule: Int, _ info: MetricInfo, _ observed: Double?, _ value: Double) -> MetricFlip {
    let from = observed ?? -1
    let beyond = value + (value >= from ? 1 : -1) * (info.kind == .share ? 0.01 : 1)
    let isThreshold = decided(info.name, beyond).map { flips(rule, $0) } ?? true
    let distance = (value - from).magnitude * (info.kind == .share ? 100 : 1)
    return MetricFlip(
      change: MetricChange(metric: info.name, observed: observed, needed: value), isThreshold: isThreshold,
      distance: (distance * 1000).rounded() / 1000)
  }

  /// Values to try, the nearest first, and of two as near the greater.
  private func candidates(_ info: MetricInfo, _ observed: Double?) -> [Double] {
    let from = observed ?? -1
    var values: [Double]
    var far: [Double] = []
    var step = 2.0 * Double(Self.reach)
    while step <= Double(Self.limit) {
      far += [from + step, from - step]
      step *= 2
    }
    switch info.kind {
    case .count: values = (-Self.reach...Self.reach).map { from + Double($0) } + far
    case .share: values = (0...100).map { Double($0) / 100 }
    case .quantity:
      let bounds = engine.policy.bounds(of: info.name.rawValue, scope(observation))
      values = bounds.flatMap { [$0 - 1, $0, $0 + 1] } + far
    }
    values.append(contentsOf: info.kind == .share ? [] : [0])
    return Set(values.filter { $0 >= 0 && $0 != observed }).sorted {
      let (a, b) = (($0 - from).magnitude, ($1 - from).magnitude)
      return a != b ? a < b : $0 > $1
    }
  }

  private func scope(_ observation: Observation) -> Scope {
    var scope = Scope(observation, limits: engine.limits, thresholds: engine.health.thresholds)
    scope.bind(engine.policy.bindings)
    return scope
  }
}

// MARK: - Two metrics

extension FlipSearch {
  /// The nearest changes of two counts, for rules that no change of one flips.
  private func pairs(_ metrics: [MetricName], _ open: Set<Int>) -> [(rule: Int, flip: MetricFlip)] {
    let measured = metrics.filter { observation.metrics[$0] != nil }
    let machine = PolicyMachine(engine)
    var open = open
    var found: [(rule: Int, flip: MetricFlip)] = []
    for distance in 2...Self.pairReach where !open.isEmpty {
      for (place, first) in measured.enumerated() {
        for second in measured.dropFirst(place + 1) {
          for changes in Self.splits(distance) {
            attempt(first, second, changes, machine, &open, &found)
          }
        }
      }
    }
    return found
  }

  /// Every way to change two counts by a distance in all.
  private static func splits(_ distance: Int) -> [(Double, Double)] {
    (1..<distance).flatMap { part -> [(Double, Double)] in
      let (a, b) = (Double(part), Double(distance - part))
      return [(a, b), (a, -b), (-a, b), (-a, -b)]
    }
  }

  private func attempt(
    _ first: MetricName, _ second: MetricName, _ changes: (Double, Double), _ machine: PolicyMachine,
    _ open: inout Set<Int>, _ found: inout [(rule: Int, flip: MetricFlip)]
  ) {
    guard !open.isEmpty, let a = observation.metrics[first], let b = observation.metrics[second],
      a + changes.0 >= 0, b + changes.1 >= 0,
      let changed = observation.changing(first, to: a + changes.0)?.changing(second, to: b + changes.1)
    else { return }
    machine.ask(changed)
    let chosen = Set(machine.answer.chosen.map { names[$0] })
    for rule in open.sorted() where flips(rule, chosen) {
      // The machine breaks ties in its own way: the engine has the last word.
      guard let decided = decided(changed), flips(rule, decided) else { continue }
      open.remove(rule)
      let flip = MetricFlip(
        change: MetricChange(metric: first, observed: a, needed: a + changes.0),
        second: MetricChange(metric: second, observed: b, needed: b + changes.1), isThreshold: false,
        distance: changes.0.magnitude + changes.1.magnitude)
      found.append((rule, flip))
    }
  }
}
