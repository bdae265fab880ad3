import DSLBase
import Testing

@testable import ClusterSim

@Suite struct ReplayTests {
  private static func record(_ configuration: ClusterConfiguration) throws -> EpisodeRecord {
    var random = SplitMix64(seed: 41)
    return try EpisodeRecord.record(configuration, key: 12) { _ in random.action() }
  }

  @Test func anEpisodeIsItsKeyAndActions() throws {
    let configuration = ClusterConfiguration()
    let record = try Self.record(configuration)
    #expect(record.actions.count > 20)
    #expect(try record.replay(configuration) == .same(steps: record.actions.count))
  }

  @Test func namesTheFirstStepThatDiffers() throws {
    let configuration = ClusterConfiguration()
    var record = try Self.record(configuration)
    record.actions[17] = record.actions[17] == 0 ? 1 : 0
    #expect(try record.replay(configuration) == .diverged(step: 18))
    record.digests[9] ^= 1
    #expect(try record.replay(configuration) == .diverged(step: 9))
    record.key += 1
    #expect(try record.replay(configuration) == .diverged(step: 0))
  }

  @Test func refusesOtherRules() throws {
    let configuration = ClusterConfiguration()
    var record = try Self.record(configuration)
    #expect { try record.replay(ClusterConfiguration(.calm)) } throws: {
      "\($0)".contains("of the configuration")
    }
    record.actions.append(0)
    #expect { try record.replay(configuration) } throws: { "\($0)".contains("digests has") }
    record.digests.append(0)
    #expect { try record.replay(configuration) } throws: { "\($0)".contains("after its end") }
    record.dynamicsVersion += 1
    #expect { try record.replay(configuration) } throws: { "\($0)".contains("follows dynamics 2") }
  }

  /// The bits of one episode, so that a change of the rules without a new version is seen.
  @Test func theDynamicsOfThisVersionAreThese() throws {
    let record = try Self.record(ClusterConfiguration())
    #expect(ClusterConfiguration.dynamicsVersion == 1)
    #expect(record.actions.count == 500)
    #expect(record.digests.last == 15_794_133_464_614_223_064)
    #expect(record.configurationDigest == "a558886c09d647d6295f6fe6139b182f918fee3eecb86c47194ad8cc3e2a138e")
  }
}
