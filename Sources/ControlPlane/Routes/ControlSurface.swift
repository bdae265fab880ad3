package import Autonomy
import Coordination
package import DSLBase
import DecisionEngine
import Synchronization

/// The directory that is served, and everything that answers need from outside.
///
/// Every answer looks anew, as a command would; only the status is shared by requests of the same moment. Must be used on
/// the thread for looking: all of it blocks.
package final class ControlSurface: Sendable {
  /// How long a status is good for, seconds: a thousand clients that ask at once cost one look.
  private static let freshSeconds = 0.25

  /// The coordination directory, as it was named.
  package let path: String
  let time: any TimeSource
  private let load: @Sendable () throws -> (settings: Settings, warnings: [String])
  private let makeWorld: @Sendable (Settings) -> EngineHost.World
  /// Whether the loop in this process gets on; always when there is none.
  let isAlive: @Sendable () -> Bool
  private let status = Mutex<(at: Double, envelope: Envelope)?>(nil)

  /// - Parameters:
  ///   - load: reads the settings, with warnings.
  ///   - world: what an engine works with under these.
  ///   - isAlive: whether the loop in this process gets on.
  package init(
    path: String, time: any TimeSource,
    load: @escaping @Sendable () throws -> (settings: Settings, warnings: [String]),
    world: @escaping @Sendable (Settings) -> EngineHost.World,
    isAlive: @escaping @Sendable () -> Bool = { true }
  ) {
    self.path = path
    self.time = time
    self.load = load
    makeWorld = world
    self.isAlive = isAlive
  }

  func settings() throws -> (settings: Settings, warnings: [String]) { try load() }

  /// What looks run in: as a command's, but without spans of their own. A page that looks every two seconds would drive
  /// the spans of cycles out of their files.
  func world(_ settings: Settings) -> EngineHost.World {
    var world = makeWorld(settings)
    world.environment["OTEL_SDK_DISABLED"] = "true"
    return world
  }

  func directory(_ settings: Settings) -> CoordinationDirectory {
    CoordinationDirectory(path: path, files: makeWorld(settings).files)
  }

  /// Opens an engine that looks, for as long as `body` runs.
  func looking<Result>(
    _ body: (EngineHost, _ warnings: [String]) async throws -> Result
  ) async throws -> Result {
    var (settings, warnings) = try load()
    settings.telemetry.spans = false
    let engine = try EngineHost(path: path, settings: settings, access: .look, world: world(settings))
    defer { engine.close() }
    return try await body(engine, warnings)
  }

  /// The journal for reading; `nil` when there is none.
  func journal() throws -> Journal? { try Journal.openForReading(directory(try load().settings)) }

  /// The journal for what people note in it, while a loop may be running.
  ///
  /// - Throws: `notFound` when there is none.
  func journalForNotes(creating: Bool = false) throws -> Journal {
    let directory = directory(try load().settings)
    guard try directory.files.status(directory.path + "/.") != nil else {
      throw DSLError(.notFound, "there is no directory \(path)", fix: "make one: dsl init \(path)")
    }
    guard try creating || directory.files.status(directory.journal) != nil else {
      throw DSLError(.notFound, "\(path) has no journal, so nothing was decided here yet")
    }
    return try Journal(directory: directory, access: .readWrite)
  }

  func queue(_ access: StateAccess) throws -> WorkQueue {
    let settings = try load().settings
    return try WorkQueue(
      directory: directory(settings), time: time, seed: makeWorld(settings).seed, access: access)
  }

  /// How the fleet does; at most `freshSeconds` old.
  func statusEnvelope() async throws -> Envelope {
    let now = time.monotonicSeconds
    if let known = status.withLock({ $0 }), now - known.at < Self.freshSeconds { return known.envelope }
    let envelope = try await looking { engine, warnings in
      let status = await engine.asked(try engine.status())
      var envelope = Envelope("auto-status", status.json(directory: path))
      envelope.warnings = warnings + status.warnings
      if let blind = status.observation.blind { envelope.errors = ["the state is unknown: \(blind)"] }
      return envelope
    }
    let done = time.monotonicSeconds
    status.withLock { $0 = (done, envelope) }
    return envelope
  }
}
