import DSLBase
import Testing

@testable import ClusterSim

/// A batch with buffers of its own, for tests.
final class Rollout {
  let batch: ClusterBatch
  let out: ClusterBatch.Outputs
  let final: UnsafeMutableBufferPointer<Float>

  init(
    _ configuration: ClusterConfiguration, keys: [UInt64], autoreset: Autoreset = .disabled, level: Int = 0
  ) throws {
    let n = keys.count
    batch = try ClusterBatch(configuration, count: n, autoreset: autoreset)
    final = .allocate(capacity: n * 35)
    final.initialize(repeating: -1)
    out = ClusterBatch.Outputs(
      observations: .allocate(capacity: n * 35), rewards: .allocate(capacity: n),
      terminated: .allocate(capacity: n), truncated: .allocate(capacity: n), finalObservations: final)
    out.observations.initialize(repeating: -1)
    out.rewards.initialize(repeating: 0)
    out.terminated.initialize(repeating: false)
    out.truncated.initialize(repeating: false)
    try keys.withUnsafeBufferPointer {
      try batch.reset(keys: $0, level: level, observations: out.observations)
    }
  }

  deinit {
    out.observations.deallocate()
    out.rewards.deallocate()
    out.terminated.deallocate()
    out.truncated.deallocate()
    final.deallocate()
  }

  func step(_ actions: [UInt8]) throws {
    try actions.withUnsafeBufferPointer { try batch.step($0, into: out) }
  }

  func observation(_ i: Int) -> [Float] { Array(out.observations[i * 35..<(i + 1) * 35]) }

  /// All cells of a channel.
  func channel(_ channel: Int, of i: Int = 0) -> [Int] {
    (0..<batch.world.constants.cells).map {
      Int(batch.slab[i * batch.stride + channel * batch.world.constants.padded + $0])
    }
  }
}

extension SplitMix64 {
  /// An action.
  mutating func action() -> UInt8 { UInt8(next() >> 61) }
}
