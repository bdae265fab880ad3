package import Coordination
package import DSLBase
import DecisionEngine
package import Logging
import Synchronization
package import Telemetry

/// One engine over one coordination directory, put together from settings: what every command runs on.
///
/// Nothing that a call does not need is opened: looking parses no policy, and opens no database that is not there.
package final class EngineHost: Sendable {
  /// The world around the engine, all of it replaceable.
  package struct World: Sendable {
    package var files: any FileSystem
    package var time: any TimeSource
    package var processes: any ProcessControl
    /// Where ids come from: random in production.
    package var seed: UInt64
    package var environment: [String: String]
    package var host: String
    /// The account that the engine runs under: who proposes what it decides.
    package var user = AccountName.current
    /// Takes spans meant for people; never standard output.
    package var console: @Sendable ([UInt8]) throws -> Void
    /// Told what happens, by level.
    package var log: Logger
    /// How messages leave over HTTP; without it webhooks cannot be told anything, and say so.
    package var transport: (any HTTPTransport)?
    /// Where the telemetry of a directory is, and what looks for issues in it; the directory's store and the detectors of
    /// the house unless given.
    package var signals: (@Sendable (CoordinationDirectory, Settings) -> SignalLook?)?
    /// What this process counts.
    package var meters: MetricRegistry
    /// What leaves for collectors; `nil` when nothing does.
    package var export: TelemetryExport?

    package init(
      files: any FileSystem, time: any TimeSource, processes: any ProcessControl, seed: UInt64,
      environment: [String: String], host: String, log: Logger,
      console: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
      self.files = files
      self.time = time
      self.processes = processes
      self.seed = seed
      self.environment = environment
      self.host = host
      self.console = console
      self.log = log
      meters = MetricRegistry(start: time.now)
    }
  }

  package let directory: CoordinationDirectory
  package let settings: Settings
  package let access: EngineAccess
  package let world: World
  package let tracer: SpanRecorder
  package let backend: FilesBackend
  /// The fleet of GPUs over it, where the loop runs on one.
  package let gpus: GPUBackend?
  /// The simulated cluster, where the loop runs on one.
  package let sim: SimBackend?
  /// The work queue; `nil` when there is no directory to have one.
  package let queue: WorkQueue?
  /// The journal; `nil` when there is none and nothing may be written.
  package let journal: Journal?
  /// Programs that take part in cycles; `nil` when none is configured.
  package let programs: Programs?
  /// Who is told of incidents; `nil` when nobody is, or nothing may be written.
  package let notifications: Notifications?
  /// What deserves attention and is no error, a sentence each.
  package let warnings: [String]
  /// The lead, for an engine that acts.
  package let seat: EngineSeat?
  private let ownsSeat: Bool
  /// The policy, once it was needed.
  let loadedPolicy = Mutex<Policy?>(nil)

  /// Opens an engine. One that acts leads from now on, until `close`.
  ///
  /// - Parameter seat: of a process that leads already; it stays with the caller.
  /// - Throws: `locked` when another engine leads; `notFound` when it is to act and there is none;
  ///   `corrupt`, `io`, `unsupported` from the journal and the queue.
  package init(
    path: String, settings: Settings, access: EngineAccess, world: World, seat given: EngineSeat? = nil
  ) throws {
    directory = CoordinationDirectory(path: path, files: world.files)
    self.settings = settings
    self.access = access
    self.world = world
    let source = settings.backend == "gpu" ? try GPUFleetSource(settings.gpu, directory) : nil
    var seat = access == .act ? given : nil
    if access == .act, seat == nil { seat = try EngineSeat(leading: directory, settings.leader, world) }
    self.seat = seat
    ownsSeat = given == nil
    let telemetry = TelemetrySettings(environment: world.environment, version: DSLVersion.current)
    var warnings = telemetry.warnings
    let hasState = (try? world.files.status(directory.state)) != nil
    let writable = access == .act || (access == .look && hasState && world.files.isWritable(directory.state))
    if access == .look, hasState, !writable {
      warnings.append("\(directory.state) cannot be written: index and spans are skipped")
    }
    let exporter = telemetry.exporter(
      files: world.files, path: writable && settings.telemetry.spans ? directory.spans : nil,
      rotateBytes: Int64(settings.telemetry.rotateBytes), keep: settings.telemetry.keep,
      collector: world.export?.spans, console: world.console)
    tracer = SpanRecorder(
      resource: telemetry.resource, exporter: exporter, time: world.time, seed: world.seed,
      parent: telemetry.parent,
      sampler: settings.telemetry.sampler(telemetry.sampler))
    if let seat {
      queue = try Self.queue(directory, world, leavingOnFailure: ownsSeat ? seat : nil)
      journal = seat.journal
    } else {
      // What cannot be reached is told; what is there and damaged is an error, because the engine could not work.
      queue = try Self.look(&warnings) { [directory] in
        try world.files.status(path) == nil
          ? nil : try WorkQueue(directory: directory, time: world.time, seed: world.seed, access: .readOnly)
      }
      journal = try Self.look(&warnings) { [directory] in try Journal.openForReading(directory) }
    }
    var fence: Fence?
    if let seat { fence = Fence(directory, seat.journal) }
    backend = FilesBackend(
      directory, queue: queue, fence: fence, time: world.time,
      processes: world.processes,
      options: FilesBackend.Options(settings, host: world.host),
      index: writable ? .readWrite : access == .look && hasState ? .readOnly : .none)
    gpus = source.map { [backend] in GPUBackend(backend, $0) }
    let cluster = ClusterStore(directory, settings.sim, fence: fence)
    sim =
      settings.backend == SimBackend.word
      ? SimBackend(cluster, policy: settings.policy, time: world.time) : nil
    self.warnings = warnings
    programs = try Self.programs(settings, directory, world, tracer, journal)
    notifications = access == .act ? try Self.notifications(settings, directory, world, journal) : nil
  }

  /// What the loop runs on.
  package var acting: any Backend {
    if let sim { return sim }
    return gpus ?? backend
  }

  /// Gives the lead up, and tells what metrics and spans are left.
  package func close() {
    world.export?.settle(self)
    notifications?.close()
    tracer.flush()
    if ownsSeat { seat?.leave() }
  }

  private static func queue(
    _ directory: CoordinationDirectory, _ world: World, leavingOnFailure seat: EngineSeat?
  ) throws -> WorkQueue {
    do {
      return try WorkQueue(directory: directory, time: world.time, seed: world.seed, access: .readWrite)
    } catch {
      seat?.leave()
      throw error
    }
  }

  private static func look<State>(_ warnings: inout [String], _ open: () throws -> State?) throws -> State? {
    do {
      return try open()
    } catch {
      let error = (error as? FileError)?.asDSLError ?? error as? DSLError
      guard let error, error.code == .io else {
        throw error ?? DSLError(.internalError, "the state cannot be opened")
      }
      if !warnings.contains(error.description) { warnings.append(error.description) }
      return nil
    }
  }

  /// Makes sure that there is a directory with room for the engine's own state.
  static func prepare(_ directory: CoordinationDirectory) throws {
    guard let status = try directory.files.status(directory.path + "/.") else {
      throw DSLError(
        .notFound, "there is no directory \(directory.path)", fix: "make one: dsl init \(directory.path)")
    }
    guard status.kind == .directory else {
      throw DSLError(
        .invalidInput, "\(directory.path) is not a directory", fix: "name a directory with --coord-dir")
    }
    do throws(FileError) { try AtomicFile.makeDirectory(directory.files, directory.state) } catch {
      throw error.asDSLError
    }
  }
}

