import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import HTTPTypes

/// What orchestrators ask: does it live, can it act.
struct Probes: Sendable {
  let surface: ControlSurface
  let looks: LookingThread

  var routes: [Route] {
    let (surface, looks) = (surface, looks)
    var health = Route(
      .get, "/healthz", .open, "Whether the engine lives: a loop in this process gets on.",
      command: "serve-health"
    ) { _ in
      let lives = surface.isAlive()
      var envelope = Envelope("serve-health", ["alive": .bool(lives)])
      if !lives { envelope.errors = ["the loop has not got on for longer than it should take"] }
      return .envelope(envelope, lives ? .ok : .serviceUnavailable)
    }
    health.errors = [.busy]
    var ready = Route(
      .get, "/readyz", .open, "Whether the engine can act: what it needs can be read, and makes sense.",
      command: "serve-ready"
    ) { call in
      let readiness = try await looks.run { Readiness(surface) }
      let isFine = readiness.isReady && (!call.bool("acting") || readiness.acts)
      var envelope = Envelope("serve-ready", readiness.json)
      envelope.errors = readiness.reasons
      if call.bool("acting") { envelope.errors += readiness.holds }
      return .envelope(envelope, isFine ? .ok : .serviceUnavailable)
    }.taking(
      Parameter(
        "acting", .bool, "Whether a kill switch, a pause or the lack of a leader count as not ready too."))
    ready.errors = [.busy]
    return [health, ready]
  }
}

/// What the engine needs, and what holds it back.
struct Readiness: Sendable {
  /// What keeps it from acting that somebody has to mend, a sentence each.
  private(set) var reasons: [String] = []
  /// What people told it, or that nobody leads: it would act as soon as that ends.
  private(set) var holds: [String] = []
  private var checks: JSONObject = [:]
  private var leader: JSONValue = .null

  var isReady: Bool { reasons.isEmpty }
  /// Whether a loop acts at this moment, as far as anybody can tell.
  var acts: Bool { isReady && holds.isEmpty }

  init(_ surface: ControlSurface) {
    guard let settings = check("settings", { try surface.settings().settings }) else { return }
    let directory = surface.directory(settings)
    check("directory") {
      guard let status = try directory.files.status(directory.path + "/."), status.kind == .directory else {
        throw DSLError(.notFound, "there is no directory \(directory.path)")
      }
      try directory.files.walk(directory.path) { _ in }
    }
    check("policy") {
      _ = try PolicySource(settings.policy, directory)
        .load(for: settings, types: settings.programs.handlers.map(\.type))
    }
    check("queue") { _ = try surface.queue(.readOnly).statistics() }
    let journal: Journal? =
      check("journal") {
        let journal = try Journal.openForReading(directory)
        _ = try journal?.head()
        return journal
      } ?? nil
    look(journal, settings, directory, surface)
  }

  private mutating func look(
    _ journal: Journal?, _ settings: Settings, _ directory: CoordinationDirectory, _ surface: ControlSurface
  ) {
    let world = surface.world(settings)
    if let reason = KillSwitch(directory, path: settings.killSwitchFile).reason() {
      holds.append("the kill switch is thrown: \(reason)")
    }
    if let pause = PauseFact((try? journal?.lastPause()) ?? nil, world.time) {
      holds.append("paused: \(pause.text)")
    }
    if let cluster = try? ClusterStore(ofLoop: settings, directory),
      let status = try? PaceStatus(cluster, journal), let hold = status.hold
    {
      if status.problem == nil { holds.append(hold) } else { reasons.append(hold) }
    }
    guard let status = try? LeaderStatus(directory, journal, host: world.host, time: world.time) else {
      return
    }
    leader = status.json
    if status.word != "leading" { holds.append("no engine leads") }
  }

  @discardableResult
  private mutating func check<Value>(_ name: String, _ look: () throws -> Value) -> Value? {
    do {
      let value = try look()
      checks[name] = "ok"
      return value
    } catch {
      let reason = (error as? FileError)?.description ?? "\(error)"
      checks[name] = .string(reason)
      reasons.append("\(name): \(reason)")
      return nil
    }
  }

  var json: JSONValue {
    [
      "ready": .bool(isReady), "acting": .bool(acts), "checks": .object(checks),
      "reasons": .strings(reasons), "holds": .strings(holds), "leader": leader,
    ]
  }
}
