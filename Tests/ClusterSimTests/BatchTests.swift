import DSLBase
import Testing

@testable import ClusterSim

@Suite struct BatchTests {
  private static func configuration() -> ClusterConfiguration {
    var storm = ClusterConfiguration(.storm, height: 8, width: 8)
    storm.maxSteps = 120
    return storm
  }

  /// An environment's observations, rewards and flags, whatever stands beside it.
  private static func trace(_ i: Int, _ run: Rollout) -> [Float] {
    let flags: [Float] = [run.out.terminated[i] ? 1 : 0, run.out.truncated[i] ? 1 : 0]
    return run.observation(i) + [run.out.rewards[i]] + flags
  }

  @Test(arguments: Autoreset.allCases)
  func aBatchIsItsSingles(autoreset: Autoreset) throws {
    let seed: UInt64 = 21
    var random = SplitMix64(seed: seed)
    let keys = (0..<9).map { _ in random.next() }
    let actions = (0..<400).map { _ in (0..<9).map { _ in random.action() } }
    let together = try Rollout(Self.configuration(), keys: keys, autoreset: autoreset)
    let reversed = try Rollout(Self.configuration(), keys: keys.reversed(), autoreset: autoreset)
    let singles = try keys.map { try Rollout(Self.configuration(), keys: [$0], autoreset: autoreset) }
    for step in actions {
      try together.step(step)
      try reversed.step(step.reversed())
      for i in 0..<9 {
        try singles[i].step([step[i]])
        try #require(Self.trace(i, together) == Self.trace(0, singles[i]), "seed \(seed)")
        try #require(Self.trace(i, together) == Self.trace(8 - i, reversed), "seed \(seed)")
      }
    }
  }

  /// The modes tell the same story: same-step leaves out the step that next-step spends on starting anew.
  @Test func autoresetModesAgree() throws {
    var random = SplitMix64(seed: 22)
    let next = try Rollout(Self.configuration(), keys: [7], autoreset: .nextStep)
    let same = try Rollout(Self.configuration(), keys: [7], autoreset: .sameStep)
    var episodes = 0
    for _ in 0..<600 {
      let action = random.action()
      try next.step([action])
      try same.step([action])
      #expect(next.out.rewards[0] == same.out.rewards[0])
      #expect(next.out.terminated[0] == same.out.terminated[0])
      guard next.batch.state(of: 0).cause != .none else { continue }
      #expect(Array(same.final) == next.observation(0))
      #expect(same.batch.state(of: 0).lastCause == next.batch.state(of: 0).cause)
      try next.step([action])
      #expect(next.out.rewards[0] == 0 && !next.out.terminated[0] && !next.out.truncated[0])
      #expect(next.observation(0) == same.observation(0))
      #expect(next.batch.digest(of: 0) == same.batch.digest(of: 0))
      episodes += 1
    }
    #expect(episodes >= 4)
  }

  @Test func aFinishedEpisodeStandsStillUntilItIsReset() throws {
    let run = try Rollout(Self.configuration(), keys: [1, 2])
    while run.batch.state(of: 0).cause == .none { try run.step([5, 0]) }
    let (digest, seen, ended) = (run.batch.digest(of: 0), run.observation(0), run.out.terminated[0])
    try run.step([4, 0])
    #expect(run.batch.digest(of: 0) == digest && run.observation(0) == seen)
    #expect(run.out.rewards[0] == 0 && run.out.terminated[0] == ended)
    let other = run.batch.digest(of: 1)
    try [UInt64(9), 9].withUnsafeBufferPointer { keys in
      try [true, false].withUnsafeBufferPointer { mask in
        try run.batch.reset(keys: keys, mask: mask, observations: run.out.observations)
      }
    }
    #expect(run.batch.state(of: 0).key == 9 && run.batch.state(of: 0).cause == .none)
    #expect(run.batch.digest(of: 1) == other)
  }

  @Test func differentKeysDiffer() throws {
    let run = try Rollout(Self.configuration(), keys: Array(0..<100))
    #expect(Set((0..<100).map { run.observation($0) }).count == 100)
    #expect(Set((0..<100).map { run.batch.digest(of: $0) }).count == 100)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let run = try Rollout(Self.configuration(), keys: [1, 2])
    let digest = run.batch.digest(of: 0)
    #expect { try run.step([0, 8]) } throws: { "\($0)".contains("actions[1] is 8") }
    #expect { try run.step([0]) } throws: { "\($0)".contains("actions has 1 elements") }
    #expect(run.batch.digest(of: 0) == digest)
    #expect(throws: DSLError.self) { try ClusterBatch(ClusterConfiguration(), count: 0) }
    let fresh = try ClusterBatch(ClusterConfiguration(), count: 1)
    #expect { try fresh.save(0) } throws: { ($0 as? DSLError)?.code == .invalidState }
  }
}
