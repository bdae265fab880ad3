import Autonomy
import ClusterSim
import ClusterSimViews
import DSLBase
import HTTPTypes

/// What the server of the simulator answers.
struct SimRoutes: Sendable {
  let room: SimRoom
  let hub: EventHub
  let looks: LookingThread

  /// Largest count of steps in a request.
  private static let mostSteps = 1_000_000_000

  /// - Returns: the routes, in the order of the OpenAPI document.
  var routes: [Route] {
    [health] + reads + [following, start, pause, continues, step, seek, speed, episode, recording]
      + SimPage.routes
  }

  private var health: Route {
    Route(.get, "/healthz", .open, "Whether the server lives.", command: "serve-health") { _ in
      .envelope(Envelope("serve-health", ["alive": true]))
    }
  }

  // MARK: looking

  private func get(
    _ path: String, _ command: String, _ summary: String,
    _ make: @escaping @Sendable (SimRoom, Call) async throws -> JSONValue
  ) -> Route {
    let (room, looks) = (room, looks)
    return Route(.get, "/api/v1/sim" + path, .read, summary, command: command) { call in
      .envelope(Envelope(command, try await looks.run { try await make(room, call) }))
    }
  }

  private var reads: [Route] {
    let steps = 0...Self.mostSteps
    return [
      get("/state", "sim-room", "The player and the episode that it plays.") { room, _ in await room.state },
      get("/frame", "sim-frame", "What is shown: the cells, the agent, and the points of the curves.") {
        room, call in
        await room.shown(since: call.int("since") ?? 0, at: call.int("step"))
      }.taking(
        Parameter(
          "since", .integer(steps),
          "Points from this step on, \(EpisodeTape.pointLimit) at most; from the start unless given."),
        Parameter("step", .integer(steps), "The cells at this step; those that are shown unless given.")),
      get("/recordings", "sim-recordings", "Recorded episodes, by name.") { room, _ in
        ["recordings": .strings(try await room.recordings())]
      },
      get("/training", "sim-curves", "Curves of trainings: means with 95 % intervals.") { room, _ in
        await room.trainingNow
      },
      get("/study", "sim-study", "How far studies of Optuna are.") { room, _ in
        await room.studyNow
      },
    ]
  }

  private var following: Route {
    let (room, hub, looks) = (room, hub, looks)
    var route = Route(
      .get, "/api/v1/sim/events", .read, "What goes on, as server-sent events; begins with what there is."
    ) { _ in
      let subscription = try hub.subscribe(newest: 0)
      do {
        let beginning = try await looks.run { await room.beginning }
        return .events(EventFeed(hub: hub, subscription: subscription, missed: beginning, names: []))
      } catch {
        hub.leave(subscription.id)
        throw error
      }
    }
    route.mediaType = "text/event-stream"
    route.errors = [.busy]
    return route
  }

  // MARK: controls

  private func post(
    _ path: String, _ summary: String, _ members: [Route.Member],
    _ make: @escaping @Sendable (SimRoom, JSONObject) async throws -> JSONValue
  ) -> Route {
    let (room, looks) = (room, looks)
    let names = members.map(\.name)
    var route = Route(.post, "/api/v1/sim" + path, .change, summary, command: "sim-room") { call in
      let body = try Writing.object(call.body)
      try Writing.requireKnown(body, names)
      return .envelope(Envelope("sim-room", try await looks.run { try await make(room, body) }))
    }
    route.members = members
    return route
  }

  /// A whole number of a body.
  ///
  /// - Throws: `invalidInput` for another value, or none where one is needed.
  static func int(
    _ name: String, _ body: JSONObject, _ range: ClosedRange<Int>, isRequired: Bool = true
  ) throws(DSLError) -> Int? {
    guard let value = body[name] else {
      guard !isRequired else { throw DSLError(.invalidInput, "the body has no member \(name)") }
      return nil
    }
    guard let number = value.int, range.contains(number) else {
      throw DSLError(
        .invalidInput, "\(name): expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  static func member(
    _ name: String, _ range: ClosedRange<Int>, isRequired: Bool = false
  ) -> Route.Member {
    Route.Member(
      name, ["type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound)],
      isRequired: isRequired)
  }

  private var start: Route {
    post("/start", "Let the episode go on; at its end, begin the next one.", []) { room, _ in
      await room.control(.start)
    }
  }

  private var pause: Route {
    post("/pause", "Hold the episode where it is.", []) { room, _ in await room.control(.pause) }
  }

  private var continues: Route {
    post(
      "/continues", "Whether the next episode follows by itself.",
      [Route.Member("continues", ["type": "boolean"], isRequired: true)]
    ) { room, body in
      guard let isOn = body["continues"]?.bool else {
        throw DSLError(.invalidInput, "continues: expected true or false")
      }
      return await room.control(.continues(isOn))
    }
  }

  private var step: Route {
    let range = -PlayerMachine.burst...PlayerMachine.burst
    return post(
      "/step", "Go so many steps on, or back, and hold there.",
      [Self.member("count", range, isRequired: true)]
    ) { room, body in
      await room.control(.step(try Self.int("count", body, range) ?? 1))
    }
  }

  private var seek: Route {
    let range = 0...Self.mostSteps
    return post(
      "/seek", "Show a step that was done, and hold there.", [Self.member("step", range, isRequired: true)]
    ) { room, body in
      await room.control(.seek(try Self.int("step", body, range) ?? 0))
    }
  }

  private var speed: Route {
    let speeds = PlayerMachine.speeds
    return post(
      "/speed", "Steps a second.",
      [
        Route.Member(
          "steps_per_s",
          [
            "type": "number", "minimum": .double(speeds.lowerBound), "maximum": .double(speeds.upperBound),
          ], isRequired: true)
      ]
    ) { room, body in
      guard let value = body["steps_per_s"]?.double, speeds.contains(value) else {
        throw DSLError(
          .invalidInput, "steps_per_s: expected a number from \(speeds.lowerBound) to \(speeds.upperBound)")
      }
      return await room.control(.speed(value))
    }
  }

  private var episode: Route {
    let (seeds, numbers) = (0...KeySpace.largestSeed, 0...KeySpace.largestEpisode)
    return post(
      "/episode", "Put another episode in place.",
      [
        Route.Member("policy", Parameter.textSchema(4096)), Self.member("seed", seeds),
        Self.member("episode", numbers),
        Route.Member("key", ["type": "string", "pattern": "^[0-9a-f]{16}$"]),
      ]
    ) { room, body in
      let policy = try Writing.text("policy", body, limit: 4096, isRequired: false)
      var key: UInt64?
      if let text = try Writing.text("key", body, limit: 16, isRequired: false) {
        guard text.wholeMatch(of: /[0-9a-f]{16}/) != nil, let value = UInt64(text, radix: 16) else {
          throw DSLError(.invalidInput, "key: expected 16 hexadecimal digits, small letters")
        }
        key = value
      }
      return try await room.play(
        policy: policy, seed: try Self.int("seed", body, seeds, isRequired: false),
        episode: try Self.int("episode", body, numbers, isRequired: false), key: key)
    }.failing(.notFound)
  }

  private var recording: Route {
    post(
      "/recording", "Put a recorded episode in place.",
      [Route.Member("name", Parameter.textSchema(300), isRequired: true)]
    ) { room, body in
      try await room.open(try Writing.text("name", body, limit: 300) ?? "")
    }.failing(.notFound)
  }
}
