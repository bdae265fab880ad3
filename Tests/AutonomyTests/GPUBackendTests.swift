import Autonomy
import Coordination
import DSLBase
import GPUScheduling
import Glibc
import Testing

/// The contract's world with GPUs: the seed's agents have none, those that are started get some.
struct GPUWorld: ContractWorld {
  let under: FilesWorld
  let gpus: GPUBackend
  var backend: any Backend { gpus }
  var directory: CoordinationDirectory { under.directory }

  /// - Parameters:
  ///   - nodes: of four GPUs each.
  ///   - pools: name, priority, least and most replicas, GPUs of each.
  init(nodes: Int = 2, pools: [(String, Int, Int, Int, Int)] = [("chat", 0, 0, 20, 1)]) throws {
    under = try FilesWorld()
    let cluster = "nodes: [{name: n, count: \(nodes), cpu: 8, memory: 8Gi, gpus: 4, model: A100-SXM4-40GB}]"
    try under.directory.files.write(
      under.directory.path + "/cluster.yaml", Array(cluster.utf8), exclusive: true)
    var manifests = """
      {apiVersion: neuronetes.io/v1alpha1, kind: Model, metadata: {name: m}, spec: {weightsURI: "s3://m", size: 1G}}
      ---
      {apiVersion: neuronetes.io/v1alpha1, kind: AgentClass, metadata: {name: c}, spec: {modelRef: {name: m}}}

      """
    for (name, priority, least, most, gpus) in pools {
      manifests += """
        ---
        {apiVersion: neuronetes.io/v1alpha1, kind: AgentPool, metadata: {name: \(name)},
         spec: {agentClassRef: {name: c}, minReplicas: \(least), maxReplicas: \(most), gpuRequirements: {count: \(gpus)},
         scheduling: {priority: \(priority)}}}

        """
    }
    try under.directory.files.write(
      under.directory.path + "/manifests.yaml", Array(manifests.utf8), exclusive: true)
    var settings = Settings.GPU()
    (settings.cluster, settings.manifests) = ("cluster.yaml", "manifests.yaml")
    gpus = GPUBackend(under.files, try GPUFleetSource(settings, under.directory))
  }

  func fingerprint() async throws -> String { try await under.fingerprint() }
  func stopAgent(_ id: String) async throws { try await under.stopAgent(id) }
  func tearDown() async { await under.tearDown() }

  /// Agents and their GPUs: "n-0 GPU 3".
  func places() throws -> [String: [String]] {
    let standing = try gpus.standing()
    let state = standing.scheduler.state
    var places: [String: [String]] = [:]
    for holder in standing.holders {
      let workload = try #require(holder.workload)
      let pods = try #require(state.members[workload])
      places[holder.agent] = pods.compactMap { state.bindings[$0] }.map(state.cluster.text)
    }
    return places
  }

  func scale(to target: Int, _ type: DecisionType = .scaleUp) async throws -> EffectPlan {
    try await gpus.plan(BackendContract.decision(type, ["target_agents": .int(target)]), gpus.observe())
  }

  /// Performs a scale-up.
  func start(_ target: Int) async throws -> [(step: EffectStep, receipt: JSONValue)] {
    guard case .steps(let steps) = try await scale(to: target) else {
      Issue.record("a scale-up to \(target) has a place")
      return []
    }
    var done: [(EffectStep, JSONValue)] = []
    for step in steps {
      done.append((step, try await gpus.perform(step, for: BackendContract.decision(.scaleUp))))
    }
    return done
  }
}

@Suite struct GPUBackendTests {
  @Test func keepsTheContract() async throws { try await BackendContract { try GPUWorld() }.run() }

  private func with(_ world: GPUWorld, _ body: (GPUWorld) async throws -> Void) async throws {
    do { try await body(world) } catch {
      await world.tearDown()
      throw error
    }
    await world.tearDown()
  }