extension FilesBackend.Options {
  /// What the settings say about this backend.
  package init(_ settings: Settings, host: String) {
    self.init()
    command = settings.agents.command
    healthCommand = settings.agents.healthCommand
    healthTimeoutSeconds = settings.agents.healthTimeoutSeconds
    heartbeatLimitSeconds = settings.agents.heartbeatLimitSeconds
    startTimeoutSeconds = settings.agents.startTimeoutSeconds
    limits.recordBytes = settings.records.maxBytes
    limits.heartbeatSeconds = settings.agents.heartbeatLimitSeconds
    limits.telemetrySeconds = settings.records.telemetryFreshSeconds
    limits.throughputWindowSeconds = settings.records.throughputWindowSeconds
    limits.workAgeLimitSeconds = settings.work.ageLimitSeconds ?? .infinity
    bounds.maximumAgents = settings.limits.maxAgents
    bounds.startsAgents = settings.agents.command != nil
    bounds.itemLimit = settings.work.processLimit
    bounds.concurrency =
      settings.agents
      .minConcurrency...max(
        settings.agents.minConcurrency, settings.agents.maxConcurrency)
    assumedOffset = settings.records.assumedOffsetSeconds
    self.host = host
  }
}

extension Settings.Telemetry {
  /// What decides on traces: the environment where it says something, else the configured share.
  package func sampler(_ environment: Sampler) -> Sampler {
    environment == .always && samplingRatio < 1 ? .ratio(samplingRatio) : environment
  }
}
