import Autonomy
import Coordination
import DSLBase
import HTTPTypes
import DecisionEngine

/// What the server tells of the fleet: the payloads of the commands that look.
struct Reading: Sendable {
  let surface: ControlSurface
  let looks: LookingThread

  /// - Returns: the routes, in the order of the OpenAPI document.
  var routes: [Route] { engine + decisions + people + work }

  /// A route whose answer is an envelope, made on the thread for looking.
  private func get(
    _ path: String, _ command: String, _ summary: String,
    _ make: @escaping @Sendable (ControlSurface, Call) async throws -> Envelope
  ) -> Route {
    let (surface, looks) = (surface, looks)
    return Route(.get, "/api/v1" + path, .read, summary, command: command) { call in
      .envelope(try await looks.run { try await make(surface, call) })
    }
  }

  private static let limit = Parameter("limit", .integer(1...1000), "The most entries; 50 unless given.")
  private static let offset = Parameter(
    "offset", .integer(0...1_000_000), "Entries to leave out at the beginning.")
  private static let since = Parameter("since", .time, "Only from then on.")
  private static let until = Parameter("until", .time, "Only before then.")

  static func id(_ what: String, _ length: Int = 64) -> Parameter {
    Parameter("id", .text(length), what, isInPath: true)
  }

  private var engine: [Route] {
    [
      get("/status", "auto-status", "How the fleet does.") { surface, _ in try await surface.statusEnvelope()
      },
      get("/analyze", "auto-analyze", "What would be decided now, and why; changes nothing.") { surface, _ in
        try await surface.looking { engine, warnings in
          let analysis = try await engine.analyze()
          var envelope = Envelope("auto-analyze", analysis.json(directory: surface.path))
          envelope.mirrored = ["metrics", "decisions"]
          envelope.warnings = warnings + analysis.status.warnings
          if let blind = analysis.status.observation.blind {
            envelope.errors = ["the state is unknown: \(blind)"]
          }
          return envelope
        }
      },
      get("/agents", "agent-list", "Agents as the engine sees them.") { surface, _ in
        try await surface.looking { engine, warnings in
          let status = try engine.status()
          var envelope = Envelope("agent-list", status.agentsJSON)
          envelope.warnings = warnings + status.warnings
          if let blind = status.observation.blind { envelope.errors = ["the state is unknown: \(blind)"] }
          return envelope
        }
      },
    ]
  }

  private var decisions: [Route] {
    [
      get("/decisions", "auto-history", "Past decisions and what became of them, newest first.") {
        surface, call in
        let now = surface.time.now
        var filter = DecisionFilter(
          types: call.all("type"), outcomes: call.all("outcome").compactMap(DecisionOutcome.init),
          since: call.time("since", now: now), until: call.time("until", now: now),
          limit: call.int("limit") ?? 50)
        filter.rules = call.all("rule")
        filter.targets = call.all("target")
        filter.offset = call.int("offset") ?? 0
        let found = try surface.journal()?.decisions(filter) ?? []
        return Envelope(
          "auto-history", ["decisions": .array(found.map(\.summary)), "count": .int(found.count)])
      }.taking(
        Parameter("type", .text(100), "Only decisions of this type.", repeats: true),
        Parameter(
          "outcome", .word(DecisionOutcome.allCases.map(\.rawValue)), "Only decisions that came to this.",
          repeats: true),
        Parameter("rule", .text(100), "Only decisions of this rule.", repeats: true),
        Parameter("target", .text(200), "Only decisions about this target.", repeats: true),
        Self.since, Self.until, Self.limit, Self.offset),
      get("/decisions/{id}", "auto-show", "One decision with everything that is known of it.") {
        surface, call in
        guard let journal = try surface.journal() else {
          throw DSLError(.notFound, "\(surface.path) has no journal, so nothing was decided here yet")
        }
        let entry = try journal.decision(call.text("id") ?? "")
        return Envelope("auto-show", try Self.whole(entry, journal, at: surface.time.now))
      }.taking(Self.id("The decision's id, or a beginning of it that only one has.")).failing(.notFound),
      get("/cycles", "auto-history", "Past turns of the loop, newest first.") { surface, call in
        let now = surface.time.now
        var filter = CycleFilter(
          since: call.time("since", now: now), until: call.time("until", now: now),
          limit: call.int("limit") ?? 50)
        filter.offset = call.int("offset") ?? 0
        let found = try surface.journal()?.cycles(filter) ?? []
        return Envelope(
          "auto-history", ["cycles": .array(found.map(\.summary)), "count": .int(found.count)])
      }.taking(Self.since, Self.until, Self.limit, Self.offset),
    ]
  }

  /// A decision with its approval and its timeline.
  static func whole(_ entry: JournaledDecision, _ journal: Journal, at now: Timestamp) throws -> JSONValue {
    let approval = try entry.approval.map { try Approval(stored: try journal.approval($0)) }
    var object = entry.whole.object ?? [:]
    object["approval"] = approval?.json(at: now) ?? .null
    object["timeline"] = DecisionTimeline(entry, approval).json
    return .object(object)
  }

  private var people: [Route] {
    [
      get("/approvals", "auto-pending", "Decisions that wait for people.") { surface, call in
        let now = surface.time.now
        let all = call.bool("all")
        let stored = try surface.journal()?.approvals(onlyOpen: !all) ?? []
        var found = try stored.map(Approval.init(stored:))
        if !all { found.removeAll { $0.status == .rejected || now >= $0.expiresAt } }
        return Envelope(
          "auto-pending",
          ["pending": .array(found.map { $0.json(at: now) }), "count": .int(found.count)])
      }.taking(Parameter("all", .bool, "Whether those that are closed are listed as well.")),
      get("/incidents", "notify-list", "Open incidents, and the messages that wait for each receiver.") {
        surface, _ in
        let (settings, warnings) = try surface.settings()
        let status = try NotificationStatus(surface.journal())
        var envelope = Envelope("notify-list", status.json(settings.notify.receivers))
        envelope.warnings = warnings
        return envelope
      },
    ]
  }

  private var work: [Route] {
    [
      get("/work", "work-list", "Work items: live ones in the order of claiming, then finished ones.") {
        surface, call in
        let queue = try surface.queue(.readOnly)
        let items = try queue.list(
          WorkFilter(
            states: call.all("state").compactMap(WorkState.init), agent: call.text("agent"),
            limit: call.int("limit") ?? 50, after: call.text("after")))
        var envelope = Envelope(
          "work-list",
          [
            "items": .array(items.map { $0.json(withRecord: false) }),
            "totals": try queue.statistics().json,
          ])
        envelope.warnings = queue.takeWarnings()
        return envelope
      }.taking(
        Parameter(
          "state", .word(WorkState.allCases.map(\.rawValue)), "Only items in this state.", repeats: true),
        Parameter("agent", .text(200), "Only items that this worker holds."),
        Parameter("after", .text(200), "Go on behind this item."), Self.limit),
      get("/work/{id}", "work-show", "One item with its record.") { surface, call in
        Envelope("work-show", try surface.queue(.readOnly).show(call.text("id") ?? "").json(withRecord: true))
      }.taking(Self.id("The item's id.", 200)).failing(.notFound),
    ]
  }
}