  @Test func eachAgentHasGPUsOfItsOwnAndKnowsThem() async throws {
    try await with(try GPUWorld()) { world in
      let done = try await world.start(5)
      #expect(done.count == 2)
      let places = try world.places()
      #expect(Set(places.keys) == Set(done.map(\.step.target)))
      #expect(Set(places.values.flatMap { $0 }).count == 2, "two agents share no GPU: \(places)")
      let requests = world.under.processes.requests.with { $0 }
      #expect(
        requests.map { request in request.environment.first { $0.0 == "DSL_GPU_NODE" }?.1 } == ["n-0", "n-0"])
      #expect(requests.map { request in request.environment.first { $0.0 == "DSL_GPUS" }?.1 } == ["0", "1"])
    }
  }

  @Test func aScaleUpWithoutAPlaceIsRefusedAndOneWithTooFewSaysSo() async throws {
    try await with(try GPUWorld(nodes: 1, pools: [("chat", 0, 0, 20, 2)])) { world in
      guard case .steps(let steps) = try await world.scale(to: 8) else {
        Issue.record("two of five fit")
        return
      }
      #expect(steps.count == 2)
      let missing = steps.last?.parameters["unplaced"]
      #expect(missing?["agents"]?.int == 3)
      #expect(missing?["reason"]?.string == "no place for chat-2 (2 GPUs): nodes kept out: 1 by gpus")
      #expect(StepSummary.of(steps).hasPrefix("started 2 agents; 3 agents fewer than wanted: no place for"))
      _ = try await world.start(5)
      guard case .refused(let reason) = try await world.scale(to: 8) else {
        Issue.record("no GPU is left")
        return
      }
      #expect(reason == "no place for chat-2 (2 GPUs): nodes kept out: 1 by gpus")
    }
  }

  @Test func aPoolAtItsMaximumIsTheReason() async throws {
    try await with(try GPUWorld(pools: [("chat", 0, 0, 1, 1)])) { world in
      _ = try await world.start(4)
      guard case .refused(let reason) = try await world.scale(to: 9) else {
        Issue.record("the pool is full")
        return
      }
      #expect(reason == "chat has 1 of at most 1 replicas")
    }
  }

  @Test func minimaComeFirstThenPrioritiesAndAPoolWithoutAPlaceGivesWay() async throws {
    let pools = [("low", 0, 1, 3, 1), ("high", 9, 0, 9, 1), ("huge", 99, 0, 1, 8)]
    try await with(try GPUWorld(nodes: 1, pools: pools)) { world in
      guard case .steps(let steps) = try await world.scale(to: 7) else {
        Issue.record("four fit")
        return
      }
      #expect(
        steps.map { $0.parameters["gpu_placement"]?["workload"]?.string } == [
          "low-0", "high-0", "high-1", "high-2",
        ])
    }
  }

  @Test func whatWasTakenMeanwhileIsNotGivenTwice() async throws {
    try await with(try GPUWorld(nodes: 1, pools: [("chat", 0, 0, 20, 4)])) { world in
      guard case .steps(let steps) = try await world.scale(to: 4) else { return }
      _ = try await world.start(4)
      var late = steps[0]
      late.target = "late-1"
      await #expect { try await world.gpus.perform(late, for: BackendContract.decision(.scaleUp)) } throws: {
        ($0 as? DSLError)?.code == .conflict
      }
      var bare = late
      bare.parameters["gpu_placement"] = nil
      await #expect { try await world.gpus.perform(bare, for: BackendContract.decision(.scaleUp)) } throws: {
        ($0 as? DSLError)?.code == .conflict
      }
      #expect(try world.places().count == 1)
    }
  }

  @Test func undoingAStartFreesItsGPUsAndTheyCanBeHadAgain() async throws {
    try await with(try GPUWorld(nodes: 1, pools: [("chat", 0, 0, 20, 4)])) { world in
      let done = try await world.start(4)
      let first = try #require(done.first)
      guard case .reverted = try await world.gpus.revert(first.step, receipt: first.receipt) else {
        Issue.record("a start can be undone")
        return
      }
      #expect(try world.places().isEmpty)
      guard case .steps = try await world.scale(to: 4) else {
        Issue.record("the GPUs are free again")
        return
      }
    }
  }

  @Test func anAgentThatStoppedDoesNotComeBackToGPUsOfAnother() async throws {
    try await with(try GPUWorld(nodes: 1, pools: [("chat", 0, 0, 20, 4)])) { world in
      let agent = try #require(try await world.start(4).first?.step.target)
      let drain = EffectStep(action: "drain_agent", target: agent, before: ["draining": false])
      let receipt = try await world.gpus.perform(drain, for: BackendContract.decision(.scaleDown))
      #expect(try world.places().count == 1, "a draining agent still has its GPUs")
      try await world.stopAgent(agent)
      #expect(try world.places().isEmpty)
      let placement = try #require(try AgentStore(world.directory).read(agent)?["gpu_placement"])
      let other = EffectStep(
        action: "start_agent", target: "other-1", parameters: ["gpu_placement": placement])
      _ = try await world.gpus.perform(other, for: BackendContract.decision(.scaleUp))
      guard case .refused(let reason) = try await world.gpus.revert(drain, receipt: receipt) else {
        Issue.record("its GPUs are another's")
        return
      }
      #expect(reason.contains("its GPUs are not free any more"))
      #expect(try world.places().keys.sorted() == ["other-1"])
    }
  }

  @Test func anAgentThatDiedWhileItDrainedHasNoGPUsAnyMore() async throws {
    try await with(try GPUWorld(nodes: 1, pools: [("chat", 0, 0, 20, 4)])) { world in
      let agent = try #require(try await world.start(4).first?.step.target)
      try AgentStore(world.directory).update(agent) { (_, record, _) throws(DSLError) in
        record.status = .active
        record.heartbeat = world.under.time.now
      }
      let drain = EffectStep(action: "drain_agent", target: agent, before: ["draining": false])
      let receipt = try await world.gpus.perform(drain, for: BackendContract.decision(.scaleDown))
      #expect(try world.places().count == 1, "a draining agent still has its GPUs")
      let record = try #require(try AgentStore(world.directory).read(agent)?.record)
      let process = ProcessIdentity(
        pid: try #require(record.pid), startTicks: UInt64(try #require(record.processStart)),
        bootID: try #require(record.bootID))
      world.under.processes.signal(process, SIGKILL)
      #expect(try world.places().isEmpty, "its record says that it drains, and will never say more")
      // Nobody has them meanwhile: undone, it is started again and has them.
      guard case .reverted = try await world.gpus.revert(drain, receipt: receipt) else {
        Issue.record("a drain can be undone")
        return
      }
      #expect(try world.places().keys.sorted() == [agent])
    }
  }

  @Test func aPoolNeverFallsBelowItsMinimum() async throws {
    try await with(try GPUWorld(pools: [("chat", 0, 1, 20, 1)])) { world in
      let agents = try await world.start(5).map(\.step.target)
      for id in agents {
        try AgentStore(world.directory).update(id) { (_, record, _) throws(DSLError) in
          record.status = .active
          record.heartbeat = world.under.time.now
          record.lastActive = world.under.time.now.adding(seconds: -10)
        }
      }
      guard case .steps(let steps) = try await world.scale(to: 0, .scaleDown) else {
        Issue.record("idle agents can go")
        return
      }
      #expect(steps.allSatisfy { $0.action == "drain_agent" })
      #expect(steps.map(\.target).prefix(2).sorted() == ["idle-1", "idle-2"], "those without GPUs go first")
      #expect(steps.count == 3, "one of the two replicas stays: \(steps)")
    }
  }

  @Test func whatIsNotKnownIsNotFree() async throws {
    try await with(try GPUWorld()) { world in
      let agent = try #require(try await world.start(4).first?.step.target)
      let file = world.directory.record(.agent, agent)
      let bytes = try world.directory.files.read(file, limit: 1 << 20)
      try world.directory.files.write(file, Array(bytes.prefix(bytes.count / 2)), exclusive: false)
      guard case .refused(let reason) = try await world.scale(to: 9) else {
        Issue.record("which GPUs are free is unknown")
        return
      }
      #expect(reason.contains("which GPUs agent \(agent) has is unknown"))
      #expect(try await world.gpus.observe().evidence.last?.status == .corrupt)
    }
  }

  @Test func aNodeThatIsGoneIsSaidAndItsRestTakesNothing() async throws {
    try await with(try GPUWorld(nodes: 1)) { world in
      _ = try await world.start(4)
      let smaller =
        "nodes: [{name: n-0, cpu: 8, memory: 8Gi, gpus: 0}, {name: m, cpu: 8, memory: 8Gi, gpus: 1, model: T4}]"
      try world.directory.files.write(
        world.directory.path + "/cluster.yaml", Array(smaller.utf8), exclusive: false)
      let seen = try #require(try await world.gpus.observe().evidence.last)
      #expect(seen.source == "gpus" && seen.status == .corrupt && seen.unreadable == 1, "\(seen)")
      guard case .steps(let steps) = try await world.scale(to: 5) else {
        Issue.record("m has a GPU")
        return
      }
      #expect(steps[0].parameters["gpu_placement"]?["bindings"]?.array?.first?["node"]?.string == "m")
      try world.directory.files.remove(world.directory.path + "/cluster.yaml")
      #expect(try await world.gpus.observe().evidence.last?.status == .missing)
    }
  }
}
