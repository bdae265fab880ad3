package import DSLBase

/// What a fleet of agents over a work queue looks like at the moment of planning, beyond the observation's totals.
package struct FleetFacts: Sendable, Equatable {
  /// A claim whose lease ran out.
  package struct ExpiredClaim: Sendable, Equatable {
    package var item: String
    package var agent: String

    package init(item: String, agent: String) {
      self.item = item
      self.agent = agent
    }
  }

  /// Claims whose lease ran out, oldest first.
  package var expired: [ExpiredClaim] = []
  /// Ids of pending items in the order they will be claimed; bounded.
  package var pending: [String] = []
  /// Ids of pending items past their age limit, oldest first; bounded.
  package var overdue: [String] = []
  /// What each agent's concurrency was last tuned from, by agent id.
  package var tuning: [String: ConcurrencyTuner.Step] = [:]
  /// Seconds between telemetry records, by agent id; absent where the agent has none of its own.
  package var telemetryInterval: [String: Double] = [:]

  package init() {}
}

/// Turns a decision into the steps that carry it out. Pure: the same decision, observation and facts give the same
/// steps, in every backend that is a fleet of agents over a queue.
package struct FleetPlanner: Sendable {
  /// The bounds within which the planner stays.
  package struct Bounds: Sendable, Equatable {
    /// More agents than this are never started, whatever a decision asks for.
    package var maximumAgents = 10
    /// Items one `coordination_improve` touches when the decision names no limit.
    package var itemLimit = 10
    /// An agent's concurrency stays within this.
    package var concurrency = 1...4
    /// Whether agents are started here; otherwise somebody else starts those that are asked for.
    package var startsAgents = true
    /// Telemetry is not sampled more often than this, seconds.
    package var minimumTelemetryInterval = 1.0
    /// What an agent samples at when its record says nothing, seconds.
    package var defaultTelemetryInterval = 10.0

    package init() {}
  }

  private let observation: Observation
  private let facts: FleetFacts
  private let bounds: Bounds

  package init(_ observation: Observation, _ facts: FleetFacts, _ bounds: Bounds) {
    self.observation = observation
    self.facts = facts
    self.bounds = bounds
  }

  /// The types that `plan` understands.
  package static let supports = DecisionType.all

  /// The steps for a decision.
  ///
  /// - Throws: `unsupported` for a type not in `supports`, `invalidInput` when a parameter is missing or unusable.
  package func plan(_ decision: Decision) throws(DSLError) -> EffectPlan {
    switch decision.type {
    case .scaleUp: try scaleUp(decision)
    case .scaleDown: try scaleDown(decision)
    case .coordinationImprove: coordinationImprove(decision)
    case .optimize: optimize()
    case .restart: restart(decision)
    case .healthCheck: healthCheck()
    case .telemetryEnhance: telemetryEnhance()
    default:
      throw DSLError(
        .unsupported, "backend \(observation.backend) cannot carry out \"\(decision.type)\"",
        fix: "add a decision handler for that type")
    }
  }

  private func agents(_ states: AgentView.State...) -> [AgentView] {
    observation.agents.filter { states.contains($0.state) }
  }

  private func target(_ decision: Decision) throws(DSLError) -> Int {
    guard let target = decision.parameters["target_agents"]?.int, target >= 0 else {
      throw DSLError(
        .invalidInput,
        "decision \(decision.id) (\(decision.rule)): parameter target_agents is not a whole number",
        fix: "give the rule a target_agents parameter of 0 or more")
    }
    return target
  }

  /// An id for the n-th agent that a decision starts: the same in every process, so that a step performed twice starts
  /// one agent.
  private func newAgentID(_ decision: Decision, _ number: Int) -> String {
    let unique = decision.id.split(separator: "-").last ?? Substring(decision.id)
    return "a-\(unique.prefix(12))-\(number)"
  }

  private func start(_ decision: Decision, _ number: Int) -> EffectStep {
    EffectStep(
      action: "start_agent", target: newAgentID(decision, number),
      parameters: ["by": bounds.startsAgents ? "engine" : "supervisor"])
  }

  private func scaleUp(_ decision: Decision) throws(DSLError) -> EffectPlan {
    let wanted = try target(decision)
    let target = min(wanted, bounds.maximumAgents)
    let present = agents(.busy, .idle, .starting).count
    guard target > present else {
      let limit = wanted > target ? " (limited to max_agents \(bounds.maximumAgents))" : ""
      return .nothing(reason: "\(present) agents are up or starting, the target is \(target)\(limit)")
    }
    return .steps(
      (1...(target - present)).map { start(decision, $0) })
  }

  private func scaleDown(_ decision: Decision) throws(DSLError) -> EffectPlan {
    let target = try target(decision)
    let active = agents(.busy, .idle)
    guard active.count > target else {
      return .nothing(reason: "\(active.count) agents are active, the target is \(target)")
    }
    // The longest idle go first; one that never said how long it has been idle goes last.
    let removable = active.filter { $0.state == .idle }.sorted {
      ($0.idleSeconds ?? -1, $1.id) > ($1.idleSeconds ?? -1, $0.id)
    }
    guard !removable.isEmpty else {
      return .nothing(reason: "all \(active.count) active agents are busy, and a busy agent is never removed")
    }
    return .steps(
      removable.prefix(active.count - target).map {
        EffectStep(action: "drain_agent", target: $0.id, before: ["draining": false])
      })
  }

  private func coordinationImprove(_ decision: Decision) -> EffectPlan {
    let limit = max(1, decision.parameters["limit"]?.int ?? bounds.itemLimit)
    var steps = facts.expired.prefix(limit).map {
      EffectStep(action: "reclaim_item", target: $0.item, before: ["agent": .string($0.agent)])
    }
    steps += facts.overdue.prefix(limit - steps.count).map {
      EffectStep(
        action: "quarantine_item", target: $0, parameters: ["reason": "pending for longer than its age limit"]
      )
    }
    let gone = Set(facts.overdue.prefix(limit))
    let items = facts.pending.filter { !gone.contains($0) }.prefix(limit - steps.count)
    let workers = agents(.idle, .busy).sorted { ($0.claims, $0.id) < ($1.claims, $1.id) }
    if items.count > 1, workers.count > 1 {
      let assignment = items.enumerated().map { position, item -> JSONValue in
        ["item": .string(item), "agent": .string(workers[position % workers.count].id)]
      }
      steps.append(
        EffectStep(action: "spread_items", target: "queue", parameters: ["assignment": .array(assignment)]))
    }
    guard steps.isEmpty else { return .steps(steps) }
    return .nothing(
      reason:
        "no claim has expired, no item is overdue, and there are fewer than two items or agents to spread over"
    )
  }

  private func optimize() -> EffectPlan {
    let waiting = facts.pending.count
    let throughput = observation.metrics[.throughputPerMinute]
    var reasons: [String] = []
    var steps: [EffectStep] = []
    for agent in agents(.busy, .idle) {
      let tuner = ConcurrencyTuner(
        bounds: bounds.concurrency, waiting: waiting, throughputPerMinute: throughput)
      switch tuner.next(agent.concurrency, last: facts.tuning[agent.id]) {
      case .keep(let reason): if !reasons.contains(reason) { reasons.append(reason) }
      case .change(let concurrency, let reason):
        steps.append(
          EffectStep(
            action: "set_concurrency", target: agent.id,
            parameters: [
              "concurrency": .int(concurrency), "throughput_per_min": .optional(throughput),
              "reason": .string(reason),
            ],
            before: ["concurrency": .int(agent.concurrency)]))
      }
    }
    guard steps.isEmpty else { return .steps(steps) }
    return .nothing(
      reason: reasons.isEmpty ? "there is no active agent to tune" : reasons.joined(separator: "; "))
  }

  private func restart(_ decision: Decision) -> EffectPlan {
    let stale = agents(.stale)
    guard !stale.isEmpty else { return .nothing(reason: "no agent is stale") }
    let room = max(0, bounds.maximumAgents - agents(.busy, .idle, .starting).count)
    var steps: [EffectStep] = []
    for (position, agent) in stale.enumerated() {
      steps.append(EffectStep(action: "retire_agent", target: agent.id))
      guard position < room else { continue }
      steps.append(start(decision, position + 1))
    }
    return .steps(steps)
  }

  private func healthCheck() -> EffectPlan {
    let targets = agents(.busy, .idle, .stale, .draining)
    guard !targets.isEmpty else { return .nothing(reason: "there is no agent to probe") }
    return .steps(targets.map { EffectStep(action: "probe_agent", target: $0.id) })
  }

  private func telemetryEnhance() -> EffectPlan {
    let steps = agents(.busy, .idle).compactMap { agent -> EffectStep? in
      let interval = facts.telemetryInterval[agent.id] ?? bounds.defaultTelemetryInterval
      guard interval > bounds.minimumTelemetryInterval else { return nil }
      let faster = max(bounds.minimumTelemetryInterval, interval / 2)
      return EffectStep(
        action: "set_sampling", target: agent.id, parameters: ["telemetry_interval_s": .double(faster)],
        before: ["telemetry_interval_s": .optional(facts.telemetryInterval[agent.id])])
    }
    guard steps.isEmpty else { return .steps(steps) }
    return .nothing(reason: "no active agent can sample more often than it does")
  }
}
