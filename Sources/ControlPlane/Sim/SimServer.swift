package import DSLBase
package import Logging

/// The server of `dsl sim serve`: the same limits and rules of access as the engine's, over a room of the simulator.
package struct SimServer: Sendable {
  private let server: HTTPServer

  /// - Throws: ``DSLError`` for a policy, seed or level that is not there.
  package init(
    _ options: ServerOptions, _ sources: SimSources, seed: Int, time: any TimeSource, log: Logger
  ) throws {
    // A frame of 64×64 cells has some 60 kB: 32 of them may wait for each follower.
    let hub = EventHub(limit: HTTPServer.followers(options), waiting: 32)
    let room = try SimRoom(sources, seed: seed, hub: hub, time: time)
    server = HTTPServer(
      options,
      HTTPServer.Site(
        table: Self.table(room, hub, LookingThread()), hub: hub, time: time, work: { await room.run() }),
      log: log)
  }

  static func table(_ room: SimRoom, _ hub: EventHub, _ looks: LookingThread) -> RouteTable {
    RouteTable(SimRoutes(room: room, hub: hub, looks: looks).routes)
  }

  /// Listens until told to stop, as ``HTTPServer/run(until:started:)``.
  package func run(
    until stopping: @escaping @Sendable () async -> Void, started: @escaping @Sendable (ListenAddress) -> Void
  ) async throws {
    try await server.run(until: stopping, started: started)
  }
}
