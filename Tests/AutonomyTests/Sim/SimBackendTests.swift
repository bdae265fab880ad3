import Autonomy
import ClusterSim
import Coordination
import DSLBase
import DecisionEngine
import Testing

@Suite struct SimBackendTests {
  @Test func keepsTheContract() async throws {
    try await BackendContract { try await SimWorld(steps: 5) }.run()
  }

  @Test func everyActionIsOneStepOfTheCluster() async throws {
    let wanted: [(DecisionType, JSONObject, Action)] = [
      (.scaleUp, [:], .scale), (.restart, [:], .clean), (.clean, [:], .clean),
      (.memoryClean, [:], .memoryClean), (.optimize, [:], .throttle), (.throttle, [:], .throttle),
      (.move, ["direction": "up"], .moveUp), (.move, ["direction": "down"], .moveDown),
      (.move, ["direction": "left"], .moveLeft), (.move, ["direction": "right"], .moveRight),
      // The sixth step of a row of six is the way down.
      (.telemetryEnhance, [:], .moveDown),
    ]
    for (type, parameters, action) in wanted {
      let world = try await SimWorld(steps: 5)
      let before = try world.store.load()
      let (_, receipt) = try await world.act(type, parameters)
      let after = try world.store.load()
      #expect(after == (try before.stepping(action)), "\(type) \(parameters)")
      #expect(receipt["step_before"]?.int == 5 && receipt["step_after"]?.int == 6)
      #expect(receipt["digest_after"]?.string == BlackBox.text(after.episode.digest))
    }
  }

  @Test func lookingMakesNoFile() async throws {
    let world = try await SimWorld()
    let seen = try await world.sim.observe()
    _ = try await world.sim.plan(BackendContract.decision(.scaleUp), seen)
    #expect(try PosixFileSystem().status(world.path + "/.dsl") == nil)
    #expect(seen.blind == nil && seen.metrics[.clusterStep] == 0)
  }

  /// The metrics are those of the state, counted anew from its cells.
  @Test func whatIsSeenIsWhatIsThere() async throws {
    var settings = Settings.Sim()
    (settings.size, settings.seed) = ("5x7", 3)
    let world = try await SimWorld(settings, steps: 40)
    let cluster = try world.store.load()
    let seen = try await world.sim.observe()
    let configuration = try ClusterConfiguration(
      preset: "canonical", size: "5x7", changes: [:], prefix: "")
    let run = try EpisodeRecord.record(
      configuration, key: KeySpace.evaluation.key(seed: 3, episode: 0)
    ) { floats in
      let step = Int((floats[ObservationLayout.time] * 500).rounded())
      if step == 40 {
        let hot = Int((floats[ObservationLayout.hotShare] * 35).rounded())
        #expect(seen.metrics.workQueueSize == hot && seen.metrics.activeAgents == 35 - hot)
        #expect(seen.metrics.completionRate == Double(35 - hot) / 35)
        #expect(Float(seen.metrics[.clusterBudget] ?? -1) == floats[ObservationLayout.budget])
        #expect(Float(seen.metrics[.meanMemory] ?? -1) == floats[ObservationLayout.meanMemory])
        #expect(Float(seen.metrics[.meanCPU] ?? -1) == floats[ObservationLayout.meanCPU])
        #expect(Float(seen.metrics[.criticalMemory] ?? -1) == floats[ObservationLayout.risk])
        #expect(Float(seen.metrics[.ownMemory] ?? -1) == floats[13])
        #expect(Float(seen.metrics[.ownCPU] ?? -1) == floats[12])
        #expect(Float(seen.metrics[.ownPriority] ?? -1) == floats[14])
      }
      return Action.waiting(step: step).rawValue
    }
    #expect(run.digests[40] == cluster.episode.digest, "forty cycles of waiting are forty steps")
    #expect(seen.agents.count == 9 && Set(seen.agents.map(\.id)).count == 9)
    #expect(seen.agents.map(\.id) == seen.agents.map(\.id).sorted())
    #expect(seen.evidence.map(\.source) == ["cluster"])
  }

