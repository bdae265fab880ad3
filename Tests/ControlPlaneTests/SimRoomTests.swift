import Autonomy
import ClusterSim
import ClusterSimViews
import Coordination
import DSLBase
import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import ControlPlane

/// A room of the simulator without a socket.
struct TestRoom {
  let room: SimRoom
  let hub = EventHub(limit: 4, waiting: 64)
  let table: RouteTable

  init(_ change: (inout SimSources) -> Void = { _ in }) throws {
    var sources = SimSources(
      configuration: ClusterConfiguration(), policies: ["random", "heuristic"],
      policy: { name in
        switch name {
        case "random": RandomPolicy()
        case "heuristic": HeuristicPolicy()
        default: throw DSLError(.notFound, "there is no policy \(name)")
        }
      },
      recording: { _ in
        try BlackBox.record(ClusterConfiguration(), RandomPolicy(), name: "random", key: 5)
      })
    change(&sources)
    room = try SimRoom(sources, seed: 0, hub: hub, time: SystemTime())
    table = SimServer.table(room, hub, LookingThread())
  }

  /// Asks a route as the server would, past the rules of access.
  func call(
    _ method: HTTPRequest.Method, _ path: String, _ values: [(String, String)] = [], body: String = "{}"
  ) async throws -> JSONValue {
    var call = Call(body: Array(body.utf8))
    for (name, value) in values { call.add(name, value) }
    let found = try #require(table.find(method, path: Substring("/api/v1/sim" + path)).found, "\(path)")
    guard case .envelope(let envelope, _) = try await found.route.handle(call) else {
      throw DSLError(.invalidState, "\(path) answers with no envelope")
    }
    return envelope.data
  }
}

