package import Autonomy
import DSLBase
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
package import Telemetry

/// The server: everything that `dsl serve` is, and what a loop runs beside itself.
package struct HTTPServer: Sendable {
  /// What the server answers from, beyond the directory.
  package struct Sources: Sendable {
    /// Who takes telemetry that is sent; without it the routes are not there.
    package var receiver: (any OTLPReceiving)?
    /// Files of trainings and studies that are shown.
    package var watches: @Sendable (Settings) -> SimSources.Files = { _ in .init() }

    package init() {}
  }

  /// What is served, and what goes on beside it as long as it is.
  struct Site: Sendable {
    var table: RouteTable
    var hub: EventHub
    var time: any TimeSource
    /// Until the task is cancelled.
    var work: @Sendable () async -> Void
  }

  /// All bodies together that are in memory at once, bytes.
  private static let bodyBytes = 64 << 20

  private let options: ServerOptions
  private let site: Site
  private let log: Logger

  /// A server of something else than a directory.
  init(_ options: ServerOptions, _ site: Site, log: Logger) {
    (self.options, self.site, self.log) = (options, site, log)
  }

  package init(
    _ options: ServerOptions, _ surface: ControlSurface, _ sources: Sources, log: Logger, host: String
  ) {
    let hub = EventHub(limit: Self.followers(options))
    let looks = LookingThread()
    let room = ClusterRoom(surface, watches: sources.watches, takesChanges: options.rules.token != nil)
    let watch = EventWatch(surface: surface, room: room, hub: hub, looks: looks, log: log)
    self.init(
      options,
      Site(
        table: Self.table(surface, room, hub, looks, sources, host: host), hub: hub, time: surface.time,
        work: { await watch.run() }),
      log: log)
  }

  /// Followers of events at once: a quarter of the connections, 64 at most.
  static func followers(_ options: ServerOptions) -> Int { max(1, min(64, options.maxConnections / 4)) }

  /// All routes.
  static func table(
    _ surface: ControlSurface, _ room: ClusterRoom, _ hub: EventHub, _ looks: LookingThread,
    _ sources: Sources, host: String
  ) -> RouteTable {
    var routes = Probes(surface: surface, looks: looks).routes
    routes += Reading(surface: surface, looks: looks).routes
    routes += Traces(surface: surface, looks: looks).routes
    routes.append(Metrics(surface: surface, looks: looks).route)
    routes.append(Following(surface: surface, hub: hub, looks: looks).route)
    routes += ClusterRoutes(room: room, looks: looks).routes
    routes += Writing(surface: surface, looks: looks, host: host).routes
    if let receiver = sources.receiver { routes += Receiving(receiver: receiver).routes }
    return RouteTable(routes + Page.routes)
  }

  /// Listens until told to stop; then lets what runs end.
  ///
  /// - Parameters:
  ///   - stopping: returns when it is time to stop.
  ///   - started: told the port.
  /// - Throws: `io` when the address cannot be had, `invalidInput` for files of TLS.
  package func run(
    until stopping: @escaping @Sendable () async -> Void, started: @escaping @Sendable (ListenAddress) -> Void
  ) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: options.threads)
    do {
      try await serve(on: group, until: stopping, started: started)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try? await group.shutdownGracefully()
  }

  private func serve(
    on group: MultiThreadedEventLoopGroup, until stopping: @escaping @Sendable () async -> Void,
    started: @escaping @Sendable (ListenAddress) -> Void
  ) async throws {
    let address = options.address
    let application = Application(
      responder: responder, server: try builder,
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port), serverName: nil, backlog: 512,
        availableConnectionsDelegate: .maximum(options.maxConnections, logger: quiet)),
      onServerRunning: { channel in
        started(ListenAddress(host: address.host, port: channel.localAddress?.port ?? address.port))
      },
      eventLoopGroupProvider: .shared(group), logger: quiet)
    var configuration = ServiceGroupConfiguration(services: [application], logger: quiet)
    configuration.maximumGracefulShutdownDuration = .milliseconds(Int64(options.stopSeconds * 1000))
    let services = ServiceGroup(configuration: configuration)
    let (hub, work) = (site.hub, site.work)
    try await withThrowingTaskGroup(of: Bool.self) { tasks in
      tasks.addTask {
        do { try await services.run() } catch { throw Self.explained(error, address) }
        return true
      }
      tasks.addTask {
        await work()
        return false
      }
      tasks.addTask {
        await stopping()
        hub.close()
        await services.triggerGracefulShutdown()
        return false
      }
      while let isServer = try await tasks.next() {
        if isServer { break }
      }
      hub.close()
      tasks.cancelAll()
    }
  }

  private var responder: Responder {
    Responder(
      table: site.table, rules: options.rules, feeds: site.hub, maxBodyBytes: options.maxBodyBytes,
      budget: BodyBudget(limit: max(Self.bodyBytes, 2 * options.maxBodyBytes)), time: site.time,
      log: log)
  }

  private var builder: HTTPServerBuilder {
    get throws {
      let times = options.times
      var configuration = HTTP1Channel.Configuration(
        additionalChannelHandlers: [ConnectionGuard(times)],
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
      configuration.idleTimeout = nil
      let plain = HTTPServerBuilder.http1(configuration: configuration)
      guard let tls = options.tls else { return plain }
      return try .tls(plain, tlsConfiguration: tls.configuration())
    }
  }

  /// What libraries say about each request is for nobody: what matters is told by the routes.
  private var quiet: Logger { Logger(label: "dsl.http") { _ in SwiftLogNoOpLogHandler() } }

  private static func explained(_ error: any Error, _ address: ListenAddress) -> any Error {
    if error is DSLError || error is CancellationError { return error }
    return DSLError(
      .io, "the server cannot listen on \(address.authority)", cause: "\(error)",
      fix: "end what listens there, or give another address: --listen")
  }
}
