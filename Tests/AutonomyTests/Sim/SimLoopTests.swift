import Autonomy
import ClusterSim
import Coordination
import DSLBase
import DecisionEngine
import Testing

/// Whole cycles over a simulated cluster.
@Suite struct SimLoopTests {
  /// The actions of an episode's first steps when a policy plays it by itself.
  private static func played(_ policy: some ClusterSim.Policy, steps: Int, seed: Int = 0) throws -> [UInt8] {
    let box = try BlackBox.record(
      ClusterConfiguration(), policy, name: "p", key: KeySpace.evaluation.key(seed: seed, episode: 0))
    return Array(box.actions.prefix(steps))
  }

  @Test func rulesOfTheEnginePlayLikeThePolicyTheyWriteDown() async throws {
    let policy = EnginePolicy(name: "engine", try EngineRules.heuristic(), SimSite.gates)
    for (preset, key) in [(ClusterConfiguration.Preset.canonical, 5), (.storm, 6)] {
      let configuration = ClusterConfiguration(preset)
      let key = try KeySpace.evaluation.key(seed: 2, episode: key)
      let engine = try BlackBox.record(configuration, policy, name: "a", key: key)
      let heuristic = try BlackBox.record(configuration, HeuristicPolicy(), name: "a", key: key)
      #expect(engine == heuristic, "\(preset)")
    }
  }

  /// What `dsl sim evaluate --policy engine:…` plays is what the loop does, step by step.
  @Test func theLoopDoesWhatIsEvaluated() async throws {
    let engine = try EngineRules.heuristic()
    let sites = try [
      SimSite(await SimWorld(), engine), SimSite(await SimWorld(), engine),
    ]
    var decided: [[String]] = [[], []]
    for (number, site) in sites.enumerated() {
      for _ in 0..<25 {
        let report = try await site.turn()
        #expect(report.executed.count == 1 && report.failed.isEmpty, "\(report.decisions)")
        decided[number].append(report.executed.first?.decision.rule ?? "")
      }
    }
    let cluster = try sites[0].cluster()
    let alone = try Self.played(EnginePolicy(name: "e", engine, SimSite.gates), steps: 25)
    #expect(cluster.episode.actions == alone)
    #expect(try cluster.json == sites[1].cluster().json, "the same seed, another directory")
    #expect(decided[0] == decided[1] && Set(decided[0]).count > 2)
  }

  /// One that remembers (it waits after scaling) is asked anew in every cycle, and does as in an episode of its own.
  @Test(arguments: ["heuristic", "threshold", "random"])
  func aPolicyOfTheSimulatorDecidesThroughTheEngine(word: String) async throws {
    let world = try await SimWorld()
    let policy = try #require(RulePolicies.named(word))
    let site = try SimSite(world, try EngineRules.always(.optimize))
    site.strategies = [ClusterStrategy(policy, world.store)]
    var last: CycleReport?
    for _ in 0..<25 { last = try await site.turn() }
    #expect(try site.cluster().episode.actions == Self.played(policy, steps: 25))
    let report = try #require(last)
    #expect(report.executed.map(\.decision.rule) == ["sim:" + word])
    #expect(report.decisions.count == 2, "the rule decided as well, and came second")
    // Its answer is in the journal, so that a replay decides the same.
    let record = try site.journal.cycle(report.id).record
    let answers = try AnsweredStrategy.all(in: record.settings)
    let again = site.engine.decide(
      site.engine.assess(try Observation(json: record.observation)), cycle: report.id, strategies: answers)
    #expect(again.decisions == report.decisions.map(\.decision))
  }

