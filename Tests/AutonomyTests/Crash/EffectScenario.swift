import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import SweepFolders
import Telemetry
import Testing

/// Everything that the engine does to a directory: each kind of effect, its undoing, and clearing up after a dead engine.
struct EffectScenario: Sendable, CustomStringConvertible {
  enum Deed: String, CaseIterable, Sendable {
    /// A decision is carried out.
    case execution
    /// One that was carried out is rolled back.
    case rollback
    /// An engine had died in the middle; the next clears up.
    case recovery
  }

  let type: DecisionType
  let deed: Deed
  /// Whether pending items are overdue, which a `coordination_improve` then sets aside.
  var overdue = false

  var description: String { "\(deed.rawValue) of \(type.rawValue)\(overdue ? " with overdue items" : "")" }

  static let all: [EffectScenario] = Deed.allCases.flatMap { deed in
    BackendContract.decisions.map { EffectScenario(type: $0.type, deed: deed) } + [
      EffectScenario(type: .coordinationImprove, deed: deed, overdue: true)
    ]
  }

  var decision: Decision {
    BackendContract.decisions.first { $0.type == type } ?? BackendContract.decisions[0]
  }

  /// Does the deed, telling what can be relied on from then on.
  func perform(_ engine: EffectEngine, _ tell: (String) -> Void) async throws {
    switch deed {
    case .execution:
      let seen = try await engine.backend.observe()
      if case .executed = try await engine.executor.execute(decision, seen, cycle: "c").outcome {
        tell("executed")
      }
    case .rollback:
      let entry = try engine.journal.decision(decision.id)
      if try await Rollback(engine.executor).undo(entry, by: "test").outcome == .reverted { tell("undone") }
    case .recovery:
      if try await Recovery(engine.executor).run().count == 1 { tell("settled") }
    }
  }

  /// Brings the directory to where the deed begins.
  func prepare(_ engine: EffectEngine) async throws {
    guard deed != .execution else { return }
    let seen = try await engine.backend.observe()
    if deed == .rollback {
      let report = try await engine.executor.execute(decision, seen, cycle: "c")
      guard case .executed = report.outcome else {
        Issue.record("\(self): \(report.outcome)")
        return
      }
      return
    }
    guard case .steps(let steps) = try await engine.backend.plan(decision, seen) else {
      Issue.record("\(self): nothing to do")
      return
    }
    try engine.journal.intend(
      decision.json, id: decision.id, cycle: "c", type: type.rawValue, target: decision.target,
      direction: "neutral", steps: steps.map(\.json), at: engine.time.now)
    // It died after all steps but one, the last of those not noted; after the only one, where there is but one.
    let done = steps.prefix(max(1, steps.count - 1))
    for (number, step) in done.enumerated() {
      let receipt = try await engine.backend.perform(step, for: decision)
      guard number < done.count - 1 else { continue }
      try engine.journal.performed(
        decision: decision.id, step: number, receipt: receipt, at: engine.time.now)
    }
  }
}

/// An engine over a directory, put together for one state of it.
struct EffectEngine {
  let time: ManualTime
  let queue: WorkQueue
  let journal: Journal
  let backend: FilesBackend
  let executor: DecisionExecutor

  init(_ scenario: EffectScenario, _ path: String, _ time: ManualTime, _ files: any FileSystem, seed: UInt64)
    throws
  {
    self.time = time
    let directory = CoordinationDirectory(path: path, files: files)
    queue = try WorkQueue(directory: directory, time: time, seed: seed, access: .readWrite)
    journal = try Journal(directory: directory, access: .readWrite)
    var options = FilesBackend.Options()
    options.command = "run-an-agent"
    options.host = "here"
    if scenario.overdue { options.limits.workAgeLimitSeconds = 5 }
    backend = FilesBackend(
      directory, queue: queue, time: time, processes: PretendProcesses(bootID: time.monotonicOrigin),
      options: options, index: .none)
    executor = DecisionExecutor(backend: backend, handlers: [:], journal: journal, time: time)
  }
}

/// A prepared beginning of a scenario, to be put into as many directories as needed.
struct EffectBeginning: Sendable {
  let scenario: EffectScenario
  /// Before the engine did anything.
  let untouched: DiskImage
  /// When the deed begins.
  let image: DiskImage
  let elapsed: Double

  init(_ scenario: EffectScenario) async throws {
    let (folder, time) = (try SweepFolder(), ManualTime())
    try Self.seed(folder.path, time)
    self.scenario = scenario
    untouched = try DiskImage(reading: folder.path, PosixFileSystem())
    elapsed = time.monotonicSeconds
    try await scenario.prepare(
      try EffectEngine(scenario, folder.path, time, PosixFileSystem(), seed: 1))
    image = try DiskImage(reading: folder.path, PosixFileSystem())
  }

  /// The clock as it stands at the beginning.
  var time: ManualTime {
    let time = ManualTime()
    time.advance(seconds: elapsed)
    return time
  }

  /// What every backend begins with under contract, see `ContractSeed`, with neighbours.
  static func seed(_ path: String, _ time: ManualTime) throws {
    let directory = CoordinationDirectory(path: path, files: PosixFileSystem())
    let store = AgentStore(directory)
    for id in ContractSeed.idle + ["busy-1", "stale-1"] {
      var record = AgentRecord(id: id, status: .active, created: time.now.adding(seconds: -60))
      record.heartbeat = time.now.adding(seconds: id == "stale-1" ? -3600 : -1)
      record.lastActive = time.now.adding(seconds: -60)
      _ = try store.create(record, [("mine", .double(1.5))])
    }
    let queue = try WorkQueue(directory: directory, time: time, seed: 1, access: .readWrite)
    _ = try queue.add([NewWorkItem(id: "held-1", fields: ["priority": 99])])
    try #require(queue.claim(agent: "busy-1", leaseSeconds: 1000, count: 1).map(\.id) == ["held-1"])
    _ = try queue.add([NewWorkItem(id: "expired-1", fields: ["priority": 98])])
    try #require(queue.claim(agent: "gone-1", leaseSeconds: 1, count: 1).map(\.id) == ["expired-1"])
    _ = try queue.add(ContractSeed.pending.map { NewWorkItem(id: $0, fields: [:]) })
    time.advance(seconds: 10)
    _ = try Journal(directory: directory, access: .readWrite)
    for name in ["notes.txt", "telemetry_t.json", "completed_old.json"] {
      try directory.files.write("\(path)/\(name)", Array(#"{"a":1}"#.utf8), exclusive: true)
    }
  }
}
