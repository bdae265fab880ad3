package import DSLBase

/// A fleet in a few numbers, from which everything that a policy may ask about follows.
package struct CheckState: Sendable, Hashable {
  /// What else is the case beside the four counts.
  package enum Situation: String, Sendable, Hashable, CaseIterable {
    /// Agents hold as many items as they can; everything is fresh; nothing fails.
    case usual
    /// Only the four counts were measured, as the original engine does it.
    case counts
    /// Half of what telemetry tells of failed, at 2000 ms.
    case errors
    /// Two more agents are stale.
    case stale
    /// Two claims have run out, as far as there are items, and one waiting item is overdue.
    case expired
    /// One more agent was asked for and is not up yet.
    case starting
    /// No agent takes an item though there are some.
    case stuck
    /// The agents' records do not say when they were last heard of.
    case unverified
  }

  package var agents: Int
  /// Live items, claimed ones included.
  package var work: Int
  package var completed: Int
  package var telemetry: Int
  package var situation: Situation
  /// Agents that were asked for and are not up, beside the one of `.starting`.
  var asked = 0
  /// Items that agents hold, where that is not simply as many as they can.
  var held: Int?

  package init(
    agents: Int, work: Int, completed: Int, telemetry: Int, situation: Situation = .usual
  ) {
    self.agents = agents
    self.work = work
    self.completed = completed
    self.telemetry = telemetry
    self.situation = situation
  }

  /// What a sample directory holds that the original engine came with; it scores 0.2891 there.
  package static let sample = CheckState(agents: 2, work: 8, completed: 3, telemetry: 4)

  /// Whether this is the smaller counter-example: fewer things in all, then fewer of each in turn.
  package static func isSmaller(_ a: CheckState, than b: CheckState) -> Bool {
    let (x, y) = (a.counts, b.counts)
    let (sumX, sumY) = (x.reduce(0, +), y.reduce(0, +))
    return sumX != sumY ? sumX < sumY : x.lexicographicallyPrecedes(y)
  }

  private var counts: [Int] { [agents, work, completed, telemetry] }
}

extension CheckState {
  /// Writes the values of `PolicyMachine.names` in their order; NaN is what was not measured.
  func fill(_ slots: inout [Double], limits: FleetLimits, thresholds: HealthModel.Thresholds) {
    let expired = situation == .expired ? min(2, work) : 0
    let busy = held ?? (situation == .stuck ? 0 : min(agents, work - expired))
    let pending = work - expired - busy
    let overdue = situation == .expired ? min(1, pending) : 0
    let all = work + completed
    slots[0] = all == 0 ? 0 : Double(completed) / Double(all)
    slots[1] = Double(agents)
    slots[2] = Double(work)
    slots[3] = Double(completed)
    slots[4] = Double(telemetry)
    slots[5] = situation == .errors ? 0.5 : telemetry == 0 ? .nan : 0
    slots[6] = situation == .errors ? 2000 : telemetry == 0 ? .nan : 100
    slots[7] = Double(pending)
    slots[8] = Double(busy)
    slots[9] = Double(expired)
    slots[10] = 0
    slots[11] = Double(overdue)
    slots[12] = pending > 0 ? (situation == .expired ? 90_000 : 60) : .nan
    slots[13] = Double(busy)
    slots[14] = Double(agents - busy)
    slots[15] = situation == .stale ? 2 : 0
    slots[16] = Double(asked + (situation == .starting ? 1 : 0))
    slots[17] = 0
    slots[18] = Double(agents)
    slots[19] = Double(busy)
    if situation == .counts { for slot in 5...19 { slots[slot] = .nan } }
    slots[20] = .nan
    slots[21] = thresholds.degraded
    slots[22] = thresholds.healthy
    slots[23] = thresholds.optimal
    slots[24] = Double(limits.minAgents)
    slots[25] = Double(limits.maxAgents)
    slots[26] = limits.scaleFactor
    slots[27] = situation == .counts ? .nan : situation == .unverified ? Double(agents) : 0
  }

  /// The state as a backend would have observed it, not yet scored: for `DecisionEngine` itself, `explain` and
  /// table tests.
  package func observation(at time: Timestamp = Timestamp(seconds: 0)) -> Observation {
    var slots = Array(repeating: Double.nan, count: PolicyMachine.names.count)
    fill(&slots, limits: FleetLimits(), thresholds: HealthModel.Thresholds())
    var metrics = SystemMetrics()
    for (info, value) in zip(MetricCatalog.standard.entries, slots) where !value.isNaN {
      metrics[info.name] = value
    }
    let agentsKnown: EvidenceStatus = situation == .unverified ? .unverified : .fresh
    let evidence = situation == .counts ? [] : [SourceEvidence(source: "agents", status: agentsKnown)]
    return Observation(at: time, backend: "check", metrics: metrics, evidence: evidence)
  }

  /// `2 agents, 8 items, 3 completed, 4 telemetry records`, then the situation unless it is the usual one.
  package var text: String {
    let counts = "\(agents) agents, \(work) items, \(completed) completed, \(telemetry) telemetry records"
    return situation == .usual ? counts : counts + " (\(situation.rawValue))"
  }

  /// The four counts and the situation.
  package var json: JSONValue {
    [
      "active_agents": .int(agents), "work_queue_size": .int(work), "completed_count": .int(completed),
      "telemetry_volume": .int(telemetry), "situation": .string(situation.rawValue),
    ]
  }
}
