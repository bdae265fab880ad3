package import DSLBase

/// What a fleet would have done under another policy, told by the model that policies are checked with
/// (`FleetModel`), driven by the load that a journal shows.
///
/// Two runs are compared: one in which the decisions that were carried out then are carried out, and one in which the
/// candidate decides and its gates judge. How far the first is from what was observed is how far the model can be
/// trusted; how far the second is from the first is what the candidate changes. Both start from the first journaled
/// state, one step of the model to each journaled cycle. Items that came are the growth of live, completed and failed
/// items from one cycle to the next; telemetry is as observed; how long an item takes is what the journal shows on
/// average.
package struct Counterfactual: Sendable, Equatable {
  /// One journaled cycle.
  package struct Turn: Sendable {
    package var cycle: String
    package var observation: Observation
    /// Decisions that were carried out.
    package var executed: [Decision]

    package init(cycle: String, observation: Observation, executed: [Decision]) {
      self.cycle = cycle
      self.observation = observation
      self.executed = executed
    }
  }

  /// A fleet at the beginning of a cycle.
  package struct Moment: Sendable, Equatable {
    package var health: Double
    package var agents: Int
    package var work: Int
  }

  /// One cycle in three ways.
  package struct Cycle: Sendable, Equatable {
    package var cycle: String
    package var observed: Moment
    package var journaled: Moment
    package var candidate: Moment
    /// Rules whose decisions passed in the candidate's run.
    package var passed: [String]
  }

  /// Cycles that an item takes an agent in the model.
  package let itemCycles: Int
  package let cycles: [Cycle]

  /// Runs both models.
  ///
  /// - Parameters:
  ///   - turns: in the order of time; those that saw nothing are passed over.
  ///   - gates: those that judge the candidate's decisions, beside the budgets that its policy brings.
  /// - Returns: `nil` when fewer than two cycles saw something.
  package init?(_ turns: [Turn], _ candidate: DecisionEngine, gates: GateSettings) {
    let turns = turns.filter { $0.observation.blind == nil && $0.observation.metrics[.workQueueSize] != nil }
    guard turns.count >= 2 else { return nil }
    itemCycles = Self.itemCycles(turns)
    let conditions = FleetModel.Conditions(itemCycles: itemCycles)
    let gates = gates.modelled.adding(candidate.policy)
    let start = Self.state(turns[0].observation)
    var (journaled, other) = (FleetModel(start, conditions), FleetModel(start, conditions))
    var past: [PastActionFact] = []
    var cycles: [Cycle] = []
    for (place, turn) in turns.enumerated() {
      let seen = Self.state(turn.observation)
      journaled.observe(telemetry: seen.telemetry)
      other.observe(telemetry: seen.telemetry)
      var cycle = Cycle(
        cycle: turn.cycle, observed: Self.moment(seen, candidate),
        journaled: Self.moment(journaled.state, candidate), candidate: Self.moment(other.state, candidate),
        passed: [])
      for decision in turn.executed { journaled.perform(decision) }
      let decided = candidate.decide(
        candidate.assess(other.state.observation(at: turn.observation.at)), cycle: turn.cycle
      ).decisions
      let verdicts = Gate.judge(
        decided, settings: gates, history: GateHistory(past: past, record: candidate.record),
        now: turn.observation.at)
      for verdict in verdicts where verdict.passed {
        let decision = verdict.decision
        past.append(PastActionFact(type: decision.type, target: decision.target, at: turn.observation.at))
        other.perform(decision)
        cycle.passed.append(decision.rule)
      }
      cycles.append(cycle)
      guard place + 1 < turns.count else { break }
      let came = max(0, Self.items(turns[place + 1].observation) - Self.items(turn.observation))
      journaled.advance(arrivals: came)
      other.advance(arrivals: came)
    }
    self.cycles = cycles
  }

  private static func state(_ observation: Observation) -> CheckState {
    func count(_ name: MetricName) -> Int { Int(max(0, min(1e6, observation.metrics[name] ?? 0))) }
    return CheckState(
      agents: count(.activeAgents), work: count(.workQueueSize), completed: count(.completedCount),
      telemetry: count(.telemetryVolume))
  }

  /// All items that there ever were, as far as they are still known.
  private static func items(_ observation: Observation) -> Int {
    let names: [MetricName] = [.workQueueSize, .completedCount, .failedWork]
    return names.map { Int(max(0, min(1e9, observation.metrics[$0] ?? 0))) }.reduce(0, +)
  }

  /// Cycles in which agents were busy, by the items completed meanwhile; the whole journal when none was.
  private static func itemCycles(_ turns: [Turn]) -> Int {
    let busy = turns.dropLast().map { turn in
      let state = state(turn.observation)
      return turn.observation.metrics[.busyAgents].map { Int($0) } ?? min(state.agents, state.work)
    }.reduce(0, +)
    let counts = turns.map { state($0.observation).completed }
    let done = zip(counts, counts.dropFirst()).map { max(0, $1 - $0) }.reduce(0, +)
    guard busy > 0 else { return 1 }
    return done == 0 ? turns.count : max(1, (busy + done / 2) / done)
  }

  private static func moment(_ state: CheckState, _ engine: DecisionEngine) -> Moment {
    let metrics = engine.assess(state.observation()).metrics
    return Moment(health: metrics.healthScore ?? 0, agents: state.agents, work: state.work)
  }
}

extension FleetModel {
  /// Carries out a decision with the target that it names.
  fileprivate mutating func perform(_ decision: Decision) {
    _ = perform(decision, target: decision.parameters["target_agents"]?.double ?? .nan)
  }
}

extension Counterfactual {
  /// A run in a few numbers.
  package struct Summary: Sendable, Equatable {
    package var meanHealth: Double
    package var leastHealth: Double
    /// Agents, summed over the cycles: what it costs.
    package var agentCycles: Int
    /// Live items at the end.
    package var workLeft: Int

    init(_ moments: [Moment]) {
      meanHealth = moments.map(\.health).reduce(0, +) / Double(max(1, moments.count))
      leastHealth = moments.map(\.health).min() ?? 0
      agentCycles = moments.map(\.agents).reduce(0, +)
      workLeft = moments.last?.work ?? 0
    }

    var json: JSONValue {
      [
        "mean_health": .double(meanHealth), "least_health": .double(leastHealth),
        "agent_cycles": .int(agentCycles), "work_left": .int(workLeft),
      ]
    }
  }

  /// What was observed, the model with the decisions of then, and the model with the candidate.
  package var observed: Summary { Summary(cycles.map(\.observed)) }
  package var journaled: Summary { Summary(cycles.map(\.journaled)) }
  package var candidate: Summary { Summary(cycles.map(\.candidate)) }

  /// All fields.
  package var json: JSONValue {
    func moment(_ moment: Moment) -> JSONValue {
      [
        "health_score": .double(moment.health), "active_agents": .int(moment.agents),
        "work_queue_size": .int(moment.work),
      ]
    }
    let list = cycles.map { cycle -> JSONValue in
      [
        "cycle": .string(cycle.cycle), "observed": moment(cycle.observed),
        "journaled": moment(cycle.journaled), "candidate": moment(cycle.candidate),
        "passed": .strings(cycle.passed),
      ]
    }
    return [
      "item_cycles": .int(itemCycles), "observed": observed.json, "journaled": journaled.json,
      "candidate": candidate.json, "cycles": .array(list),
    ]
  }
}
