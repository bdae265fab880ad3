import ClusterSim
import DSLBase
import Glibc

/// `dsl-bench sim-table TRAININGS EPISODES`: the table of docs/simulator.md. Every training and every policy plays the same evaluation episodes.
enum SimTable {
  static func run(trainings: Int, episodes: Int) throws {
    let configuration = ClusterConfiguration()
    let keys = try KeySpace.evaluation.keys(count: 500)
    let runner = EpisodeRunner(configuration)
    puts("| policy | trainings | reward | steps survived | OOM | critical failure % |")
    puts("|---|---|---|---|---|---|")
    let fixed: [any Policy] = [RandomPolicy(), ThresholdPolicy(), HeuristicPolicy(), OraclePolicy()]
    for policy in fixed { row(policy.name, [try runner.run(policy, keys: keys)]) }
    var learners: [(String, TrainingSettings)] = [
      ("Q, survival", TrainingSettings(.survival)), ("Q, reward", TrainingSettings(.reward)),
    ]
    for view in View.allCases where view != .memory {
      var settings = TrainingSettings(.survival)
      settings.view = view
      learners.append(("Q, survival, view \(view.rawValue)", settings))
    }
    for (name, settings) in learners {
      row(
        name,
        try (0..<trainings).map { seed in
          var settings = settings
          (settings.seed, settings.episodes) = (seed, episodes)
          let trainer = try Trainer(configuration, settings)
          while !trainer.isDone { try trainer.round() }
          return try runner.run(trainer.policy, keys: keys)
        })
    }
  }

  private static func row(_ name: String, _ groups: [[EpisodeOutcome]]) {
    let s = EpisodeSummary(groups)
    let cells = [
      text(s.reward, 1), text(s.steps, 1), text(s.ooms, 2), text(s.failures, 1, scale: 100),
    ]
    puts("| \(name) | \(groups.count) | \(cells.joined(separator: " | ")) |")
    fflush(nil)
  }

  private static func text(_ e: Estimate, _ decimals: Int, scale: Double = 1) -> String {
    func number(_ x: Double) -> String {
      let unit = decimals == 1 ? 10.0 : 100.0
      return "\((x * scale * unit).rounded() / unit)"
    }
    return "\(number(e.mean)) [\(number(e.low)), \(number(e.high))]"
  }
}
