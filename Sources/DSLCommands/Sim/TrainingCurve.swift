import ClusterSim
import DSLBase

/// How the episodes of training went, a point for every hundredth part of them.
struct TrainingCurve {
  /// Means over the episodes since the point before.
  struct Point {
    var episodes: Int
    var reward, steps, ooms, failures: Double

    var json: JSONValue {
      [
        "episodes": .int(episodes), "reward": .double(reward), "steps": .double(steps), "ooms": .double(ooms),
        "failures": .double(failures),
      ]
    }
  }

  private(set) var points: [Point] = []
  private let every: Int
  private var open: [EpisodeOutcome] = []

  init(_ trainer: Trainer) { every = max(Trainer.lanes, trainer.settings.episodes / 100) }

  /// Takes in the round that has just been done.
  mutating func add(_ trainer: Trainer) {
    open += trainer.lastRound
    guard open.count >= every || trainer.isDone else { return }
    let count = Double(open.count)
    func mean(_ value: (EpisodeOutcome) -> Double) -> Double {
      (open.reduce(0) { $0 + value($1) } / count * 1000).rounded() / 1000
    }
    points.append(
      Point(
        episodes: trainer.episodesDone, reward: mean { Double($0.reward) / 1000 },
        steps: mean { Double($0.steps) },
        ooms: mean { Double($0.ooms) }, failures: mean { $0.cause.isFailure ? 1 : 0 }))
    open.removeAll(keepingCapacity: true)
  }

  var csv: String {
    points.reduce("episodes,reward,steps,ooms,failures\n") {
      $0 + "\($1.episodes),\($1.reward),\($1.steps),\($1.ooms),\($1.failures)\n"
    }
  }
}
