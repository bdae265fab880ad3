package import DSLBase

/// A fleet held in memory: agents, items and telemetry as plain values.
///
/// The world of `MemoryBackend`, and the model against which a policy can be played without touching a file.
package struct MemoryFleet: Sendable, Equatable {
  package struct Agent: Sendable, Equatable {
    package var state: AgentView.State
    package var concurrency = 1
    package var idleSince: Timestamp?
    package var heartbeat: Timestamp
    package var telemetryInterval: Double?
    package var tuning: ConcurrencyTuner.Step?
    /// The decision that started it, if one did.
    package var startedBy: String?
    package var probedAt: Timestamp?

    package init(state: AgentView.State, heartbeat: Timestamp, idleSince: Timestamp? = nil) {
      self.state = state
      self.heartbeat = heartbeat
      self.idleSince = idleSince
    }
  }

  package enum ItemState: Sendable, Equatable {
    case pending
    case claimed(agent: String, leaseUntil: Timestamp)
    case completed
    case failed
    case quarantined
  }

  package struct Item: Sendable, Equatable {
    package var state: ItemState
    package var created: Timestamp
    package var preferredAgent: String?

    package init(state: ItemState = .pending, created: Timestamp) {
      self.state = state
      self.created = created
    }
  }

  package var agents: [String: Agent] = [:]
  package var items: [String: Item] = [:]
  package var telemetryVolume = 0
  /// Whether anything was ever put here; an untouched fleet is unknown, not empty.
  package var initialised = true

  package init() {}

  /// Agent ids in order.
  package var agentIDs: [String] { agents.keys.sorted() }
  /// Item ids by age, then id.
  package var itemIDs: [String] {
    items.keys.sorted {
      (items[$0]?.created.nanoseconds ?? 0, $0) < (items[$1]?.created.nanoseconds ?? 0, $1)
    }
  }

  /// Ids of the items that `matches`, by age.
  package func items(_ matches: (Item) -> Bool) -> [String] {
    itemIDs.filter { items[$0].map(matches) ?? false }
  }

  /// How many valid claims an agent holds.
  package func claims(of agent: String, at now: Timestamp) -> Int {
    items.values.count { item in
      guard case .claimed(agent, let until) = item.state else { return false }
      return until > now
    }
  }

  package func observation(at now: Timestamp) -> Observation {
    var metrics = SystemMetrics()
    var views: [AgentView] = []
    for id in agentIDs {
      guard let agent = agents[id] else { continue }
      let claims = claims(of: id, at: now)
      let up = agent.state == .idle || agent.state == .busy
      views.append(
        AgentView(
          id: id, state: up ? (claims > 0 ? .busy : .idle) : agent.state, claims: claims,
          concurrency: agent.concurrency, heartbeatAgeSeconds: now.seconds(since: agent.heartbeat),
          idleSeconds: claims > 0 ? nil : agent.idleSince.map { now.seconds(since: $0) },
          managed: agent.startedBy != nil))
    }
    metrics.count(views)
    let pending = items { $0.state == .pending }
    let expired = expiredClaims(at: now)
    let claimed = items { if case .claimed = $0.state { true } else { false } }
    let completed = items { $0.state == .completed }.count
    let live = pending.count + claimed.count
    metrics[.workQueueSize] = Double(live)
    metrics[.completedCount] = Double(completed)
    metrics[.completionRate] = live + completed == 0 ? 0 : Double(completed) / Double(live + completed)
    metrics[.pendingWork] = Double(pending.count)
    metrics[.claimedWork] = Double(claimed.count - expired.count)
    metrics[.expiredClaims] = Double(expired.count)
    metrics[.failedWork] = Double(items { $0.state == .failed }.count)
    metrics[.overdueWork] = 0
    metrics[.oldestPendingSeconds] = pending.first.flatMap { items[$0] }.map {
      now.seconds(since: $0.created)
    }
    metrics[.telemetryVolume] = Double(telemetryVolume)
    let sources = [
      ("agents", agents.count), ("work", live), ("completed", completed), ("telemetry", telemetryVolume),
    ]
    return Observation(
      at: now, backend: "memory", metrics: metrics,
      evidence: sources.map {
        SourceEvidence(source: $0.0, status: initialised ? .fresh : .missing, records: $0.1)
      },
      agents: views, blind: initialised ? nil : "nothing was ever put into this fleet")
  }

  package func expiredClaims(at now: Timestamp) -> [FleetFacts.ExpiredClaim] {
    itemIDs.compactMap { id in
      guard case .claimed(let agent, let until) = items[id]?.state, until <= now else { return nil }
      return FleetFacts.ExpiredClaim(item: id, agent: agent)
    }
  }

  package func facts(at now: Timestamp) -> FleetFacts {
    var facts = FleetFacts()
    facts.expired = expiredClaims(at: now)
    facts.pending = items { $0.state == .pending }
    for id in agentIDs {
      facts.tuning[id] = agents[id]?.tuning
      facts.telemetryInterval[id] = agents[id]?.telemetryInterval
    }
    return facts
  }
}

extension SystemMetrics {
  /// Sets the metrics that follow from the agents' states.
  package mutating func count(_ agents: [AgentView]) {
    func number(_ states: AgentView.State...) -> Double { Double(agents.count { states.contains($0.state) }) }
    self[.activeAgents] = number(.busy, .idle)
    self[.busyAgents] = number(.busy)
    self[.idleAgents] = number(.idle)
    self[.staleAgents] = number(.stale)
    self[.startingAgents] = number(.starting)
    self[.drainingAgents] = number(.draining)
    self[.agentSlots] = agents.reduce(0) {
      $1.state == .busy || $1.state == .idle ? $0 + Double($1.concurrency) : $0
    }
  }
}