  @Test func onlyTheLatestStepIsUndone() async throws {
    let world = try await SimWorld(steps: 3)
    let start = try world.store.load()
    let first = try await world.act(.memoryClean)
    let between = try world.store.load()
    let second = try await world.act(.scaleUp)
    guard case .refused(let reason) = try await world.sim.revert(first.0, receipt: first.1) else {
      Issue.record("the later step rests on the earlier")
      return
    }
    #expect(reason.contains("only the latest step") && reason.contains("step 5 of episode 0"))
    guard case .reverted = try await world.sim.revert(second.0, receipt: second.1) else {
      Issue.record("the latest step can be undone")
      return
    }
    #expect(try world.store.load() == between)
    guard case .reverted = try await world.sim.revert(first.0, receipt: first.1) else {
      Issue.record("it is the latest by now")
      return
    }
    #expect(try world.store.load() == start)
    #expect(try await world.sim.inspect(first.0) == .absent)
  }

  @Test func aStepIsForOneStateAlone() async throws {
    let world = try await SimWorld(steps: 2)
    let decision = BackendContract.decision(.scaleUp)
    let seen = try await world.sim.observe()
    guard case .steps(let steps) = try await world.sim.plan(decision, seen) else { return }
    _ = try await world.sim.passTime(seen)
    let before = try await world.fingerprint()
    await #expect { try await world.sim.perform(steps[0], for: decision) } throws: {
      ($0 as? DSLError)?.code == .conflict
    }
    guard case .refused(let reason) = try await world.sim.plan(decision, seen) else {
      Issue.record("what was seen is over")
      return
    }
    #expect(reason.contains("one action a cycle"))
    #expect(try await world.fingerprint() == before)
    #expect(try await world.sim.passTime(seen) == [], "the step of that cycle was made")
    #expect(try await world.fingerprint() == before)
  }

  @Test func whatMeansNothingIsRefused() async throws {
    let world = try await SimWorld()
    let seen = try await world.sim.observe()
    for type in [DecisionType.scaleDown, .healthCheck] {
      await #expect { try await world.sim.plan(BackendContract.decision(type), seen) } throws: {
        ($0 as? DSLError)?.code == .unsupported
      }
    }
    let more = BackendContract.decision(.scaleUp, ["target_agents": 36])
    guard case .steps = try await world.sim.plan(more, seen) else {
      Issue.record("\(seen.metrics.activeAgents) of 36 cells are in order")
      return
    }
  }

  @Test func aFileThatCannotBeGoneOnWithIsBlindness() async throws {
    let world = try await SimWorld(steps: 3)
    let path = world.path + "/.dsl/sim/cluster.json"
    let files = PosixFileSystem()
    let whole = try files.read(path, limit: 1 << 20)
    let text = String(decoding: whole, as: UTF8.self)
    let edited = Array(text.replacing("\"steps\":3", with: "\"steps\":4").utf8)
    #expect(edited != whole)
    for bad in [Array(whole.dropLast(40)), edited, Array("{}".utf8), []] {
      try files.write(path, bad, exclusive: false)
      let seen = try await world.sim.observe()
      #expect(seen.blind != nil && seen.metrics.values.isEmpty && seen.evidence[0].status == .corrupt)
      #expect(try await world.sim.passTime(seen) == [])
      #expect(try files.read(path, limit: 1 << 20) == bad, "nothing is done to it")
    }
    try files.write(path, whole, exclusive: false)
    var other = Settings.Sim()
    other.seed = 9
    let directory = CoordinationDirectory(path: world.path, files: files)
    let seen = SimBackend(ClusterStore(directory, other), policy: "default", time: world.time).look()
    #expect(seen.blind?.contains("another cluster than the settings sim describe") == true)
    #expect(world.sim.look().blind == nil)
  }

  private static let impossible: [(member: String, value: JSONValue, says: String)] = [
    ("episode", .int(-1), "episode is -1"),
    ("episode", .int(1 << 40), "not from 0 to 4294967295"),
    ("earlier_steps", .int(Int.max), "earlier_steps is"),
    ("survivals", .int(-4), "survivals is -4"),
    ("steps", .int(4), "steps is not the number of its actions"),
    ("seed", .int(1 << 31), "seed is"),
    ("actions", "00", "is not the one that the actions of its episode lead to"),
    ("actions", "009", "is not the one"),
    ("state", "00", "state"),
    ("state", "zz", "not hexadecimal"),
    ("state_digest", "0000000000000000", "of another state"),
    ("ended", ["oom": 1], "critical_oom"),
    ("ended", .null, "expected an object"),
    ("key", "8000000000000001", "is not the one"),
    ("configuration_sha256", "00", "of other constants"),
    ("dynamics_version", 9, "follows dynamics 9"),
    ("configuration", ["leak": 7], "leak"),
    ("earlier_reward", "much", "earlier_reward"),
  ]

  /// The digest is no secret: what cannot be is refused in a file whose digest fits, too, and named.
  @Test(arguments: impossible) func whatCannotBeIsRefusedByName(
    _ member: String, _ value: JSONValue, _ says: String
  ) async throws {
    let world = try await SimWorld(steps: 3)
    let path = world.path + "/.dsl/sim/cluster.json"
    let whole = try PosixFileSystem().read(path, limit: 1 << 20)
    var object = try #require(try JSONParser.parse(whole).object)
    object[member] = value
    object["sha256"] = nil
    object["sha256"] = .string(SHA256.hex(of: JSONValue.object(object).canonical.serialized()))
    #expect {
      _ = try SavedCluster(JSONValue.object(object).serialized(.compact), name: "cluster.json")
    } throws: { error in
      let error = error as? DSLError
      return [.corrupt, .invalidInput].contains(error?.code) && error?.description.contains(says) == true
    }
  }

  /// What another backend left in the journal, before the settings were changed.
  @Test func stepsOfOtherBackendsAreLeftAlone() async throws {
    let world = try await SimWorld(steps: 2)
    let before = try await world.fingerprint()
    let foreign = EffectStep(action: "start_agent", target: "a-1")
    #expect(try await world.sim.inspect(foreign) == .unclear("unknown step start_agent"))
    guard case .refused = try await world.sim.revert(foreign, receipt: .null) else {
      Issue.record("there is nothing that could be undone")
      return
    }
    await #expect { try await world.sim.perform(foreign, for: BackendContract.decision(.scaleUp)) } throws: {
      ($0 as? DSLError)?.code == .unsupported
    }
    #expect(try await world.fingerprint() == before)
  }

  @Test func theDocumentListsWhatThereIs() throws {
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    let path = "/\(root)/docs/simulator.md"
    let text = String(decoding: try PosixFileSystem().read(path, limit: 1 << 20), as: UTF8.self)
    for info in MetricCatalog.cluster { #expect(text.contains("`\(info.name)`"), "\(info.name)") }
    for type in ClusterChoice.types { #expect(text.contains("`\(type)`"), "\(type)") }
  }

  @Test func wrongSettingsAreNamed() async throws {
    let wrong: [(WritableKeyPath<Settings.Sim, String?>, String, String)] = [
      (\.size, "0x6", "height is 0"), (\.size, "six", "sim.size six"),
      (\.config, "none.json", "there is no file"),
    ]
    for (path, value, says) in wrong {
      var settings = Settings.Sim()
      settings[keyPath: path] = value
      let world = try await SimWorld(settings)
      let seen = world.sim.look()
      #expect(seen.blind?.contains(says) == true, "\(seen.blind ?? "it sees")")
      #expect(try PosixFileSystem().status(world.path + "/.dsl") == nil)
    }
  }
}
