import ClusterSim
import ClusterSimViews
package import DSLBase

/// The simulator's room: one episode that is played or was recorded, and a player that people start, pause and wind.
///
/// The simulation runs here and not in browsers: everybody who looks sees the same. What is told is bounded: twenty frames
/// a second, five of large clusters, however fast the episode goes.
package actor SimRoom {
  /// How often the player is asked, seconds, and the same for clusters of more than `large` cells.
  private static let period = (small: 0.05, large: 0.2)
  private static let large = 1024
  private static let aliveSeconds = 15.0
  private let sources: SimSources
  private let hub: EventHub
  private let time: any TimeSource
  private var player = PlayerMachine()
  private var tape: EpisodeTape
  /// Which episode it is, counted from the start of the room.
  private var serial = 1
  private var policyName: String
  private var recordingName: String?
  /// Of the keys of episodes.
  private var seed: Int
  private var episode: Int
  private var files = WatchedFiles()
  /// Why the next episode could not be put in place.
  private var problem: String?
  /// What followers were told last: the episode, the step that was shown, the steps done.
  private var told = (serial: 0, position: -1, count: 0)

  /// - Throws: ``DSLError`` for a policy, seed or level that is not there.
  package init(
    _ sources: SimSources, seed: Int, hub: EventHub, time: any TimeSource
  ) throws {
    (self.sources, self.hub, self.time, self.seed) = (sources, hub, time, seed)
    (policyName, episode) = (sources.policies[0], 0)
    tape = try Self.tape(sources, sources.policies[0], try KeySpace.evaluation.key(seed: seed, episode: 0))
    _ = player.on(.loaded(position: 0, end: nil, isRecorded: false))
  }

  private static func tape(_ sources: SimSources, _ policy: String, _ key: UInt64) throws -> EpisodeTape {
    try EpisodeTape(
      sources.configuration, try sources.policy(policy), name: policy, key: key, level: sources.level)
  }

  // MARK: what goes on

  /// Until the task is cancelled.
  func run() async {
    var nextAlive = 0.0
    while !Task.isCancelled {
      do { try await time.sleep(seconds: period) } catch { return }
      let now = time.monotonicSeconds
      perform(player.on(.tick(now)))
      publish()
      tellFiles()
      if now >= nextAlive {
        hub.tell([.alive], last: nil)
        nextAlive = now + Self.aliveSeconds
      }
    }
  }

  private var period: Double {
    tape.configuration.cellCount > Self.large ? Self.period.large : Self.period.small
  }

  private func perform(_ actions: [PlayerMachine.Action]) {
    for action in actions {
      switch action {
      case .advance(let count):
        for _ in 0..<count where !tape.advance() { break }
        moved()
      case .seek(let step):
        tape.seek(to: step)
        moved()
      case .next:
        episode += 1
        do {
          load(try Self.tape(sources, policyName, try KeySpace.evaluation.key(seed: seed, episode: episode)))
        } catch {
          // The file of a policy is gone or cut: the player stands still, and says so.
          problem = (error as? DSLError)?.message ?? "\(error)"
          perform(player.on(.pause))
        }
      case .tell:
        publish()
        hub.tell([.event(ServedEvent(nil, .player, state))], last: nil)
      }
    }
  }

  private func moved() {
    _ = player.on(.moved(position: tape.position, end: tape.isOver ? tape.count : nil))
  }

  private func load(_ tape: EpisodeTape) {
    self.tape = tape
    problem = nil
    serial += 1
    perform(
      player.on(
        .loaded(
          position: 0, end: tape.isOver ? tape.count : nil, isRecorded: tape.isRecorded)))
  }

  /// Tells what is shown, where that is something else than before.
  private func publish() {
    let now = (serial, tape.position, tape.count)
    guard now != told else { return }
    if hub.isFollowed {
      let since = serial == told.serial ? told.count + 1 : 0
      hub.tell([.event(ServedEvent(nil, .frame, shown(since: since)))], last: nil)
    }
    told = now
  }

  private func tellFiles() {
    let news = files.news(time) { sources.files }
    if !news.isEmpty { hub.tell(news.map { .event($0) }, last: nil) }
  }
}

// MARK: what is told

extension SimRoom {
  /// The player and what it plays.
  var state: JSONValue {
    [
      "tape": .int(serial), "running": .bool(player.isRunning), "speed_steps_per_s": .double(player.speed),
      "continues": .bool(player.continues), "recorded": .bool(tape.isRecorded),
      "recording": .optional(recordingName), "policy": .string(tape.policyName),
      "policies": .strings(sources.policies), "position": .int(tape.position), "steps_done": .int(tape.count),
      "over": .bool(tape.isOver), "cause": .string(tape.cause.name), "seed": .int(seed),
      "episode": .int(episode), "key": .string(BlackBox.text(tape.key)), "level": .int(tape.level),
      "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
      "configuration_sha256": .string(tape.configuration.digest), "configuration": tape.configuration.json,
      "problem": .optional(problem), "pace": .null, "leader": .null,
      "shows": [
        "recordings": .bool(sources.recordings != nil), "training": .bool(sources.files.training != nil),
        "study": .bool(sources.files.study != nil), "controls": true,
      ],
    ]
  }

  /// What is shown, with the points of the curves from a step on, so many of them at most.
  ///
  /// - Parameter at: another step than the one that is shown.
  func shown(since: Int, at step: Int? = nil) -> JSONValue {
    tape.shown(since: since, at: step, serial: serial, isOver: tape.isOver)
  }

  /// What a follower is told first.
  var beginning: [ServedEvent] {
    [ServedEvent(nil, .player, state), ServedEvent(nil, .frame, shown(since: tape.points.count))]
  }

  var trainingNow: JSONValue {
    files.look(time) { sources.files }
    return files.training
  }

  var studyNow: JSONValue {
    files.look(time) { sources.files }
    return files.study
  }

  /// - Throws: ``DSLError`` where the folder cannot be read.
  func recordings() throws -> [String] { try sources.recordings?() ?? [] }
}

// MARK: what people do

extension SimRoom {
  func control(_ event: PlayerMachine.Event) -> JSONValue {
    perform(player.on(event))
    return state
  }

  /// Puts an episode in place.
  ///
  /// - Parameters:
  ///   - policy: who plays; who played before where it is `nil`.
  ///   - seed: of the key.
  ///   - episode: its number.
  ///   - key: instead of the two.
  /// - Throws: ``DSLError`` with code `invalid_input` for what cannot be played.
  func play(policy: String?, seed: Int?, episode: Int?, key: UInt64?) throws -> JSONValue {
    let name = policy ?? policyName
    guard sources.policies.contains(name) else {
      throw DSLError(
        .invalidInput, "policy: there is no such policy here",
        fix: "give one of \(sources.policies.joined(separator: ", "))")
    }
    let (seed, episode) = (seed ?? self.seed, episode ?? self.episode)
    let tape = try Self.tape(sources, name, try key ?? KeySpace.evaluation.key(seed: seed, episode: episode))
    (policyName, self.seed, self.episode, recordingName) = (name, seed, episode, nil)
    load(tape)
    return state
  }

  /// Puts a recorded episode in place.
  ///
  /// - Throws: ``DSLError`` with code `not_found` for a name that is not in the list; what reading it throws.
  func open(_ name: String) throws -> JSONValue {
    guard try recordings().contains(name) else {
      throw DSLError(.notFound, "there is no such recording", fix: "see /api/v1/sim/recordings")
    }
    let tape = try EpisodeTape(try sources.recording(name))
    recordingName = name
    load(tape)
    return state
  }
}
