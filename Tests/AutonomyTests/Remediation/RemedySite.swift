import AnomalyDetection
import Coordination
import DSLBase
import DecisionEngine
import Glibc
import Logging
import Synchronization
import Testing

@testable import Autonomy

/// Telemetry that a test writes down.
final class ScriptedSource: SignalSource {
  struct State: Sendable {
    var windows: [ServiceWindow] = []
    var signals: [SecuritySignal] = []
    var asked: [(from: Timestamp, until: Timestamp)] = []
    var isBroken = false
  }

  let state = Mutex(State())

  func refresh() async throws -> [String] {
    if state.withLock({ $0.isBroken }) { throw DSLError(.io, "the store cannot be read") }
    return []
  }

  func windows(from start: Timestamp, until end: Timestamp, length: Double) async throws -> [ServiceWindow] {
    state.withLock { state in
      state.asked.append((start, end))
      return state.windows.filter { $0.start >= start && $0.end <= end }
    }
  }

  func signals(from start: Timestamp, until end: Timestamp, limit: Int) async throws -> [SecuritySignal] {
    state.withLock { state in
      Array(state.signals.filter { $0.at >= start && $0.at < end }.suffix(limit))
    }
  }
}

/// A detector that is easy to foretell: more than every third span fails. It learns how many windows it saw.
struct PlainFinder: IssueFinding {
  var seen = 0

  mutating func observe(_ window: ServiceWindow) -> [DetectedIssue] {
    seen += 1
    guard let traffic = window.traffic, traffic.spans > 0 else { return [] }
    let share = Double(traffic.errors) / Double(traffic.spans)
    guard share > 1.0 / 3 else { return [] }
    return [
      DetectedIssue(
        kind: .errorSpike, service: window.service, severity: share, confidence: 0.99, onset: window.start,
        observed: share, expected: 0.01, measure: "error_ratio", evidence: "\(traffic.errors) spans failed",
        window: window)
    ]
  }

  var json: JSONValue { ["seen": .int(seen)] }
}

/// A coordination directory with agents, telemetry of a test's own, and an engine over it.
final class RemedySite {
  let time = ManualTime()
  let source = ScriptedSource()
  let path: String
  var settings = Settings()
  private let agents: Int

  init(agents: Int = 2) throws {
    self.agents = agents
    var template = Array("/tmp/dsl-remedy-XXXXXX".utf8CString)
    path = try #require(mkdtemp(&template).map { String(cString: $0) })
    settings.gates.cooldown = .init(up: 0, down: 0, other: 0)
    settings.gates.maxDecisionsPerCycle = 10
    settings.processing.intervalSeconds = 0
    settings.remediation.settleSeconds = 120
    try write("dsl.yaml", "{}")
    try beatAll()
  }

  private func beatAll() throws { for number in 0..<agents { try beat("a\(number)") } }

  deinit { _ = try? SystemProcesses(bootID: "").run("rm -rf '\(path)'", environment: [], timeout: 10) }

  var directory: CoordinationDirectory { CoordinationDirectory(path: path, files: PosixFileSystem()) }

  func write(_ name: String, _ text: String) throws {
    try PosixFileSystem().write("\(path)/\(name)", Array(text.utf8), exclusive: false)
  }

  func exists(_ name: String) throws -> Bool { try PosixFileSystem().status("\(path)/\(name)") != nil }

  /// An agent that was heard of just now.
  func beat(_ id: String, concurrency: Int = 4) throws {
    try write(
      "agent_\(id).json",
      """
      {"id":"\(id)","status":"active","service":"pool","concurrency":\(concurrency),"last_heartbeat":"\(time.now)","heartbeat_limit_s":86400}
      """)
  }

  /// A command for an action that leaves a file named by the service.
  func command(_ action: RemediationAction, undoes: Bool = true) -> RemediationSettings.Command {
    let program = ProgramSettings.Program(
      name: action.rawValue, command: ["/bin/sh", "-c", "cat > done_$DSL_SERVICE; echo ok"])
    let undo = ["/bin/sh", "-c", "rm done_$DSL_SERVICE"]
    return RemediationSettings.Command(action: action, program: program, undo: undoes ? undo : nil)
  }

  func engine(_ access: EngineAccess = .act) throws -> EngineHost {
    var world = EngineHost.World(
      files: PosixFileSystem(), time: time, processes: SystemProcesses(bootID: "manual"), seed: 1,
      environment: ["PATH": "/usr/bin:/bin"], host: "here",
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, console: { _ in })
    let source = source
    world.signals = { _, _ in
      SignalLook(source: source) { PlainFinder(seen: $0?["seen"]?.int ?? 0) }
    }
    return try EngineHost(path: path, settings: settings, access: access, world: world)
  }

  /// Turns both switches.
  func turnOn(live: Bool) throws {
    let journal = try Journal(directory: directory, access: .readWrite)
    _ = try journal.turn(.processing, .init(at: time.now, by: "test", isOn: true))
    _ = try journal.turn(.remediation, .init(at: time.now, by: "test", isOn: true, isLive: live))
  }

  /// Writes down a minute of telemetry that ended a moment ago, and lets the clock go on by a minute.
  func minute(_ services: [String: (spans: Int, errors: Int)]) throws {
    time.advance(seconds: 60)
    try beatAll()
    let end = TelemetryProcessing.floor(time.now.adding(seconds: -settings.processing.delaySeconds), 60)
    for service in services.keys.sorted() {
      guard let traffic = services[service] else { continue }
      let window = try ServiceWindow(
        service: service, start: end.adding(seconds: -60), length: 60,
        traffic: .init(spans: traffic.spans, errors: traffic.errors))
      source.state.withLock { $0.windows.append(window) }
    }
  }

  /// One turn of an engine of its own, as after a restart.
  func turn() async throws -> CycleReport {
    let engine = try engine()
    defer { engine.close() }
    time.advance(seconds: 0.1)
    return try await engine.runCycle()
  }

  func book() throws -> RemediationBook {
    try EngineHost.book(try Journal.openForReading(directory), settings)
  }
}

extension CycleReport {
  /// What was carried out of plans.
  var remedies: [DecisionReport] {
    executed.filter { $0.decision.rule.hasPrefix(RemediationPlan.rulePrefix) }
  }
}
