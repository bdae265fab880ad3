import Autonomy
import DSLBase
import DecisionEngine

/// What people may ask of the time of the loop's simulated cluster.
extension Writing {
  var paces: [Route] {
    [
      ask("start", "Have the loop's simulated cluster go on.") { _ in .start },
      ask("pause", "Have the loop's simulated cluster stand still.") { _ in .pause },
      ask(
        "step", "Have the loop make so many steps of its simulated cluster, and stand still.",
        [SimRoutes.member("count", 1...ClusterPace.stepLimit, isRequired: true)]
      ) { body throws(DSLError) in
        .step(try SimRoutes.int("count", body, 1...ClusterPace.stepLimit) ?? 1)
      },
    ]
  }

  private func ask(
    _ verb: String, _ summary: String, _ members: [Route.Member] = [],
    _ request: @escaping @Sendable (JSONObject) throws(DSLError) -> ClusterStore.Request
  ) -> Route {
    let known = ["by"] + members.map(\.name)
    var route = post("/sim/" + verb, "sim-" + verb, summary) { _, body in
      try Self.requireKnown(body, known)
      let (who, request) = (try person(body), try request(body))
      let settings = try surface.settings().settings
      let directory = surface.directory(settings)
      let store = try ClusterStore(ofLoop: settings, directory)
      let journal = try surface.journalForNotes(creating: true)
      let status = try store.ask(request, by: who.name, journal, surface.time)
      let leader = try LeaderStatus(directory, journal, host: host, time: surface.time)
      return Envelope("sim-" + verb, status.json(leader))
    }
    route.members = [Self.name] + members
    return route.failing(.notFound)
  }
}
