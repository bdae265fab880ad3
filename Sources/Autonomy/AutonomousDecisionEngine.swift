import Coordination
public import DSLBase
public import DecisionEngine
import Glibc
public import Logging
import Synchronization
import Telemetry

/// The engine for programs that embed it: the document's API over a coordination directory.
///
/// ```swift
/// let engine = try AutonomousDecisionEngine(coordinationDirectory: "coordination")
/// let metrics = try await engine.analyzeSystemState()
/// let decisions = try engine.makeAutonomousDecisions(metrics)
/// let results = try await engine.executeDecisions(decisions, maxDecisions: 3, minConfidence: 0.6)
/// ```
///
/// Looking needs no lock. Executing takes the directory's engine lock for the length of the call, passes the same gates,
/// journal and undo as `dsl auto execute`, and throws `locked` while another engine acts.
public final class AutonomousDecisionEngine: Sendable {
  private struct State {
    var settings: Settings
    var extensions = EngineExtensions()
    var seen: Observation?
    var calls: UInt64 = 0
  }

  private let path: String
  private let state: Mutex<State>
  private let world: EngineHost.World

  /// An engine over a directory.
  ///
  /// - Parameters:
  ///   - path: the coordination directory.
  ///   - settings: everything that can be configured; `dsl.yaml` and the environment are not read.
  ///   - logger: told what happens.
  ///   - transport: how webhooks among the notifiers are reached; without it they are not.
  public init(
    coordinationDirectory path: String, settings: Settings = Settings(),
    logger: Logger = Logger(label: "dsl.autonomy"), transport: (any HTTPTransport)? = nil
  ) {
    self.path = path
    state = Mutex(State(settings: settings))
    let time = SystemTime()
    var generator = SystemRandomNumberGenerator()
    var world = EngineHost.World(
      files: PosixFileSystem(), time: time, processes: SystemProcesses(bootID: time.monotonicOrigin),
      seed: generator.next(), environment: [:], host: HostName.current,
      log: logger, console: { _ in })
    world.transport = transport
    self.world = world
  }

  /// The least confidence a decision needs, 0…1.
  public var confidenceThreshold: Double {
    get { state.withLock { $0.settings.gates.minConfidence } }
    set { state.withLock { $0.settings.gates.minConfidence = newValue } }
  }

  /// Effects that may be under way at once.
  public var maxConcurrentDecisions: Int {
    get { state.withLock { $0.settings.gates.maxConcurrent } }
    set { state.withLock { $0.settings.gates.maxConcurrent = newValue } }
  }

  /// How metrics become a score.
  public var healthModel: HealthModel {
    get { state.withLock { $0.settings.health } }
    set { state.withLock { $0.settings.health = newValue } }
  }

  /// Adds a source of decisions beside the policy.
  public func addDecisionStrategy(_ strategy: some DecisionStrategy) {
    state.withLock { $0.extensions.strategies.append(strategy) }
  }

  /// Adds what carries out decisions of a type, in place of the backend.
  public func addDecisionHandler(_ type: DecisionType, _ handler: some DecisionHandler) {
    state.withLock { $0.extensions.handlers[type] = handler }
  }

  /// Looks at the directory.
  ///
  /// - Throws: `corrupt`, `io`. A directory that cannot be seen is no error: its metrics are in the state `unknown`.
  public func analyzeSystemState() async throws -> SystemMetrics {
    let host = try open(.look)
    defer { host.close() }
    let seen = await host.asked(try host.status()).observation
    state.withLock { $0.seen = seen }
    return seen.metrics
  }

  /// Decides on metrics, without any effect. Metrics from `analyzeSystemState` carry what else was seen with them.
  ///
  /// - Throws: `invalidInput` when the policy cannot be read.
  public func makeAutonomousDecisions(_ metrics: SystemMetrics) throws -> [Decision] {
    let (settings, extensions, seen, call) = state.withLock { state in
      state.calls += 1
      return (state.settings, state.extensions, state.seen, state.calls)
    }
    let directory = CoordinationDirectory(path: path, files: world.files)
    let types = Array(extensions.handlers.keys).sorted()
    var engine = DecisionEngine(
      policy: try PolicySource(settings.policy, directory).load(types: types), health: settings.health,
      limits: settings.limits)
    if let journal = try Journal.openForReading(directory) {
      engine.record = try journal.calibrationRecord(at: world.time.now, settings.gates.calibration)
    }
    let observation =
      seen.flatMap { $0.metrics == metrics ? $0 : nil }
      ?? engine.assess(Observation(at: world.time.now, backend: "files", metrics: metrics))
    let cycle = "api-\(world.seed &+ call)"
    return engine.decide(observation, cycle: cycle, strategies: extensions.strategies).decisions
  }

  /// Carries decisions out: through the gates, journaled, undoable.
  ///
  /// - Parameters:
  ///   - decisions: in the order in which they are tried.
  ///   - maxDecisions: how many may take effect; the configured number unless given.
  ///   - minConfidence: the least confidence; the configured one unless given.
  /// - Throws: `locked` while another engine acts; `corrupt`, `io`.
  public func executeDecisions(
    _ decisions: [Decision], maxDecisions: Int? = nil, minConfidence: Double? = nil
  ) async throws -> CycleReport {
    let host = try open(.act) { settings in
      if let maxDecisions { settings.gates.maxDecisionsPerCycle = maxDecisions }
      if let minConfidence { settings.gates.minConfidence = minConfidence }
    }
    defer { host.close() }
    return await flushed(host, try await host.runCycle(.init(), extensions, decisions: decisions))
  }

  /// One whole turn: look, decide, and carry out what passes the gates.
  ///
  /// - Throws: `locked` while another engine acts; `corrupt`, `io`.
  public func runCycle() async throws -> CycleReport {
    let host = try open(.act)
    defer { host.close() }
    return await flushed(host, try await host.runCycle(.init(), extensions))
  }

  /// Undoes a decision that was carried out, however long ago.
  ///
  /// - Returns: what was done, or why it was left, as JSON: `outcome` is `reverted`, `partly` or `refused`.
  /// - Throws: `notFound`, `invalidState` when there is nothing to undo; `locked`.
  public func rollback(_ decisionID: String) async throws -> JSONValue {
    let host = try open(.act)
    defer { host.close() }
    return .array(try await host.rollback([decisionID], by: "api", extensions).map(\.json))
  }

  /// The report with what there is to say of messages, after they have left.
  private func flushed(_ host: EngineHost, _ report: CycleReport) async -> CycleReport {
    var report = report
    report.warnings += await host.flush()
    return report
  }

  private var extensions: EngineExtensions { state.withLock { $0.extensions } }

  private func open(
    _ access: EngineAccess, _ adjust: (inout Settings) -> Void = { _ in }
  ) throws -> EngineHost {
    var settings = state.withLock { $0.settings }
    adjust(&settings)
    return try EngineHost(path: path, settings: settings, access: access, world: world)
  }
}

/// The machine's name, as agents' records have it.
package enum HostName {
  package static var current: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
