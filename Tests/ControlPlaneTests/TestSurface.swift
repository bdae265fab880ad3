import Autonomy
import Coordination
import DSLBase
import Foundation
import HTTPTypes
import Logging
import Telemetry

@testable import ControlPlane

/// A directory of its own with what serves it, without a socket.
final class TestSurface {
  let path: String
  let surface: ControlSurface
  let hub: EventHub
  let looks = LookingThread()
  let table: RouteTable

  let room: ClusterRoom

  init(
    settings: Settings = Settings(), receiver: (any OTLPReceiving)? = nil,
    watches: SimSources.Files = .init(), takesChanges: Bool = false
  ) throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent("dsl-serve-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let time = SystemTime()
    surface = ControlSurface(
      path: path, time: time, load: { (settings, []) },
      world: { _ in
        EngineHost.World(
          files: PosixFileSystem(), time: time, processes: SystemProcesses(bootID: time.monotonicOrigin),
          seed: 7,
          environment: [:], host: "box", log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
          console: { _ in })
      })
    hub = EventHub(limit: 4, waiting: 8)
    var sources = HTTPServer.Sources()
    sources.receiver = receiver
    room = ClusterRoom(surface, watches: { _ in watches }, takesChanges: takesChanges)
    table = HTTPServer.table(surface, room, hub, looks, sources, host: "box")
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var directory: CoordinationDirectory { CoordinationDirectory(path: path, files: PosixFileSystem()) }

  func journal() throws -> Journal { try Journal(directory: directory, access: .readWrite) }

  /// More work than there are agents: what a turn decides on.
  func fill() throws {
    let queue = try surface.queue(.readWrite)
    _ = try queue.add((1...20).map { NewWorkItem(fields: ["n": .int($0)]) })
  }

  /// Runs one turn of a loop.
  func turn() async throws -> CycleReport {
    let settings = try surface.settings().settings
    let engine = try EngineHost(path: path, settings: settings, access: .act, world: surface.world(settings))
    defer { engine.close() }
    return try await engine.runCycle()
  }

  /// Asks a route as the server would, past the rules of access.
  func call(
    _ method: HTTPRequest.Method, _ path: String, _ values: [(String, String)] = [], body: String = ""
  ) async throws -> Envelope {
    var call = Call(body: Array(body.utf8))
    let found = table.find(method, path: Substring(path)).found
    guard let found else { throw DSLError(.notFound, "no route") }
    for (name, value) in found.parameters { call.add(name, String(value)) }
    for (name, value) in values { call.add(name, value) }
    guard case .envelope(let envelope, _) = try await found.route.handle(call) else {
      throw DSLError(.invalidState, "\(path) answers with no envelope")
    }
    return envelope
  }
}

/// A receiver that says what it got.
struct Echo: OTLPReceiving {
  func receive(_ request: OTLPRequest) async -> OTLPReply {
    OTLPReply(
      status: request.body.isEmpty ? 400 : 200, contentType: "application/json",
      body: Array("{\"signal\":\"\(request.signal.rawValue)\",\"bytes\":\(request.body.count)}".utf8))
  }
}
