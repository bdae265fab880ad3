import Autonomy
import ControlPlane
import Coordination
import DSLBase
import SignalStore

/// A server over a directory, put together from settings: what `dsl serve` is, and what a loop runs beside itself.
struct Service: Sendable {
  /// The variable that holds a token where no file does.
  private static let tokenVariable = "DSL_SERVE_TOKEN"

  private let server: HTTPServer
  private let scheme: String

  /// - Parameters:
  ///   - listen: the address, and where it was written.
  ///   - threads: for connections.
  ///   - load: reads the settings again, for each look.
  ///   - isAlive: whether the loop in this process gets on.
  /// - Throws: `invalidInput`, `io`: what is wrong with an address, a token, a certificate.
  init(
    _ context: Context, _ settings: Settings, listen: (text: String, source: String), threads: Int,
    load: @escaping @Sendable () throws -> LoadedSettings, isAlive: @escaping @Sendable () -> Bool = { true }
  ) throws {
    var options = try ServerOptions(
      settings.serve, listen: listen, token: context.environment[Self.tokenVariable], files: context.files)
    options.threads = threads
    let surface = ControlSurface(
      path: context.directory.path, time: context.time,
      load: {
        let loaded = try load()
        return (loaded.settings, loaded.warnings)
      },
      world: { context.world($0) }, isAlive: isAlive)
    var sources = HTTPServer.Sources()
    sources.receiver = LazyReceiver(
      context.directory, time: context.time, seed: context.randomSeed,
      bodyLimit: settings.serve.maxBodyBytes, retention: SignalRetention(settings.telemetry.retention))
    let files = context.files
    sources.watches = { SimWatches.files($0.serve, files) }
    server = HTTPServer(
      options, surface, sources, log: context.world(settings).log, host: HostName.current)
    scheme = options.rules.scheme
  }

  /// Serves until it is time to stop.
  ///
  /// - Parameter started: told the URL and the port in it.
  func run(
    until stopping: @escaping @Sendable () async -> Void,
    started: @escaping @Sendable (_ url: String, _ port: Int) -> Void
  ) async throws {
    let scheme = scheme
    try await server.run(until: stopping) { started("\(scheme)://\($0.authority)/", $0.port) }
  }
}
