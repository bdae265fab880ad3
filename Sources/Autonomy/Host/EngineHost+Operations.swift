package import Coordination
package import DSLBase
package import DecisionEngine
import Synchronization
import Telemetry

/// Strategies, handlers and a score that come from Swift rather than from files.
package struct EngineExtensions: Sendable {
  package var strategies: [any DecisionStrategy] = []
  package var handlers: [DecisionType: any DecisionHandler] = [:]
  package var health: HealthModel?

  package init() {}
}

/// What `dsl auto status` tells.
package struct EngineStatus: Sendable {
  package var observation: Observation
  package var snapshot: DirectorySnapshot
  package var recentDecisions: [JournaledDecision]
  /// The hash of the journal's newest entry.
  package var journalHead: String?
  /// What people did to the loop.
  package var control: ControlStatus
  package var warnings: [String]
  /// Who leads.
  package var leader: LeaderStatus
}

/// What `dsl auto analyze` tells.
package struct EngineAnalysis: Sendable {
  package var status: EngineStatus
  package var decisions: DecisionSet
  package var verdicts: [Verdict]
}

extension EngineHost {
  /// Decisions that `status` shows.
  private static let recentLimit = 10

  package var health: HealthModel { settings.health }

  /// Looks and scores.
  package func status() throws -> EngineStatus {
    try tracer.withSpan(.systemAnalysis) { span in
      let (seen, snapshot) = try backend.observeFiles()
      let observation = health.assess(sim?.look() ?? gpus?.described(seen) ?? seen)
      span.describe(observation)
      let recent = try journal?.decisions(DecisionFilter(limit: Self.recentLimit)) ?? []
      let status = EngineStatus(
        observation: observation, snapshot: snapshot, recentDecisions: recent,
        journalHead: try journal?.head(), control: try controlStatus(),
        warnings: warnings + snapshot.indexNotes,
        leader: try LeaderStatus(directory, journal, host: world.host, time: world.time))
      world.log.describe(status)
      return status
    }
  }

  /// Looks, scores and decides, and asks the gates, without doing anything.
  package func analyze(_ extensions: EngineExtensions = .init()) async throws -> EngineAnalysis {
    var status = await asked(try status())
    let id = newCycleID()
    var notes: [String] = []
    var cycle = try cycle(extensions)
    cycle.remediation = try remediation(acts: false)
    let remedies = cycle.remedies(status.observation, notes: &notes)
    cycle = await cycle.asking(status.observation, remedies.live, cycle: id, notes: &notes)
    for note in notes where !status.warnings.contains(note) { status.warnings.append(note) }
    let set = cycle.decide(status.observation, cycle: id)
    let requests = try await cycle.requests(set.decisions, status.observation, journal, cycle: id)
    let verdicts = try cycle.judge(set.decisions, journal, requests)
    return EngineAnalysis(status: status, decisions: set, verdicts: verdicts)
  }

  /// Runs one turn of the loop, or carries out given decisions the same way.
  package func runCycle(
    _ options: Cycle.Options = .init(), _ extensions: EngineExtensions = .init(),
    decisions: [Decision]? = nil,
    supervision: Cycle.Supervision = .init()
  ) async throws -> CycleReport {
    var options = options
    options.dryRun = options.dryRun || settings.gates.dryRun || access != .act
    var cycle = try cycle(extensions, dryRun: options.dryRun)
    cycle.supervision = supervision
    let seat = seat
    cycle.supervision.otherLeader = { seat?.otherLeader }
    if decisions == nil { cycle.remediation = try remediation(acts: !options.dryRun) }
    let before = cycle.remediation?.book
    var report = try await cycle.run(
      id: newCycleID(), journal: options.dryRun ? nil : journal, history: journal, options, given: decisions)
    if !options.dryRun, report.supersededBy == nil {
      if let turn = cycle.remediation, let before { try keep(turn, before: before) }
      report.warnings += upkeep() + remember(report)
    }
    report.warnings += publish(report)
    TraceContext.$here.withValue(report.place) { world.log.describe(report) }
    return report
  }

  /// Settles what an engine that died had begun, as a turn does at its beginning: for a loop that stands still. Nothing is begun by it.
  ///
  /// - Returns: a sentence for each decision that was found.
  /// - Throws: when the journal fails.
  package func recover(_ extensions: EngineExtensions) async throws -> [String] {
    guard access == .act, let journal, killSwitch.reason() == nil else { return [] }
    let executor = DecisionExecutor(
      backend: acting, handlers: extended(extensions).handlers, journal: journal, time: world.time,
      killSwitch: killSwitch)
    var notes = try await Recovery(executor).run()
    if let resumed = try await Rollback(executor).resume() { notes.append(resumed) }
    return notes
  }