/// The routes of the simulator's server.
@Suite struct SimRoomTests {
  /// What is shown step by step is what the episode is.
  @Test func stepsAreThoseOfTheEpisode() async throws {
    let room = try TestRoom()
    let box = try BlackBox.record(
      ClusterConfiguration(), RandomPolicy(), name: "random", key: try KeySpace.evaluation.key(episode: 0))
    var state = try await room.call(.post, "/step", body: #"{"count": 7}"#)
    #expect(state["position"]?.int == 7 && state["running"]?.bool == false)
    state = try await room.call(.post, "/step", body: #"{"count": -3}"#)
    #expect(state["position"]?.int == 4 && state["steps_done"]?.int == 7)
    let shown = try await room.call(.get, "/frame", [("since", "3")])
    #expect(shown["points"]?.array?.compactMap { $0["step"]?.int } == [3, 4, 5, 6, 7])
    #expect(shown["actions"]?.array?.compactMap(\.int) == box.actions[2..<7].map { Int($0) })
    #expect(shown["frame"]?["step"]?.int == 4)
    // Another step is shown without winding for everybody.
    let other = try await room.call(.get, "/frame", [("step", "7"), ("since", "8")])
    #expect(other["frame"]?["step"]?.int == 7 && other["points"]?.array?.isEmpty == true)
    #expect(try await room.call(.get, "/state")["position"]?.int == 4)
    // To the end: the cause is that of the record.
    while state["over"]?.bool == false {
      state = try await room.call(.post, "/step", body: #"{"count": 100}"#)
    }
    #expect(state["steps_done"]?.int == box.actions.count && state["cause"]?.string == box.cause.name)
    let all = try await room.call(.get, "/frame")
    #expect(all["points"]?.array?.count == box.actions.count + 1)
    #expect(all["points"]?.array?.last?["reward"]?.double == box.reward)
    #expect(all["incidents"]?.array?.count == box.incidents.count)
  }

  @Test func episodesAreChosen() async throws {
    let room = try TestRoom { $0.recordings = { ["a.blackbox.json"] } }
    var state = try await room.call(
      .post, "/episode", body: #"{"policy": "heuristic", "seed": 3, "episode": 9}"#)
    let key = try KeySpace.evaluation.key(seed: 3, episode: 9)
    #expect(state["key"]?.string == BlackBox.text(key) && state["policy"]?.string == "heuristic")
    #expect(state["tape"]?.int == 2 && state["position"]?.int == 0)
    state = try await room.call(.post, "/episode", body: #"{"key": "00000000000000ff"}"#)
    #expect(state["key"]?.string == "00000000000000ff" && state["policy"]?.string == "heuristic")
    state = try await room.call(.post, "/recording", body: #"{"name": "a.blackbox.json"}"#)
    #expect(state["recorded"]?.bool == true && state["over"]?.bool == true && state["tape"]?.int == 4)
    let steps = try #require(state["steps_done"]?.int)
    state = try await room.call(.post, "/seek", body: "{\"step\": \(steps - 1)}")
    #expect(state["position"]?.int == steps - 1)
    #expect(try await room.call(.get, "/recordings")["recordings"]?.array?.count == 1)
  }

  @Test(arguments: [
    ("/step", "{}"), ("/step", #"{"count": 1.5}"#), ("/step", #"{"count": 101}"#),
    ("/seek", #"{"step": -1}"#),
    ("/speed", #"{"steps_per_s": 501}"#), ("/speed", #"{"steps_per_s": "9"}"#), ("/pause", #"{"now": true}"#),
    ("/episode", #"{"policy": "oracle"}"#), ("/episode", #"{"key": "xyz"}"#), ("/episode", #"{"seed": -1}"#),
    ("/recording", #"{"name": "../../etc/passwd"}"#), ("/recording", "{}"), ("/start", "[]"),
    ("/continues", #"{"continues": 1}"#),
  ])
  func whatMakesNoSenseIsRefused(_ path: String, _ body: String) async throws {
    let room = try TestRoom { $0.recordings = { ["a.blackbox.json"] } }
    let before = try await room.call(.get, "/state")
    await #expect(throws: DSLError.self) { _ = try await room.call(.post, path, body: body) }
    #expect(try await room.call(.get, "/state") == before)
  }

  /// Whoever follows gets every step once, however they were done.
  @Test func followersGetEveryStep() async throws {
    let room = try TestRoom()
    let subscription = try room.hub.subscribe(newest: 0)
    _ = try await room.call(.post, "/speed", body: #"{"steps_per_s": 500}"#)
    _ = try await room.call(.post, "/start")
    let work = Task { await room.room.run() }
    defer { work.cancel() }
    var steps: [Int] = []
    var tapes: Set<Int> = []
    for await item in subscription.items {
      guard case .event(let event) = item, event.name == .frame else { continue }
      let tape = event.data["tape"]?.int ?? 0
      if tape == 1 { steps += event.data["points"]?.array?.compactMap { $0["step"]?.int } ?? [] }
      tapes.insert(tape)
      if tape > 1 { break }
    }
    #expect(tapes == [1, 2], "the next episode follows")
    #expect(steps == Array(0..<steps.count) && steps.count > 50, "\(steps)")
  }

  @Test func aPolicyThatIsGoneStopsThePlayer() async throws {
    let gone = Counter()
    let room = try TestRoom { sources in
      sources.policy = { _ in
        if gone.value > 0 { throw DSLError(.notFound, "q.agent is gone") }
        return RandomPolicy()
      }
    }
    for _ in 0..<10 { _ = try await room.call(.post, "/step", body: #"{"count": 100}"#) }
    _ = gone.next()
    let state = try await room.call(.post, "/start")
    #expect(state["running"]?.bool == false && state["problem"]?.string == "q.agent is gone")
  }

  @Test func filesAreReadWhenTheyChange() async throws {
    let count = Counter()
    let room = try TestRoom { sources in
      sources.files.study = .init(
        stamp: { "\(count.value / 2)" },
        load: {
          ["file": "s", "studies": [], "unreadable_lines": .int(count.next()), "problems": []]
        })
    }
    // The stamp changes after every second reading.
    var seen: [Int] = []
    for _ in 0..<4 { seen.append(try await room.call(.get, "/study")["unreadable_lines"]?.int ?? -1) }
    #expect(seen == [1, 1, 1, 1])
    _ = count.next()
    // On a busy machine reading takes long, and is not done again at once.
    while try await room.call(.get, "/study")["unreadable_lines"]?.int != 3 {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(try await room.call(.get, "/training") == ["groups": []])
  }
}

private final class Counter: Sendable {
  private let count = Atomic(0)
  var value: Int { count.load(ordering: .relaxed) }
  func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
