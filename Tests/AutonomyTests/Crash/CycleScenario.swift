import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import SweepFolders
import Telemetry
import Testing

/// A whole turn of the loop, from looking to the last note in the journal.
enum CycleScenario: String, CaseIterable, Sendable {
  /// The policy decides.
  case deciding
  /// An engine had died in the middle of a decision; the turn clears up and decides.
  case clearing
  /// Decisions of an earlier turn made health worse: the turn says so and undoes them.
  case undoing
  /// Every kind of decision in one turn.
  case everything

  var effect: EffectScenario {
    EffectScenario(
      type: .coordinationImprove, deed: self == .clearing ? .recovery : .execution, overdue: self == .clearing
    )
  }

  /// What is carried out instead of what the policy would say.
  var given: [Decision]? { self == .everything ? Self.everyKind : nil }

  /// One decision of every kind, with ids of their own.
  private static let everyKind = BackendContract.decisions.map { decision in
    var decision = decision
    decision.id = "d-\(decision.type.rawValue)"
    return decision
  }

  /// Runs the turn that is swept, and tells what it carried out.
  func perform(_ engine: EffectEngine, _ tell: (String) -> Void) async throws {
    let report = try await engine.turn("c-swept", given)
    for decision in report.executed { tell(decision.decision.id) }
    tell("turn")
  }

  /// Brings the directory to where the turn begins.
  func prepare(_ engine: EffectEngine, _ directory: CoordinationDirectory) async throws {
    switch self {
    case .deciding, .everything: break
    case .clearing:
      try engine.journal.begin(
        CycleRecord(
          id: "c", startedAt: engine.time.now, backend: "files", engineVersion: "0", policyName: "default",
          policyHash: "0", seed: 1, settings: [:], observation: [:], metrics: [:], traceID: nil,
          dryRun: false,
          epoch: 0))
      try await effect.prepare(engine)
    case .undoing:
      let report = try await engine.turn("c-before", Self.everyKind)
      #expect(report.executed.count > 3, "\(report.decisions)")
      // Agents fall silent, one after the other: health falls below what any decision was to cost.
      let store = AgentStore(directory)
      for id in ContractSeed.idle + ["busy-1"] {
        try store.update(id) { (_, record, _) throws(DSLError) in
          record.heartbeat = engine.time.now.adding(seconds: -3600)
        }
      }
      engine.time.advance(seconds: 30)
    }
  }
}

extension EffectEngine {
  /// One turn, in which nothing but the policy holds a decision back.
  func turn(_ id: String, _ given: [Decision]? = nil) async throws -> CycleReport {
    var gates = GateSettings(cooldown: .init(up: 0, down: 0, other: 0))
    gates.maxDecisionsPerCycle = 20
    gates.minConfidence = 0
    var options = Cycle.Options()
    options.autoRollback = true
    let cycle = Cycle(
      backend: backend, engine: DecisionEngine(policy: try .default), gates: gates, strategies: [],
      handlers: [:],
      tracer: SpanRecorder(serviceName: "test", exporter: InMemoryExporter(), time: time, seed: 1),
      time: time,
      provenance: .init(engineVersion: "0", policyName: "default", policyHash: "0", seed: 1, settings: [:]))
    return try await cycle.run(id: id, journal: journal, history: journal, options, given: given)
  }
}

/// A prepared beginning of a turn.
struct CycleBeginning: Sendable {
  let scenario: CycleScenario
  let untouched: DiskImage
  let image: DiskImage
  let elapsed: Double

  init(_ scenario: CycleScenario) async throws {
    let (folder, time) = (try SweepFolder(), ManualTime())
    try EffectBeginning.seed(folder.path, time)
    self.scenario = scenario
    untouched = try DiskImage(reading: folder.path, PosixFileSystem())
    let engine = try EffectEngine(scenario.effect, folder.path, time, PosixFileSystem(), seed: 1)
    try await scenario.prepare(
      engine, CoordinationDirectory(path: folder.path, files: PosixFileSystem()))
    elapsed = time.monotonicSeconds
    image = try DiskImage(reading: folder.path, PosixFileSystem())
  }

  /// The clock as it stands at the beginning.
  func time(rebooted: Bool = false) -> ManualTime {
    let time = rebooted ? ManualTime(ManualTime().now, origin: "after") : ManualTime()
    time.advance(seconds: elapsed + (rebooted ? 5 : 0))
    return time
  }
}
