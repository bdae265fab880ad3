import DSLBase
import Testing

@testable import ClusterSim

@Suite struct SnapshotTests {
  @Test(arguments: [31, 32, 33] as [UInt64])
  func continuesAfterRestoreAndFork(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let configuration = DynamicsTests.configuration(&random)
    let run = try Rollout(configuration, keys: [random.next(), random.next(), 3], autoreset: .sameStep)
    for _ in 0..<Int.random(in: 0...80, using: &random) { try run.step((0..<3).map { _ in random.action() }) }
    let saved = try run.batch.save(0)
    let other = try Rollout(configuration, keys: [99], autoreset: .sameStep)
    try other.batch.restore(0, from: saved, observation: other.out.observations)
    try run.batch.fork(0, to: 2)
    for _ in 0..<300 {
      let action = random.action()
      try run.step([action, 0, action])
      try other.step([action])
      try #require(run.observation(0) == other.observation(0), "seed \(seed)")
      try #require(run.batch.digest(of: 0) == other.batch.digest(of: 0), "seed \(seed)")
      try #require(run.batch.digest(of: 0) == run.batch.digest(of: 2), "seed \(seed)")
      try #require(run.out.rewards[0] == other.out.rewards[0], "seed \(seed)")
    }
  }

  @Test func aForkCanHaveItsOwnNoise() throws {
    let run = try Rollout(ClusterConfiguration(), keys: [1, 2])
    try run.batch.fork(0, to: 1, noiseKey: 77)
    #expect(run.channel(1, of: 0) == run.channel(1, of: 1))
    try run.step([0, 0])
    #expect(run.channel(1, of: 0) != run.channel(1, of: 1))
  }

  /// Every byte of a state counts, and no length but its own is taken.
  @Test func refusesWhatIsCutOrChanged() throws {
    let run = try Rollout(ClusterConfiguration(.canonical, height: 2, width: 2), keys: [1])
    let saved = try run.batch.save(0)
    let digest = run.batch.digest(of: 0)
    for i in saved.indices {
      var changed = saved
      changed[i] ^= 0x10
      #expect(throws: DSLError.self, "byte \(i)") { try run.batch.restore(0, from: changed) }
      #expect(throws: DSLError.self, "length \(i)") { try run.batch.restore(0, from: Array(saved[..<i])) }
    }
    #expect(run.batch.digest(of: 0) == digest)
    let other = try Rollout(ClusterConfiguration(.calm, height: 2, width: 2), keys: [1])
    #expect { try other.batch.restore(0, from: saved) } throws: { "\($0)".contains("another configuration") }
  }
}
