import Autonomy
import ClusterSim
import Coordination
import DSLBase

/// The room of the simulated cluster that a directory's loop runs on, for those who look: what the cluster's file says, the
/// records of episodes that failed, and files of trainings and studies. It changes nothing.
actor ClusterRoom {
  private let surface: ControlSurface
  /// What was shown last: an episode is done again only when it has gone on.
  private var known: Shown?
  private let watches: @Sendable (Settings) -> SimSources.Files
  private var files = WatchedFiles()
  /// Whether this server takes changes.
  private let takesChanges: Bool

  private struct Shown {
    /// What it is of: a place of the cluster, or a file.
    var stamp: String
    var tape: EpisodeTape
    var serial: Int
    var number: Int
    var isOver: Bool
  }

  init(
    _ surface: ControlSurface, watches: @escaping @Sendable (Settings) -> SimSources.Files = { _ in .init() },
    takesChanges: Bool = false
  ) {
    (self.surface, self.watches, self.takesChanges) = (surface, watches, takesChanges)
  }

  /// The cluster, or a recorded episode, as the schema `sim-room` has it.
  ///
  /// - Throws: `not_found` where the loop runs on no cluster, or for a recording that is not there; `corrupt` and `invalid_input`
  ///   for a file that cannot be gone on with; `io`.
  func state(recording: String?) throws -> JSONValue {
    let (settings, store) = try store()
    let shown = try shown(recording, settings, store)
    let tape = shown.tape
    let journal = try surface.journal()
    let leader = try LeaderStatus(
      store.directory, journal, host: surface.world(settings).host, time: surface.time)
    let pace = try PaceStatus(store, journal)
    let watched = watches(settings)
    return [
      "tape": .int(shown.serial),
      "running":
        .bool(recording == nil && leader.word == "leading" && pace.standing != .still),
      "speed_steps_per_s": .double(min(max(1 / settings.loop.intervalSeconds, 0.000_001), 500)),
      "continues": true, "recorded": .bool(recording != nil), "recording": .optional(recording),
      "policy": .string(tape.policyName), "policies": .strings([tape.policyName]),
      "position": .int(tape.count), "steps_done": .int(tape.count), "over": .bool(shown.isOver),
      "cause": .string(tape.cause.name), "seed": .int(settings.sim.seed), "episode": .int(shown.number),
      "key": .string(BlackBox.text(tape.key)), "level": .int(tape.level),
      "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
      "configuration_sha256": .string(tape.configuration.digest), "configuration": tape.configuration.json,
      "problem": .null, "pace": recording == nil ? pace.json : .null, "leader": .string(leader.word),
      "shows": [
        "recordings": true, "training": .bool(watched.training != nil), "study": .bool(watched.study != nil),
        "controls": .bool(takesChanges && recording == nil),
      ],
    ]
  }

  /// The cells at a step, the last one unless given, and the points from another on: the schema `sim-frame`.
  ///
  /// - Throws: as ``state(recording:)``.
  func frame(since: Int, at step: Int?, recording: String?) throws -> JSONValue {
    let (settings, store) = try store()
    let shown = try shown(recording, settings, store)
    shown.tape.seek(to: step ?? shown.tape.count)
    return shown.tape.shown(since: since, at: nil, serial: shown.serial, isOver: shown.isOver)
  }

  /// The names of the records.
  ///
  /// - Throws: as ``state(recording:)``.
  func recordings() throws -> [String] { try store().store.boxes() }

  private func store() throws -> (settings: Settings, store: ClusterStore) {
    let settings = try surface.settings().settings
    return (settings, try ClusterStore(ofLoop: settings, surface.directory(settings)))
  }

  // MARK: files

  /// Curves of trainings, as the schema `sim-curves` has them; no groups where none are watched.
  func training() throws -> JSONValue {
    try files.look(surface.time) { watches(try surface.settings().settings) }
    return files.training
  }

  /// Studies, as the schema `sim-study` has them; none where none is watched.
  func study() throws -> JSONValue {
    try files.look(surface.time) { watches(try surface.settings().settings) }
    return files.study
  }

  /// What followers are to be told of the files.
  func news() throws -> [ServedEvent] {
    try files.news(surface.time) { watches(try surface.settings().settings) }
  }

  private func shown(_ recording: String?, _ settings: Settings, _ store: ClusterStore) throws -> Shown {
    if let recording { return try recorded(recording, store) }
    let cluster = try store.load()
    let place = cluster.place
    let stamp = "\(place.text) \(place.digest) \(cluster.configuration.digest)"
    if let known, known.stamp == stamp { return known }
    let tape = try EpisodeTape(
      cluster.configuration, key: cluster.episode.key, level: cluster.episode.level,
      actions: cluster.episode.actions, name: ActingPolicy(store, engine: settings.policy).name)
    let shown = Shown(
      stamp: stamp, tape: tape, serial: cluster.number + 1, number: cluster.number,
      isOver: cluster.episode.isOver)
    known = shown
    return shown
  }

  private func recorded(_ name: String, _ store: ClusterStore) throws -> Shown {
    guard try store.boxes().contains(name), let stamp = try store.stamp(ofBox: name) else {
      throw DSLError(.notFound, "there is no such recording", fix: "see /api/v1/sim/recordings")
    }
    // The record of an episode that goes on is written again when another cell runs out of memory.
    if let known, known.stamp == stamp { return known }
    let box = try store.box(name)
    let number = Int(name.prefix { $0 != "-" }) ?? 0
    let shown = Shown(
      stamp: stamp, tape: try EpisodeTape(box), serial: number + 1, number: number, isOver: true)
    known = shown
    return shown
  }
}
