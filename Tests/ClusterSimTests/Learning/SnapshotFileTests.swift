import DSLBase
import Testing

@testable import ClusterSim

@Suite struct SnapshotFileTests {
  private static func trained(done: Bool) throws -> Trainer {
    var settings = TrainerTests.settings(.globals, .table, doubleQ: false)
    settings.episodes = 256
    let trainer = try Trainer(ClusterConfiguration(.canonical, height: 2, width: 2), settings)
    repeat { try trainer.round() } while done && !trainer.isDone
    return trainer
  }

  @Test func theFirstLineSaysWhatItIs() throws {
    let snapshot = try Self.trained(done: true).snapshot
    let line = snapshot.bytes.prefix { $0 != 0x0A }
    let header = try JSONParser.parse(Array(line))
    #expect(header["format"]?.string == "resonetics.agent/1")
    #expect(header["configuration_sha256"]?.string == snapshot.configuration.digest)
    #expect(header["episodes_done"]?.int == 256)
  }

  @Test func aPolicySurvivesTheFile() throws {
    let trainer = try Self.trained(done: true)
    let read = try AgentSnapshot(trainer.snapshot.bytes, name: "a")
    let keys = try KeySpace.validation.keys(count: 5)
    let runner = EpisodeRunner(trainer.configuration)
    #expect(try runner.run(read.policy(), keys: keys) == runner.run(trainer.policy, keys: keys))
    #expect(read.valuesDigest == trainer.snapshot.valuesDigest)
    #expect { try Trainer(resuming: read) } throws: { ($0 as? DSLError)?.code == .invalidState }
  }

  /// No byte can change unnoticed, and no length but its own is taken.
  @Test func refusesWhatIsCutOrChanged() throws {
    let seed: UInt64 = 61
    var random = SplitMix64(seed: seed)
    let bytes = try Self.trained(done: false).snapshot.bytes
    for _ in 0..<40 {
      var changed = bytes
      let at = Int.random(in: bytes.indices, using: &random)
      changed[at] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
      #expect(throws: DSLError.self, "byte \(at), seed \(seed)") { try AgentSnapshot(changed, name: "a") }
      #expect(throws: DSLError.self, "length \(at), seed \(seed)") {
        try AgentSnapshot(Array(bytes[..<at]), name: "a")
      }
    }
    #expect { try AgentSnapshot([], name: "x.rns") } throws: { "\($0)".contains("x.rns is no snapshot") }
  }

  /// What is signed well but does not fit together is refused before a value is read.
  @Test func refusesArraysOfAnotherLength() throws {
    var snapshot = try Self.trained(done: true).snapshot
    snapshot.arrays[0].values.removeLast()
    #expect { try AgentSnapshot(snapshot.bytes, name: "a") } throws: { "\($0)".contains("does not hold") }
    snapshot.arrays = []
    #expect { try AgentSnapshot(snapshot.bytes, name: "a") } throws: { "\($0)".contains("does not hold") }
  }
}
