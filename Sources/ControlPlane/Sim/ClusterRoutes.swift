import Autonomy
import ClusterSim
import DSLBase
import HTTPTypes

/// What the engine's server answers about the simulated cluster that its loop runs on, and about trainings and studies: the
/// payloads of `dsl sim serve`.
struct ClusterRoutes: Sendable {
  let room: ClusterRoom
  let looks: LookingThread

  /// Largest count of steps in a request.
  private static let mostSteps = 1_000_000_000

  private static let recording = Parameter(
    "recording", .text(300), "An episode that failed, by its name, instead of the one in progress.")

  /// - Returns: the routes, in the order of the OpenAPI document, and the page.
  var routes: [Route] {
    let steps = 0...Self.mostSteps
    return [
      get("/state", "sim-room", "The simulated cluster that the loop runs on, or a recorded episode.") {
        room, call in
        try await room.state(recording: call.text("recording"))
      }.taking(Self.recording).failing(.notFound),
      get("/frame", "sim-frame", "The cells, the agent, and the points of the curves.") { room, call in
        try await room.frame(
          since: call.int("since") ?? 0, at: call.int("step"), recording: call.text("recording"))
      }.taking(
        Parameter(
          "since", .integer(steps),
          "Points from this step on, \(EpisodeTape.pointLimit) at most; from the start unless given."),
        Parameter("step", .integer(steps), "The cells at this step; at the last one unless given."),
        Self.recording
      ).failing(.notFound),
      get("/recordings", "sim-recordings", "Episodes that failed, by name.") { room, _ in
        ["recordings": .strings(try await room.recordings())]
      }.failing(.notFound),
      get("/training", "sim-curves", "Curves of trainings: means with 95 % intervals.") { room, _ in
        try await room.training()
      },
      get("/study", "sim-study", "How far studies of Optuna are.") { room, _ in try await room.study() },
      Page.file("/sim", "text/html; charset=utf-8", PackageResources.sim_html),
      Page.file("/sim.css", "text/css; charset=utf-8", PackageResources.sim_css),
      Page.script("/sim.js", PackageResources.sim_js),
      Page.script("/heat.js", PackageResources.heat_js),
      Page.script("/plots.js", PackageResources.plots_js),
    ]
  }

  private func get(
    _ path: String, _ command: String, _ summary: String,
    _ make: @escaping @Sendable (ClusterRoom, Call) async throws -> JSONValue
  ) -> Route {
    let (room, looks) = (room, looks)
    return Route(.get, "/api/v1/sim" + path, .read, summary, command: command) { call in
      .envelope(Envelope(command, try await looks.run { try await make(room, call) }))
    }
  }
}
