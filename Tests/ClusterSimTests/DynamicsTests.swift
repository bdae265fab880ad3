import DSLBase
import Testing

@testable import ClusterSim

@Suite struct DynamicsTests {
  /// Configurations of all sizes and presets, with every way to fail.
  static func configuration(_ random: inout SplitMix64) -> ClusterConfiguration {
    let presets = ClusterConfiguration.Preset.allCases
    var made = ClusterConfiguration(
      presets[Int.random(in: 0..<presets.count, using: &random)],
      height: Int.random(in: 1...12, using: &random), width: Int.random(in: 1...12, using: &random))
    made.maxSteps = Int.random(in: 50...300, using: &random)
    if Bool.random(using: &random) { made.budget = Double.random(in: 1...30, using: &random) }
    if Bool.random(using: &random) { made.leak = Double.random(in: 0.0001...0.0006, using: &random) }
    if Bool.random(using: &random) { made.collapseLoad = Double.random(in: 0.2...0.8, using: &random) }
    if Bool.random(using: &random) { made.panicSteps = 4 }
    return made
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func agreesWithTheReference(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<6 {
      let configuration = Self.configuration(&random)
      let (key, level) = (random.next(), Int.random(in: 0...configuration.difficultyLevels, using: &random))
      let run = try Rollout(configuration, keys: [key], level: level)
      var reference = ReferenceCluster(configuration, key: key, level: level)
      #expect(run.observation(0) == reference.observation, "seed \(seed)")
      while reference.cause == .none {
        let action = random.action()
        try run.step([action])
        let reward = reference.act(Int(action))
        let state = run.batch.state(of: 0)
        let place = "seed \(seed), \(configuration.height)x\(configuration.width), step \(reference.step)"
        try #require(run.channel(0) == reference.cells.map(\.cpu), "CPU, \(place)")
        try #require(run.channel(1) == reference.cells.map(\.memory), "memory, \(place)")
        try #require(run.observation(0) == reference.observation, "\(place)")
        try #require(run.out.rewards[0] == Float(reward) / 1000, "\(place)")
        try #require(state.cause == reference.cause && state.budget == reference.budget, "\(place)")
        try #require(state.ooms == reference.ooms, "\(place)")
      }
      #expect(run.out.terminated[0] == reference.cause.isFailure)
      #expect(run.out.truncated[0] == (reference.cause == .timeLimit))
    }
  }

  @Test(arguments: [11, 12, 13] as [UInt64])
  func staysInRange(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var causes: Set<EndCause> = []
    for _ in 0..<20 {
      let configuration = Self.configuration(&random)
      let run = try Rollout(configuration, keys: (0..<5).map { _ in random.next() })
      for _ in 0..<configuration.maxSteps {
        try run.step((0..<5).map { _ in random.action() })
        #expect(run.out.observations.allSatisfy { (0...1).contains($0) }, "seed \(seed)")
        for i in 0..<5 {
          let state = run.batch.state(of: i)
          #expect(state.budget >= 0 && state.budget <= run.batch.world.constants.budget, "seed \(seed)")
          #expect(!(run.out.terminated[i] && run.out.truncated[i]), "seed \(seed)")
          #expect((run.out.terminated[i] || run.out.truncated[i]) == (state.cause != .none), "seed \(seed)")
        }
      }
      for i in 0..<5 { causes.insert(run.batch.state(of: i).cause) }
    }
    #expect(!causes.contains(.none) && causes.count >= 3, "seed \(seed): \(causes)")
  }

  /// Each way to fail happens, by its own name.
  @Test func everyCauseHasItsName() throws {
    var calm = ClusterConfiguration(.calm)
    calm.leak = 0
    calm.hotShare = 0
    func cause(action: UInt8, _ change: (inout ClusterConfiguration) -> Void) throws -> EndCause {
      var changed = calm
      change(&changed)
      let run = try Rollout(changed, keys: [5])
      for _ in 0..<changed.maxSteps { try run.step([action]) }
      return run.batch.state(of: 0).cause
    }
    #expect(try cause(action: 0) { _ in } == .timeLimit)
    #expect(try cause(action: 0) { $0.collapseLoad = 0.05 } == .collapse)
    #expect(try cause(action: 0) { ($0.budgetRecovery, $0.bankruptcySteps) = (0, 3) } == .timeLimit)
    #expect(try cause(action: 7) { ($0.budgetRecovery, $0.bankruptcySteps) = (0, 3) } == .bankruptcy)
    #expect(try cause(action: 5) { $0.panicSteps = 3 } == .panic)
    #expect(try cause(action: 0) { ($0.leak, $0.criticalShare, $0.oomLimit) = (0.001, 0, 1) } == .oom)
    #expect(try cause(action: 0) { ($0.leak, $0.criticalShare) = (0.001, 1) } == .criticalOOM)
  }

  /// Each limit that a preset sets can be come to with its own constants.
  @Test func noLimitOfAPresetIsOutOfReach() throws {
    let storm = ClusterConfiguration(.storm)
    var causes: Set<EndCause> = []
    for key in try KeySpace.validation.keys(seed: 9, count: 40) {
      causes.insert(try BlackBox.record(storm, RandomPolicy(), name: "random", key: key).cause)
      for action in UInt8(4)...7 {
        let always = try BlackBox.record(
          storm, policy: "always", key: key, level: 0,
          actions: Array(repeating: action, count: storm.maxSteps))
        causes.insert(always.cause)
      }
    }
    #expect(causes.isSuperset(of: [.criticalOOM, .oom, .bankruptcy, .panic]), "\(causes)")
  }

  @Test func memoryOnlyRisesWithoutHelp() throws {
    let run = try Rollout(ClusterConfiguration(), keys: [3])
    var before = run.channel(1)
    while run.batch.state(of: 0).ooms == 0, run.batch.state(of: 0).cause == .none {
      try run.step([0])
      let now = run.channel(1)
      if run.batch.state(of: 0).ooms == 0 { #expect(zip(before, now).allSatisfy { $0 <= $1 }) }
      before = now
    }
    #expect(run.batch.state(of: 0).step > 5)
  }

  @Test func difficultyFollowsSkill() {
    var configuration = ClusterConfiguration()
    (configuration.difficultyLevels, configuration.difficultyRaiseAfter) = (2, 2)
    let world = World(configuration)
    defer { world.deallocate() }
    var state = EpisodeState()
    func after(_ cause: EndCause) -> (level: Int, survivals: Int) {
      state.cause = cause
      return world.nextDifficulty(after: state)
    }
    #expect(after(.timeLimit) == (0, 1))
    state.survivals = 1
    #expect(after(.timeLimit) == (1, 0))
    state.level = 2
    #expect(after(.timeLimit) == (2, 0))
    #expect(after(.collapse) == (1, 0))
    state.level = 0
    #expect(after(.criticalOOM) == (0, 0))
  }
}
