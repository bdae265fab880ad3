import DSLBase

/// The names that a policy may use, and their values in one observation.
struct Scope: Sendable {
  static let stateName = "health_state"
  /// Names beside the metrics, and what they say.
  static let builtIn: [(name: String, meaning: String)] = [
    ("health_score", "The score, 0 to 1."),
    ("degraded_at", "The score at which the state degraded begins."),
    ("healthy_at", "The score at which the state healthy begins."),
    ("optimal_at", "The score at which the state optimal begins."),
    ("min_agents", "The least number of agents, from the limits."),
    ("max_agents", "The greatest number of agents, from the limits."),
    ("scale_factor", "Multiplies the step, from the limits."),
    ("unverified_agents", "Active agents whose records do not say when they were last heard of."),
  ]

  let state: HealthState
  private var values: [String: Double] = [:]

  init(_ observation: Observation, limits: FleetLimits, thresholds: HealthModel.Thresholds) {
    state = observation.metrics.healthState
    for (name, value) in observation.metrics.values where value.isFinite { values[name.rawValue] = value }
    values["health_score"] = observation.metrics.healthScore
    values["degraded_at"] = thresholds.degraded
    values["healthy_at"] = thresholds.healthy
    values["optimal_at"] = thresholds.optimal
    values["min_agents"] = Double(limits.minAgents)
    values["max_agents"] = Double(limits.maxAgents)
    values["scale_factor"] = limits.scaleFactor
    values["unverified_agents"] = Self.unverifiedAgents(observation)
  }

  /// A name's value, `nil` when it was not measured.
  subscript(name: String) -> Double? { values[name] }

  /// Adds names in order; each may use those before it. One that cannot be computed is unknown.
  mutating func bind(_ bindings: [Binding]) {
    for binding in bindings { values[binding.name] = binding.expression.value { values[$0] } }
  }

  /// What a hole in a template shows.
  func text(_ name: String) -> String {
    name == Self.stateName ? state.rawValue : self[name].map(NumberText.short) ?? "unknown"
  }

  private static func unverifiedAgents(_ observation: Observation) -> Double? {
    let up = observation.agents.filter { $0.state == .busy || $0.state == .idle }
    if !observation.agents.isEmpty { return Double(up.count { $0.heartbeatAgeSeconds == nil }) }
    guard let evidence = observation.evidence.first(where: { $0.source == "agents" }) else { return nil }
    return evidence.status == .unverified ? observation.metrics[.activeAgents] : 0
  }
}

/// A name for an expression.
struct Binding: Sendable, Equatable {
  let name: String
  let expression: Expression
}
