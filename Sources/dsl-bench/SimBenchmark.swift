import ClusterSim
import Glibc

/// `dsl-bench sim`: environment steps a second on one core, 8×8 cells, 35 floats; processor time of the thread, the best of five. `dsl sim
/// bench` prints the same of any cluster, and of several threads by the clock.
enum SimBenchmark {
  static func run() throws {
    for count in [1, 16, 256, 1024, 16384] {
      let seconds = try measure(count: count, rounds: 2_000_000 / count)
      puts("environments=\(count) ns_per_step=\(seconds * 1e9) million_steps_per_s=\(1e-6 / seconds)")
    }
  }

  private static func measure(count: Int, rounds: Int) throws -> Double {
    let course = try StepBenchmark(
      ClusterConfiguration(.canonical, height: 8, width: 8), count: count, seed: 1)
    var best = Double.infinity
    for _ in 0..<5 {
      let start = processorSeconds()
      try course.run(rounds: rounds)
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
