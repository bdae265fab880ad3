import Coordination
import DSLBase
import DecisionEngine
import Glibc

/// `dsl-bench policy NAME RUNS`: checks a policy that ships, and says how long its parts take; `ci/bench/policy.py` runs it.
enum PolicyBenchmark {
  static func run(policy: String, runs: Int) throws {
    let engine = DecisionEngine(policy: try Policy.builtIn(policy))
    var documented = CheckGrid.documented
    documented.situations = [.counts]
    documented.arrivals = []
    var situations = CheckGrid.documented
    situations.arrivals = []
    for (part, grid) in [("grid", documented), ("situations", situations), ("whole", .documented)] {
      for _ in 0..<runs {
        let time = SystemTime()
        let start = time.monotonicSeconds
        let report = PolicyCheck.run(engine, grid: grid)
        let seconds = time.monotonicSeconds - start
        puts("part=\(part) states=\(report.allStates) loops=\(report.loops) seconds=\(seconds)")
      }
    }
  }
}