  /// Undoes decisions, the latest first.
  ///
  /// - Parameter despiteKillSwitch: whether it is done although the kill switch is thrown.
  /// - Throws: `notFound` for an unknown id, `invalidState` for one that has nothing to undo, and while the kill switch is
  ///   thrown.
  package func rollback(
    _ ids: [String], by: String, _ extensions: EngineExtensions = .init(), despiteKillSwitch: Bool = false
  ) async throws -> [RollbackReport] {
    let killSwitch = despiteKillSwitch ? nil : killSwitch
    if let reason = killSwitch?.reason() {
      throw DSLError(
        .invalidState, "the kill switch is thrown: \(reason)",
        fix: "remove the file, or undo nevertheless: --despite-kill-switch")
    }
    guard let journal else {
      throw DSLError(.notFound, "\(directory.path) has no journal, so there is nothing to undo")
    }
    // Steps that were asked for and are made stay made: what is undone now is not made again by a loop.
    if let sim { try PaceStatus(sim.store, journal).settle(journal) }
    let executor = DecisionExecutor(
      backend: acting, handlers: extended(extensions).handlers, journal: journal, time: world.time,
      killSwitch: killSwitch)
    var reports: [RollbackReport] = []
    for entry in try ids.map({ try journal.decision($0) }).sorted(by: { $0.at > $1.at }) {
      reports.append(try await Rollback(executor).undo(entry, by: by))
    }
    return reports
  }

  /// The parts of a turn, put together from settings and extensions.
  ///
  /// - Throws: `invalidInput` when the policy cannot be read.
  package func cycle(_ extensions: EngineExtensions, dryRun: Bool = false) throws -> Cycle {
    let extensions = extended(extensions)
    let policy = try policy(types: settings.backendTypes + Array(extensions.handlers.keys).sorted())
    var gates = settings.gates.adding(policy)
    gates.dryRun = gates.dryRun || dryRun
    gates.approval.rules = policy.approvers
    var engine = DecisionEngine(
      policy: policy, health: extensions.health ?? health, limits: settings.limits)
    engine.record =
      try journal?.calibrationRecord(at: world.time.now, gates.calibration) ?? CalibrationRecord()
    if sim != nil { gates.maxDecisionsPerCycle = min(gates.maxDecisionsPerCycle, 1) }
    var cycle = Cycle(
      backend: acting, engine: engine, gates: gates,
      strategies: try extensions.strategies + clusterStrategies,
      handlers: extensions.handlers, tracer: tracer, time: world.time,
      provenance: Cycle.Provenance(
        engineVersion: DSLVersion.current, policyName: policy.name,
        policyHash: PolicySource.hash(policy.source), policyText: policy.source,
        seed: world.seed, settings: conditions(engine.record)))
    cycle.control = control
    cycle.programs = programs
    cycle.meters = world.meters
    return cycle
  }

  /// The policy, read when it is first asked for: a loop decides by one policy until it is told to reload.
  private func policy(types: [DecisionType]) throws -> Policy {
    try loadedPolicy.withLock { loaded in
      if let loaded { return loaded }
      let policy = try PolicySource(settings.policy, directory).load(
        types: types, catalog: settings.metricCatalog)
      loaded = policy
      return policy
    }
  }

  /// What a cycle is decided under beside policy and observation: the settings, and how predictions fared.
  private func conditions(_ record: CalibrationRecord) -> JSONValue {
    var object = SettingCatalog.json(settings).object ?? [:]
    if !record.kinds.isEmpty { object[JournaledConditions.recordKey] = record.json }
    return .object(object)
  }

  /// A cycle's id: unique by time and the seed.
  func newCycleID() -> String {
    var generator = SplitMix64(seed: world.seed ^ UInt64(bitPattern: world.time.now.nanoseconds))
    return "c-" + generator.hex(bytes: 8)
  }
}

extension RecordedSpan {
  /// The attributes of a `system_analysis` span.
  func describe(_ observation: Observation) {
    set(.completionRate, observation.metrics.completionRate)
    set(.activeAgents, observation.metrics.activeAgents)
    set(.workQueueSize, observation.metrics.workQueueSize)
    // Unknown is not zero: a span without a score says by its state that there is none.
    if let score = observation.metrics.healthScore { set(.healthScore, score) }
    set(.healthState, observation.metrics.healthState.rawValue)
  }
}
