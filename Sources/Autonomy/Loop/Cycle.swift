package import Coordination
import CoreMetrics
package import DSLBase
package import DecisionEngine
package import Telemetry

/// One turn of the loop: observe, score, verify what went before, decide, gate, and carry out what passed.
///
/// The order is fixed here and nowhere else. Each step is a span below `cycle_complete`; `Gate.judge` stands before the
/// only call of `DecisionExecutor.execute`.
package struct Cycle: Sendable {
  /// What a turn may do.
  package struct Options: Sendable, Equatable {
    /// Look, decide and plan, but write nothing at all.
    package var dryRun = false
    /// Undo decisions of earlier cycles that made health worse.
    package var autoRollback = false

    package init() {}
  }

  package let backend: any Backend
  package var engine: DecisionEngine
  package var gates: GateSettings
  package var strategies: [any DecisionStrategy]
  package let handlers: [DecisionType: any DecisionHandler]
  package let tracer: SpanRecorder
  package let time: any TimeSource
  /// Written to the journal with each cycle: everything that replaying it needs beside the observation.
  package var provenance: Provenance
  /// Programs that take part; their answers are journaled.
  package var programs: Programs?
  /// What is done about issues in telemetry.
  package var remediation: RemediationTurn?
  /// What people can do to it from outside.
  package var control = Control()
  /// What goes on around the turn.
  package var supervision = Supervision()
  /// What the process counts; `nil` when nobody wants to know.
  package var meters: MetricRegistry?

  /// What a turn asks whoever runs it, and tells it.
  package struct Supervision: Sendable {
    /// Who leads instead of this engine; `nil` while it may act.
    package var otherLeader: @Sendable () -> String? = { nil }
    /// Whether the turn is to end after the effect under way.
    package var isStopping: @Sendable () -> Bool = { false }
    /// Called whenever the turn has come a step further.
    package var progressed: @Sendable () -> Void = {}

    package init() {}
  }

  /// What a decision came from, beside the observation.
  package struct Provenance: Sendable, Equatable {
    package var engineVersion: String
    package var policyName: String
    package var policyHash: String
    /// The policy itself, so that a replay does not depend on the file; `nil` where there is none to keep.
    package var policyText: String?
    package var seed: UInt64
    package var settings: JSONValue

    package init(
      engineVersion: String, policyName: String, policyHash: String, policyText: String? = nil,
      seed: UInt64, settings: JSONValue
    ) {
      self.engineVersion = engineVersion
      self.policyName = policyName
      self.policyHash = policyHash
      self.policyText = policyText
      self.seed = seed
      self.settings = settings
    }
  }

  package init(
    backend: any Backend, engine: DecisionEngine, gates: GateSettings, strategies: [any DecisionStrategy],
    handlers: [DecisionType: any DecisionHandler], tracer: SpanRecorder, time: any TimeSource,
    provenance: Provenance
  ) {
    self.backend = backend
    self.engine = engine
    self.gates = gates
    self.strategies = strategies
    self.handlers = handlers
    self.tracer = tracer
    self.time = time
    self.provenance = provenance
  }

  /// Looks and scores, without deciding.
  package func observe() async throws -> Observation {
    try await tracer.withSpan(.systemAnalysis) { span in
      let began = time.monotonicSeconds
      let seen = try await backend.observe()
      if let meters {
        CoreMetrics.Timer(label: ProcessMetric.observation.name, factory: meters)
          .recordSeconds(time.monotonicSeconds - began)
      }
      let observation = await scored(seen)
      span.describe(observation)
      return observation
    }
  }

  /// Decides on what was seen.
  package func decide(_ observation: Observation, cycle: String) -> DecisionSet {
    tracer.withSpan(.decisionGeneration) { span in
      let set = engine.decide(observation, cycle: cycle, strategies: strategies)
      span.set(.decisionCount, set.decisions.count)
      if let first = set.decisions.first {
        span.set(.highestPriority, first.priority)
        span.set(.decisionTypes, set.decisions.map(\.type.rawValue))
      }
      return set
    }
  }

  /// Runs one turn.
  ///
  /// - Parameters:
  ///   - id: the cycle's id; decision ids derive from it.
  ///   - journal: `nil` for a dry run, which leaves no trace.
  ///   - given: decisions to carry out instead of deciding.
  ///   - history: the journal that the gates ask about the past; read only.
  /// - Throws: when the backend or the journal fails. What a decision runs into is in the report, and so is another
  ///   engine's taking over: then nothing more is done or journaled.
  package func run(
    id: String, journal: Journal?, history: Journal?, _ options: Options,
    given: [Decision]? = nil
  ) async throws -> CycleReport {
    try await tracer.withSpan(.cycleComplete) { span in
      var report = CycleReport(
        id: id, traceID: span.context.traceContext?.traceID.description ?? "", at: time.now)
      report.place = span.traceContext
      report.dryRun = options.dryRun
      do {
        try await turn(&report, span, journal, history, options, given)
      } catch let error as DSLError where error.code == .superseded {
        report.standDown(error)
      }
      return report
    }
  }

  /// The turn itself, noting in the report what it comes to.
  private func turn(
    _ report: inout CycleReport, _ span: RecordedSpan, _ journal: Journal?, _ history: Journal?,
    _ options: Options, _ given: [Decision]?
  ) async throws {
    let began = time.monotonicSeconds
    let executor = journal.map {
      DecisionExecutor(
        backend: backend, handlers: handlers, journal: $0, time: time, killSwitch: control.killSwitch)
    }
    if let executor, control.killSwitch?.reason() == nil {
      report.warnings += try await Recovery(executor).run()
      if let resumed = try await Rollback(executor).resume() { report.warnings.append(resumed) }
    }
    report.observation = try await observe()
    await lookForIssues(&report)
    if let executor {
      let verifier = Verifier(executor, engine, autoRollback: try options.autoRollback && !isHeld(journal))
      report.verifications = try await verifier.run(report.observation)
    }
    let remedies =
      given == nil ? remedies(report.observation, notes: &report.warnings) : RemediationTurn.Plans()
    let asked =
      given == nil
      ? await asking(report.observation, remedies.live, cycle: report.id, notes: &report.warnings) : self
    let set =
      given.map { DecisionSet(decisions: $0, silence: nil, considered: []) }
      ?? asked.decide(report.observation, cycle: report.id)
    report.considered = set.considered
    report.silence = set.silence
    try journal?.begin(asked.record(report, epoch: journal?.epoch ?? 0), policyText: provenance.policyText)
    let requests = try await requests(set.decisions, report.observation, history, cycle: report.id)
    let verdicts = try judge(set.decisions, history, requests)
    report.holds = try holds(history).holds
    try note(requests, verdicts, journal)
    for verdict in verdicts { span.note(verdict) }
    report.decisions = try await carryOut(
      verdicts, report.observation, executor, requests, cycle: report.id, warnings: &report.warnings)
    try await settleRemedies(&report, remedies, history)
    let hasGoneOn = try await passTime(&report, executor)
    let isAsBefore = report.executed.isEmpty && !hasGoneOn
    let after = isAsBefore ? report.observation : await scored(try await backend.observe())
    report.healthAfter = after.metrics.healthScore
    report.latest = after
    report.durationMs = ((time.monotonicSeconds - began) * 1_000_000).rounded() / 1000
    finish(span, report)
    try journal?.finishCycle(
      id: report.id, executed: report.executed.count, failed: report.failed.count, skipped: report.skipped,
      durationMs: report.durationMs, healthAfter: report.healthAfter,
      notes: report.warnings + report.verifications + (report.silence.map { [$0] } ?? []),
      tally: EngineTally.entries(report))
    report.journalHead = try journal?.head()
    if let head = report.journalHead { span.set(.journalHead, head) }
  }

  /// Lets time pass where it does so with cycles, and tells whether it does.
  private func passTime(_ report: inout CycleReport, _ executor: DecisionExecutor?) async throws -> Bool {
    guard executor != nil, control.killSwitch?.reason() == nil, supervision.otherLeader() == nil,
      let notes = try await backend.passTime(report.observation)
    else { return false }
    report.warnings += notes
    return true
  }

  /// Asks the gates about decisions, given what the journal knows of the past.
  func judge(
    _ decisions: [Decision], _ journal: Journal?, _ requests: Requests = Requests()
  ) throws -> [Verdict] {
    var history =
      try journal?.gateHistory(gates, at: time.now, record: engine.record)
      ?? GateHistory(record: engine.record)
    let holds = try holds(journal)
    (history.stopped, history.paused) = (holds.stopped, holds.paused)
    history.approvals = requests.standings
    history.otherHolder = supervision.otherLeader()
    return Gate.judge(decisions, settings: gates, history: history, now: time.now)
  }

  /// What people hold the loop back by at this moment, and nothing else of a history.
  private func holds(_ journal: Journal?) throws -> GateHistory {
    var history = GateHistory()
    history.stopped = control.killSwitch?.reason()
    history.paused = PauseFact(try journal?.lastPause(), time)
    return history
  }

  private func record(_ report: CycleReport, epoch: Int64) -> CycleRecord {
    CycleRecord(
      id: report.id, startedAt: report.startedAt, backend: backend.name,
      engineVersion: provenance.engineVersion,
      policyName: provenance.policyName, policyHash: provenance.policyHash, seed: provenance.seed,
      settings: provenance.settings, observation: report.observation.json,
      metrics: report.observation.metrics.json, traceID: report.traceID, dryRun: false, epoch: epoch)
  }
}
