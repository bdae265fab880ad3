package import DSLBase

/// Environments that are stepped as fast as they go, to be timed by whoever has a clock: uniform random actions drawn beforehand, starting
/// anew within the step that ends an episode.
///
/// Belongs to one thread; several beside each other share nothing.
package final class StepBenchmark {
  private static let rows = 64

  package let count: Int
  private let batch: ClusterBatch
  private let out: ClusterBatch.Outputs
  private let actions: [[UInt8]]
  private var round = 0

  /// - Parameters:
  ///   - count: environments.
  ///   - seed: of the actions; the keys are those from `count · seed` on.
  /// - Throws: ``DSLError`` for a configuration or count that is not valid.
  package init(_ configuration: ClusterConfiguration, count: Int, seed: UInt64) throws(DSLError) {
    self.count = count
    batch = try ClusterBatch(configuration, count: count, autoreset: .sameStep)
    out = ClusterBatch.Outputs(
      observations: .allocate(capacity: count * ObservationLayout.count), rewards: .allocate(capacity: count),
      terminated: .allocate(capacity: count), truncated: .allocate(capacity: count))
    var random = SplitMix64(seed: seed)
    actions = (0..<Self.rows).map { _ in (0..<count).map { _ in UInt8(random.next() >> 61) } }
    let keys = (0..<UInt64(count)).map { seed &* UInt64(count) &+ $0 }
    let (batch, observations) = (batch, out.observations)
    try keys.withUnsafeBufferPointer { (keys) throws(DSLError) in
      try batch.reset(keys: keys, observations: observations)
    }
  }

  deinit {
    out.observations.deallocate()
    out.rewards.deallocate()
    out.terminated.deallocate()
    out.truncated.deallocate()
  }

  /// Steps every environment so many times.
  package func run(rounds: Int) throws(DSLError) {
    let (batch, out) = (batch, out)
    for _ in 0..<rounds {
      try actions[round % Self.rows].withUnsafeBufferPointer { (actions) throws(DSLError) in
        try batch.step(actions, into: out)
      }
      round &+= 1
    }
  }

  /// Which form of the physics this processor runs.
  package static var physics: String { CPhysics.variant }
}
