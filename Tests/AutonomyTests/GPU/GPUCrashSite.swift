import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import SweepFolders
import Testing

/// What the engine does to a fleet of GPUs: agents with GPUs come, go and are replaced; it is carried out, rolled back, or
/// recovered from where an engine died.
struct GPUDeed: Sendable, CustomStringConvertible {
  let type: DecisionType
  let deed: EffectScenario.Deed

  var description: String { "\(deed.rawValue) of \(type.rawValue) on GPUs" }

  static let all: [GPUDeed] = EffectScenario.Deed.allCases.flatMap { deed in
    [DecisionType.scaleUp, .scaleDown, .restart].map { GPUDeed(type: $0, deed: deed) }
  }

  /// Two agents more, which take all GPUs; or all idle ones go, those with GPUs too; or a silent one is replaced.
  var decision: Decision {
    switch type {
    case .scaleUp: BackendContract.decision(type, ["target_agents": 5])
    case .scaleDown: BackendContract.decision(type, ["target_agents": 1])
    default: BackendContract.decision(type)
    }
  }

  /// Does the deed, telling what can be relied on from then on.
  func perform(_ site: GPUCrashSite, _ tell: (String) -> Void) async throws {
    switch deed {
    case .execution:
      let report = try await site.executor.execute(decision, site.gpus.observe(), cycle: "c")
      if case .executed = report.outcome { tell("executed") }
    case .rollback:
      let entry = try site.journal.decision(decision.id)
      if try await Rollback(site.executor).undo(entry, by: "test").outcome == .reverted { tell("undone") }
    case .recovery:
      if try await Recovery(site.executor).run().count == 1 { tell("settled") }
    }
  }

  /// Brings the directory to where the deed begins.
  func prepare(_ site: GPUCrashSite) async throws {
    if type == .scaleDown { try await site.grow() }
    guard deed != .execution else { return }
    let seen = try await site.gpus.observe()
    if deed == .rollback {
      let report = try await site.executor.execute(decision, seen, cycle: "c")
      guard case .executed = report.outcome else {
        Issue.record("\(self): \(report.outcome)")
        return
      }
      return
    }
    guard case .steps(let steps) = try await site.gpus.plan(decision, seen) else {
      Issue.record("\(self): nothing to do")
      return
    }
    try site.journal.intend(
      decision.json, id: decision.id, cycle: "c", type: type.rawValue, target: decision.target,
      direction: "neutral", steps: steps.map(\.json), at: site.time.now)
    // It died after all steps but one, the last of those not noted; after the only one, where there is but one.
    let done = steps.prefix(max(1, steps.count - 1))
    for (number, step) in done.enumerated() {
      let receipt = try await site.gpus.perform(step, for: decision)
      guard number < done.count - 1 else { continue }
      try site.journal.performed(decision: decision.id, step: number, receipt: receipt, at: site.time.now)
    }
  }
}

/// An engine over a directory with a fleet of one machine: four GPUs, and a pool whose replicas have two each.
struct GPUCrashSite {
  let time: ManualTime
  let directory: CoordinationDirectory
  let queue: WorkQueue
  let journal: Journal
  let gpus: GPUBackend
  let executor: DecisionExecutor

  init(_ path: String, _ time: ManualTime, _ files: any FileSystem, seed: UInt64) throws {
    self.time = time
    directory = CoordinationDirectory(path: path, files: files)
    queue = try WorkQueue(directory: directory, time: time, seed: seed, access: .readWrite)
    journal = try Journal(directory: directory, access: .readWrite)
    var options = FilesBackend.Options()
    options.command = "run-an-agent"
    options.host = "here"
    let under = FilesBackend(
      directory, queue: queue, time: time,
      processes: PretendProcesses(bootID: time.monotonicOrigin, last: Int32(seed) * 1000), options: options,
      index: .none)
    var settings = Settings.GPU()
    (settings.cluster, settings.manifests) = ("cluster.yaml", "manifests.yaml")
    gpus = GPUBackend(under, try GPUFleetSource(settings, directory))
    executor = DecisionExecutor(backend: gpus, handlers: [:], journal: journal, time: time)
  }

  static func seed(_ path: String, _ time: ManualTime) throws {
    let files = PosixFileSystem()
    try files.write(
      "\(path)/cluster.yaml",
      Array("nodes: [{name: box, cpu: 8, memory: 8Gi, gpus: 4, model: A100-SXM4-40GB}]\n".utf8),
      exclusive: true)
    try files.write(
      "\(path)/manifests.yaml",
      Array(
        """
        {apiVersion: neuronetes.io/v1alpha1, kind: Model, metadata: {name: m}, spec: {weightsURI: "s3://m", size: 1G}}
        ---
        {apiVersion: neuronetes.io/v1alpha1, kind: AgentClass, metadata: {name: c}, spec: {modelRef: {name: m}}}
        ---
        {apiVersion: neuronetes.io/v1alpha1, kind: AgentPool, metadata: {name: chat},
         spec: {agentClassRef: {name: c}, minReplicas: 0, maxReplicas: 9, gpuRequirements: {count: 2}}}

        """.utf8), exclusive: true)
    try EffectBeginning.seed(path, time)
  }

  /// Fills the machine with agents, which then have nothing to do.
  func grow() async throws {
    let seen = try await gpus.observe()
    let report = try await executor.execute(
      BackendContract.decision(.scaleUp, ["target_agents": 5]), seen, cycle: "c-before")
    guard case .executed = report.outcome else {
      Issue.record("the fleet cannot grow: \(report.outcome)")
      return
    }
    for holder in try gpus.holders() {
      try AgentStore(directory).update(holder.agent) { (_, record, _) throws(DSLError) in
        record.status = .active
        record.heartbeat = time.now
        record.lastActive = time.now.adding(seconds: -10)
      }
    }
  }

  /// What is on the disk once everything on its way to a file has arrived, and temporary files are gone.
  func settled() throws -> DiskImage {
    try queue.flush()
    _ = try queue.statistics()
    _ = try AtomicFile.removeLeftovers(
      PosixFileSystem(), directory.path, unchangedSince: Timestamp(nanoseconds: .max))
    return try DiskImage(reading: directory.path, PosixFileSystem())
  }
}

/// A prepared beginning of a deed, to be put into as many directories as needed.
struct GPUCrashBeginning: Sendable {
  let deed: GPUDeed
  /// Before the engine did anything.
  let untouched: DiskImage
  /// When the deed begins.
  let image: DiskImage
  private let elapsed: Double

  init(_ deed: GPUDeed) async throws {
    let (folder, time) = (try SweepFolder(), ManualTime())
    try GPUCrashSite.seed(folder.path, time)
    self.deed = deed
    untouched = try DiskImage(reading: folder.path, PosixFileSystem())
    elapsed = time.monotonicSeconds
    try await deed.prepare(try GPUCrashSite(folder.path, time, PosixFileSystem(), seed: 1))
    image = try DiskImage(reading: folder.path, PosixFileSystem())
  }

  /// The clock as it stands at the beginning.
  func time(rebooted: Bool = false) -> ManualTime {
    let time = rebooted ? ManualTime(ManualTime().now, origin: "after") : ManualTime()
    time.advance(seconds: elapsed + (rebooted ? 5 : 0))
    return time
  }
}
