import Autonomy
import Coordination
import DSLBase

extension Context {
  /// Opens the engine over the directory.
  ///
  /// - Throws: `DSLError`, as `EngineHost.init`.
  func engine(_ settings: Settings, _ access: EngineAccess) throws -> EngineHost {
    let console = console
    let world = EngineHost.World(
      files: files, time: time, processes: SystemProcesses(bootID: time.monotonicOrigin), seed: randomSeed,
      environment: environment,
      host: HostName.current, console: { console.note(String(decoding: $0, as: UTF8.self)) })
    return try EngineHost(path: directory.path, settings: settings, access: access, world: world)
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
