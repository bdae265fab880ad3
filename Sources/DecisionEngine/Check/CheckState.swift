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
    let (x, y) = (
      a.agents + a.work + a.completed + a.telemetry, b.agents + b.work + b.completed + b.telemetry
    )
    if x != y { return x < y }
    if a.agents != b.agents { return a.agents < b.agents }
    if a.work != b.work { return a.work < b.work }
    return a.completed != b.completed ? a.completed < b.completed : a.telemetry < b.telemetry
  }
}

extension CheckState {
  /// Slots that differ between states of one block: what follows from completed items and telemetry, and the score.
  static let varyingSlots: Set<Int> = [0, 3, 4, 5, 6, scoreSlot]
  /// Slots of what telemetry tells of failures and response times.
  static let telemetrySlots: Set<Int> = [5, 6]
  /// The slot of the score, behind the metrics; it is not written here.
  static let scoreSlot = 21

  /// Whether the two differ in completed items and telemetry at most.
  func isBlock(of other: CheckState) -> Bool {
    agents == other.agents && work == other.work && asked == other.asked && held == other.held
      && situation == other.situation
  }

  /// Situations of one kind give the slots of telemetry the same values.
  static func telemetryKind(_ situation: Situation) -> UInt64 {
    situation == .counts ? 1 : situation == .errors ? 2 : 3
  }

  /// Writes the values of the varying slots but the score; the others are those of the block.
  func fillVarying(_ slots: UnsafeMutablePointer<Double>) {
    let all = work + completed
    slots[0] = all == 0 ? 0 : Double(completed) / Double(all)
    slots[3] = Double(completed)
    slots[4] = Double(telemetry)
    let isSilent = situation == .counts || (telemetry == 0 && situation != .errors)
    slots[5] = isSilent ? .nan : situation == .errors ? 0.5 : 0
    slots[6] = isSilent ? .nan : situation == .errors ? 2000 : 100
  }

  /// Writes the values of `PolicyMachine.names` in their order; NaN is what was not measured.
  func fill(
    _ slots: UnsafeMutablePointer<Double>, limits: FleetLimits, thresholds: HealthModel.Thresholds
  ) {
    let expired = situation == .expired ? min(2, work) : 0
    let busy = held ?? (situation == .stuck ? 0 : min(agents, work - expired))
    let pending = work - expired - busy
    let overdue = situation == .expired ? min(1, pending) : 0
    slots[1] = Double(agents)
    slots[2] = Double(work)
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
    if situation == .counts { for slot in 7...19 { slots[slot] = .nan } }
    slots[20] = .nan
    slots[Self.scoreSlot] = .nan
    slots[Self.scoreSlot + 1] = thresholds.degraded
    slots[Self.scoreSlot + 2] = thresholds.healthy
    slots[Self.scoreSlot + 3] = thresholds.optimal
    slots[Self.scoreSlot + 4] = Double(limits.minAgents)
    slots[Self.scoreSlot + 5] = Double(limits.maxAgents)
    slots[Self.scoreSlot + 6] = limits.scaleFactor
    slots[Self.scoreSlot + 7] = situation == .counts ? .nan : situation == .unverified ? Double(agents) : 0
    fillVarying(slots)
  }

  /// The state as a backend would have observed it, not yet scored: for `DecisionEngine` itself, `explain` and
  /// table tests.
  package func observation(at time: Timestamp = Timestamp(seconds: 0)) -> Observation {
    let memory = MachineMemory(PolicyMachine.names.map { _ in Double.nan })
    fill(memory.values, limits: FleetLimits(), thresholds: HealthModel.Thresholds())
    var metrics = SystemMetrics()
    for (slot, info) in MetricCatalog.standard.entries.enumerated() where !memory.values[slot].isNaN {
      metrics[info.name] = memory.values[slot]
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

  /// - Throws: `DSLError` (`corrupt`) when a member is missing or of the wrong kind.
  init(json: JSONValue?) throws(DSLError) {
    let fields = try JSONFields(json, "state of the trace")
    self.init(
      agents: try fields.int("active_agents"), work: try fields.int("work_queue_size"),
      completed: try fields.int("completed_count"), telemetry: try fields.int("telemetry_volume"),
      situation: try fields.word("situation", Situation.self))
  }

  /// The four counts and the situation.
  package var json: JSONValue {
    [
      "active_agents": .int(agents), "work_queue_size": .int(work), "completed_count": .int(completed),
      "telemetry_volume": .int(telemetry), "situation": .string(situation.rawValue),
    ]
  }
}
