import ClusterSim
import DSLBase
import Glibc

/// `dsl-bench sim`: environment steps a second on one core, 8×8 cells, 35 floats, uniform random actions drawn beforehand,
/// starting anew within the step that ends an episode; processor time of the thread, the best of five.
enum SimBenchmark {
  static func run() throws {
    for count in [1, 16, 256, 1024, 16384] {
      let seconds = try measure(count: count, rounds: 2_000_000 / count)
      puts("environments=\(count) ns_per_step=\(seconds * 1e9) million_steps_per_s=\(1e-6 / seconds)")
    }
  }

  private static func measure(count: Int, rounds: Int) throws -> Double {
    let batch = try ClusterBatch(
      ClusterConfiguration(.canonical, height: 8, width: 8), count: count, autoreset: .sameStep)
    let out = ClusterBatch.Outputs(
      observations: .allocate(capacity: count * ObservationLayout.count), rewards: .allocate(capacity: count),
      terminated: .allocate(capacity: count), truncated: .allocate(capacity: count))
    defer {
      out.observations.deallocate()
      out.rewards.deallocate()
      out.terminated.deallocate()
      out.truncated.deallocate()
    }
    var random = SplitMix64(seed: 1)
    let actions = (0..<64).map { _ in (0..<count).map { _ in UInt8(random.next() >> 61) } }
    try (0..<UInt64(count)).map { $0 }.withUnsafeBufferPointer {
      try batch.reset(keys: $0, observations: out.observations)
    }
    var best = Double.infinity
    for _ in 0..<5 {
      let start = processorSeconds()
      for round in 0..<rounds {
        try actions[round & 63].withUnsafeBufferPointer { try batch.step($0, into: out) }
      }
      best = min(best, (processorSeconds() - start) / Double(rounds * count))
    }
    return best
  }

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
