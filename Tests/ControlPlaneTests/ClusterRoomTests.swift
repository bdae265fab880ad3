import Autonomy
import ClusterSim
import Coordination
import DSLBase
import DecisionEngine
import Foundation
import HTTPTypes
import Synchronization
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

  /// What people ask of the cluster's time, by HTTP.
  @Test func itStandsStillGoesOnAndMakesSteps() async throws {
    let surface = try TestSurface(settings: Self.settings(), takesChanges: true)
    func ask(_ verb: String, _ body: String = #"{"by": "ann"}"#) async throws -> JSONValue {
      try await surface.call(.post, "/api/v1/sim/" + verb, body: body).data
    }
    #expect(try await sim(surface, "/state")["shows"]?["controls"]?.bool == true)
    #expect(try await sim(surface, "/state")["pace"]?["state"]?.string == "running", "nobody asked anything")
    let paused = try await ask("pause")
    #expect(paused["pace"]?["state"]?.string == "still" && paused["leader"]?.string == "none")
    #expect(try await sim(surface, "/state")["pace"]?["by"]?.string == "ann")
    let ready = try await surface.call(.get, "/readyz").data
    #expect(ready["ready"]?.bool == true && ready["acting"]?.bool == false)
    #expect(ready["holds"]?.array?.first?.string?.contains("as ann asked") == true)
    let status = try await surface.call(.get, "/api/v1/status").data["control"]
    #expect(status?["pace"]?["state"]?.string == "still")

    #expect(try await ask("step", #"{"by": "ann", "count": 3}"#)["pace"]?["steps_left"]?.int == 3)
    #expect(try await ask("step", #"{"by": "bob", "count": 2}"#)["pace"]?["steps_left"]?.int == 5)
    _ = try await surface.turn()
    #expect(try await sim(surface, "/state")["pace"]?["steps_left"]?.int == 4)
    #expect(try await ask("start")["pace"]?["state"]?.string == "running")
    let events = try JournalEvents(surface.journal(), time: surface.surface.time).read(after: 0, limit: 1000)
    let told = events.events.filter { $0.name == .pace }
    #expect(told.count == 1 && told[0].data["asked"]?.string == "start", "told once, as it is by then")

    for (verb, body) in [
      ("pause", "{}"), ("pause", #"{"by": "ann", "count": 1}"#), ("step", #"{"by": "ann"}"#),
      ("step", #"{"by": "ann", "count": 0}"#), ("step", #"{"by": "ann", "count": 1.5}"#),
      ("step", #"{"by": "ann", "count": 1000001}"#), ("start", #"{"by": "a  b"}"#),
    ] {
      #expect(await code { _ = try await ask(verb, body) } == .invalidInput, "\(verb) \(body)")
    }
    // What cannot be read: somebody has to mend it, by saying it anew.
    try surface.journal().replaceState(Journal.paceKey, ["asked": "step", "by": "x"])
    let mended = try await surface.call(.get, "/readyz").data
    #expect(mended["ready"]?.bool == false)
    #expect(mended["reasons"]?.array?.first?.string?.contains("journal.sqlite") == true)
    #expect(try await sim(surface, "/state")["pace"]?["problem"]?.string?.contains("dsl sim start") == true)
    #expect(await code { _ = try await ask("step", #"{"by": "ann", "count": 1}"#) } == .corrupt)
    #expect(try await ask("pause")["pace"]?["problem"] == .null)
    let fleet = try TestSurface()
    #expect(
      await code {
        _ = try await fleet.call(.post, "/api/v1/sim/pause", body: #"{"by": "ann"}"#)
      } == .notFound)
  }

  /// Trainings and studies are shown whatever the loop runs on, and followers hear of changes, whoever looked first.
  @Test func filesAreShownAndChangesTold() async throws {
    let text = Mutex("a")
    let reads = Mutex(0)
    let watched = SimSources.Watched(
      stamp: { text.withLock { $0 } },
      load: {
        reads.withLock { $0 += 1 }
        return ["groups": [["name": .string(text.withLock { $0 })]]]
      })
    let surface = try TestSurface(watches: .init(training: watched))
    func name() async throws -> String? {
      try await sim(surface, "/training")["groups"]?.array?.first?["name"]?.string
    }
    for _ in 0..<2 { #expect(try await name() == "a") }
    #expect(reads.withLock { $0 } == 1, "what has not changed is not read again")
    #expect(try await sim(surface, "/study")["file"] == .null)
    #expect(try await surface.room.news().map(\.name) == [.training])
    #expect(try await surface.room.news().isEmpty)
    text.withLock { $0 = "b" }
    // On a busy machine reading takes long, and is not done again at once.
    while try await name() != "b" { try await Task.sleep(for: .milliseconds(10)) }
    #expect(try await surface.room.news().map(\.name) == [.training], "although somebody else looked first")
    #expect(await code { _ = try await sim(surface, "/state") } == .notFound)
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
