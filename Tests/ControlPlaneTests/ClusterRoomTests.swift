import Autonomy
import ClusterSim
import Coordination
import DSLBase
import DecisionEngine
import Foundation
import HTTPTypes
import Testing

@testable import ControlPlane

/// What an engine's server shows of the simulated cluster that its loop runs on.
@Suite struct ClusterRoomTests {
  private static func settings(_ change: (inout Settings) -> Void = { _ in }) -> Settings {
    var settings = Settings()
    settings.backend = SimBackend.word
    settings.sim.size = "5x4"
    settings.gates.cooldown = .init(up: 0, down: 0, other: 0)
    change(&settings)
    return settings
  }

  private func sim(
    _ surface: TestSurface, _ path: String, _ values: [(String, String)] = []
  ) async throws -> JSONValue {
    try await surface.call(.get, "/api/v1/sim\(path)", values).data
  }

  private func code(_ body: () async throws -> Void) async -> DSLError.Code? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? DSLError)?.code
    }
  }

  /// The room goes along with the loop, and shows what the cluster's file says.
  @Test func theRoomIsThatOfTheLoop() async throws {
    let surface = try TestSurface(settings: Self.settings())
    let before = try await sim(surface, "/state")
    #expect(before["steps_done"]?.int == 0 && before["episode"]?.int == 0 && before["running"]?.bool == false)
    #expect(before["shows"]?["controls"]?.bool == false)
    #expect(try PosixFileSystem().status(surface.directory.cluster) == nil, "looking makes nothing")
    for step in 1...6 {
      _ = try await surface.turn()
      let state = try await sim(surface, "/state")
      #expect(state["steps_done"]?.int == step && state["tape"]?.int == 1)
    }
    let store = ClusterStore(surface.directory, Self.settings().sim)
    let cluster = try store.load()
    let shown = try await sim(surface, "/frame", [("since", "3")])
    #expect(shown["points"]?.array?.compactMap { $0["step"]?.int } == [3, 4, 5, 6])
    #expect(shown["actions"]?.array?.compactMap(\.int) == cluster.episode.actions[2...].map { Int($0) })
    #expect(shown["points"]?.array?.last?["reward"]?.double == cluster.episode.reward)
    #expect(shown["frame"]?["step"]?.int == 6 && shown["frame"]?["memory_permille"]?.array?.count == 20)
    // Looking back winds nothing for anybody else.
    #expect(try await sim(surface, "/frame", [("step", "2")])["frame"]?["step"]?.int == 2)
    #expect(try await sim(surface, "/frame")["frame"]?["step"]?.int == 6)
    #expect(try await sim(surface, "/frame", [("step", "99")])["frame"]?["step"]?.int == 6)
    // A step that is undone is gone here too.
    let settings = Self.settings()
    let engine = try EngineHost(
      path: surface.path, settings: settings, access: .act, world: surface.surface.world(settings))
    defer { engine.close() }
    let last = try #require(
      try engine.journal?.decisions(DecisionFilter(outcomes: [.executed], limit: 1)).first)
    _ = try await engine.rollback([last.id], by: "test")
    #expect(try await sim(surface, "/state")["steps_done"]?.int == 5)
    #expect(try await sim(surface, "/state")["running"]?.bool == true, "an engine leads")
  }

  @Test func episodesThatFailedAreShown() async throws {
    let surface = try TestSurface(settings: Self.settings { $0.sim.config = "constants.json" })
    try Data(#"{"leak": 0.005, "leaker_factor": 1}"#.utf8)
      .write(to: URL(fileURLWithPath: surface.path + "/constants.json"))
    #expect(try await sim(surface, "/recordings")["recordings"]?.array?.isEmpty == true)
    for _ in 0..<60 { _ = try await surface.turn() }
    let state = try await sim(surface, "/state")
    #expect(state["episode"]?.int ?? 0 > 0, "an episode failed")
    let names = try await sim(surface, "/recordings")["recordings"]?.array?.compactMap(\.string) ?? []
    let name = try #require(names.first)
    let recorded = try await sim(surface, "/state", [("recording", name)])
    #expect(recorded["recorded"]?.bool == true && recorded["over"]?.bool == true)
    #expect(recorded["cause"]?.string == "critical_oom" && recorded["episode"]?.int == 0)
    let end = try await sim(surface, "/frame", [("recording", name)])
    #expect(end["frame"]?["cause"]?.string == "critical_oom")
    #expect(end["steps_done"]?.int == recorded["steps_done"]?.int)
    #expect(try await sim(surface, "/state") == state, "the loop's own is as it was")
    for other in ["none", "../cluster.json", "../../dsl.yaml"] {
      let code = await code { _ = try await sim(surface, "/frame", [("recording", other)]) }
      #expect(code == .notFound)
    }
    try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(surface.directory.blackBoxes)/\(names.last ?? "")"))
    #expect(await code { _ = try await sim(surface, "/state", [("recording", names.last ?? "")]) } != nil)
  }

  @Test func whereThereIsNoClusterTheRoomSaysSo() async throws {
    let fleet = try TestSurface()
    for path in ["/state", "/frame", "/recordings"] {
      #expect(await code { _ = try await sim(fleet, path) } == .notFound)
    }
    let damaged = try TestSurface(settings: Self.settings())
    _ = try await damaged.turn()
    let file = damaged.directory.cluster
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try text.replacing(#""steps":1"#, with: #""steps":2"#).write(
      toFile: file, atomically: true, encoding: .utf8)
    #expect(await code { _ = try await sim(damaged, "/state") } == .corrupt)
    try String(text.dropLast(9)).write(toFile: file, atomically: true, encoding: .utf8)
    #expect(await code { _ = try await sim(damaged, "/frame") } == .corrupt)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try await sim(damaged, "/state")["steps_done"]?.int == 1)
  }

  /// A policy for a cluster is one that makes sense, for those who ask whether the engine can act.
  @Test func anEngineOverAClusterIsReady() async throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let surface = try TestSurface(
      settings: Self.settings { $0.policy = "/\(root)/examples/policies/cluster.yaml" })
    _ = try await surface.turn()
    let ready = try await surface.call(.get, "/readyz")
    #expect(ready.data["ready"]?.bool == true, "\(ready.data["reasons"]?.text() ?? "")")
  }
}