  @Test func whatWasLearnedDecidesThroughTheEngine() async throws {
    var settings = TrainingSettings()
    (settings.episodes, settings.checkpoints, settings.validationEpisodes) = (64, 1, 1)
    settings.view = .memory
    let configuration = ClusterConfiguration(.canonical, height: 3, width: 4)
    let trainer = try Trainer(configuration, settings)
    while !trainer.isDone { try trainer.round() }
    var named = Settings.Sim()
    (named.size, named.policy) = ("3x4", "q.agent")
    let learner = try await SimWorld(named)
    try PosixFileSystem().write(
      learner.path + "/q.agent", trainer.snapshot.bytes, exclusive: true)
    let policy = try #require(try learner.store.policy())
    #expect(policy.name == "q.agent")
    let site = try SimSite(learner, try EngineRules.never())
    site.strategies = [ClusterStrategy(policy, learner.store)]
    for _ in 0..<15 { _ = try await site.turn() }
    let box = try BlackBox.record(
      configuration, trainer.snapshot.policy(), name: "q", key: KeySpace.evaluation.key(episode: 0))
    #expect(try site.cluster().episode.actions == Array(box.actions.prefix(15)))
    // Of another grid it is refused by name.
    named.size = nil
    let other = ClusterStore(
      CoordinationDirectory(path: learner.path, files: PosixFileSystem()), named)
    #expect { try other.policy() } throws: {
      ($0 as? DSLError)?.message.contains("was trained on 3x4 cells") == true
    }
  }

  @Test func timePassesOnceACycleWhateverIsDecided() async throws {
    let site = try SimSite(await SimWorld(), try EngineRules.never())
    for number in 1...6 {
      let report = try await site.turn()
      #expect(report.decisions.isEmpty && report.latest?.metrics[.clusterStep] == Double(number))
    }
    #expect(try site.cluster().episode.actions == [0, 1, 0, 1, 0, 1])
    #expect(try site.journal.cycle("c-3").result?.executed == 0)
  }

  @Test func theClusterStandsStillWhileTheKillSwitchIsThrown() async throws {
    let site = try SimSite(await SimWorld(), try EngineRules.always(.optimize))
    _ = try await site.turn()
    let before = try site.cluster()
    let stop = site.world.path + "/.dsl/STOP"
    try PosixFileSystem().write(stop, [], exclusive: true)
    var control = Cycle.Control()
    control.killSwitch = KillSwitch(
      CoordinationDirectory(path: site.world.path, files: PosixFileSystem()), path: nil)
    let report = try await site.turn(control)
    #expect(report.executed.isEmpty && report.decisions.count == 1)
    #expect(try site.cluster() == before)
    try PosixFileSystem().remove(stop)
    _ = try await site.turn(control)
    #expect(try site.cluster().episode.step == before.episode.step + 1)
  }

  /// A cluster whose leaks are as fast as may be, and nobody does anything.
  @Test func aFailureIsSeenRecordedAndFollowedByTheNextEpisode() async throws {
    var settings = Settings.Sim()
    (settings.config, settings.first) = ("constants.json", 7)
    let world = try await SimWorld(settings)
    try PosixFileSystem().write(
      world.path + "/constants.json", Array(#"{"leak": 0.0007, "hot_memory_low": 0.95}"#.utf8),
      exclusive: true)
    let site = try SimSite(world, try EngineRules.always(.optimize))
    var report = try await site.turn()
    while !(try site.cluster().episode.isOver) { report = try await site.turn() }
    let failed = try site.cluster()
    #expect(failed.episode.cause == .criticalOOM && failed.number == 7)
    let name = "7-\(BlackBox.text(failed.episode.key)).blackbox.json"
    let path = "\(world.path)/.dsl/sim/black-boxes/\(name)"
    let said =
      "the cluster failed in step \(failed.episode.step) of episode 7: critical_oom; recorded in \(path)"
    #expect(report.warnings == [said])
    let box = try BlackBox(
      try JSONParser.parse(try PosixFileSystem().read(path, limit: 1 << 20)), name: path)
    #expect(box.actions == failed.episode.actions && box.cause == .criticalOOM)
    #expect(box.policy == "engine:default" && box.policyDigest?.count == 64)
    #expect(try box.replay() == .same(steps: failed.episode.step))
    // The next cycle sees it, can do nothing about it, and begins the next episode.
    let next = try await site.turn()
    #expect(next.observation.metrics.healthState == .critical)
    #expect(next.observation.metrics[.clusterFailed] == 1 && next.observation.metrics.activeAgents == 0)
    #expect(next.executed.isEmpty)
    guard case .refused(let gate, let reason, _, _) = next.decisions[0].outcome else {
      Issue.record("\(next.decisions)")
      return
    }
    #expect(gate == "placement" && reason.contains("the cluster failed: critical_oom"))
    let begun = try site.cluster()
    #expect(begun.number == 8 && begun.episode.step == 0 && begun.earlierSteps == failed.episode.step)
    #expect(begun.episode.key == (try KeySpace.evaluation.key(episode: 8)))
    #expect(begun.notes.last == "episodes that ended before: 1 by critical_oom")
    #expect(begun.earlierReward == failed.episode.reward)
  }

  /// What ran out of memory and was started again is told of and recorded at once, not when the episode is over.
  @Test func aCellThatRunsOutOfMemoryIsRecordedAtOnce() async throws {
    var settings = Settings.Sim()
    settings.config = "constants.json"
    let world = try await SimWorld(settings)
    // Nobody is critical, so that the cluster goes on.
    let constants = #"{"leak": 0.0007, "hot_memory_low": 0.95, "critical_share": 0, "oom_limit": 0}"#
    try PosixFileSystem().write(world.path + "/constants.json", Array(constants.utf8), exclusive: true)
    let site = try SimSite(world, try EngineRules.always(.optimize))
    var told: [Int] = []
    while told.count < 3 {
      let report = try await site.turn()
      let episode = try site.cluster().episode
      try #require(!episode.isOver)
      let path = "\(world.path)/.dsl/sim/black-boxes/0-\(BlackBox.text(episode.key)).blackbox.json"
      guard let warning = report.warnings.first else {
        #expect(episode.gauges.ooms == told.last ?? 0)
        continue
      }
      let lost = episode.gauges.ooms - (told.last ?? 0)
      #expect(
        warning
          == "\(lost) cell\(lost == 1 ? "" : "s") ran out of memory by step \(episode.step) of episode 0; recorded in \(path)"
      )
      let box = try BlackBox(
        try JSONParser.parse(try PosixFileSystem().read(path, limit: 1 << 20)), name: path)
      #expect(box.actions == episode.actions && box.cause == .none && box.ooms == episode.gauges.ooms)
      #expect(box.incidents.count == box.ooms && box.incidents.last?.step == episode.step)
      told.append(episode.gauges.ooms)
    }
  }

  @Test func blackBoxesAreBounded() async throws {
    var settings = Settings.Sim()
    (settings.size, settings.config) = ("1x1", "constants.json")
    let world = try await SimWorld(settings)
    // Nearly full at once: every episode fails within a few steps.
    let constants = """
      {"hot_share": 1, "critical_share": 1, "hot_memory_low": 0.99, "hot_memory_high": 0.99,
       "leak": 0.005, "leaker_factor": 1}
      """
    try PosixFileSystem().write(
      world.path + "/constants.json", Array(constants.utf8), exclusive: true)
    let directory = CoordinationDirectory(path: world.path, files: PosixFileSystem())
    let store = ClusterStore(directory, settings, boxLimit: 3)
    let sim = SimBackend(store, policy: "default", time: world.time)
    while try store.load().number < 6 { _ = try await sim.passTime(sim.look()) }
    var numbers: [Int] = []
    try PosixFileSystem().walk(world.path + "/.dsl/sim/black-boxes") { entry in
      numbers.append(Int(String(decoding: entry.name, as: UTF8.self).prefix { $0 != "-" }) ?? -1)
    }
    #expect(numbers.sorted() == [3, 4, 5])
  }
}
