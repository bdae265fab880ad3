import Autonomy
import Coordination
import DSLBase
import Logging

extension Context {
  /// Opens the engine over the directory.
  ///
  /// - Throws: `DSLError`, as `EngineHost.init`.
  func engine(_ settings: Settings, _ access: EngineAccess) throws -> EngineHost {
    try EngineHost(path: directory.path, settings: settings, access: access, world: world(settings))
  }

  /// What an engine works with.
  func world(_ settings: Settings) -> EngineHost.World {
    let console = console
    var world = EngineHost.World(
      files: files, time: time, processes: SystemProcesses(bootID: time.monotonicOrigin), seed: randomSeed,
      environment: environment,
      host: HostName.current, log: logger(settings.logLevel),
      console: { console.note(String(decoding: $0, as: UTF8.self)) })
    world.meters = meters
    world.export = export
    world.transport = transport
    return world
  }

  /// Where log messages go: to stderr from the configured level on; with --verbose from debug on.
  private func logger(_ level: Settings.LogLevel) -> Logger {
    let wanted = Logger.Level(rawValue: level.rawValue) ?? .warning
    let console = console
    let time = time
    return Logger(label: "dsl") { [verbose = global.verbose, export] _ in
      LogLines(console, time: time, level: verbose ? min(wanted, .debug) : wanted, export: export)
    }
  }

  /// Runs a body on an engine that is closed behind it.
  func withEngine<Result>(
    _ settings: Settings, _ access: EngineAccess, _ body: (EngineHost) async throws -> Result
  ) async throws -> Result {
    let engine = try engine(settings, access)
    defer { engine.close() }
    return try await body(engine)
  }
}
