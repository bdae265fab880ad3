import ClusterSim
import ClusterSimViews

/// How the episodes of training went, a point for every hundredth part of them.
struct TrainingCurve {
  private(set) var run = TrainingRun(name: "", points: [])
  private let every: Int
  private var open: [EpisodeOutcome] = []

  init(_ trainer: Trainer) { every = max(Trainer.lanes, trainer.settings.episodes / 100) }

  var points: [TrainingRun.Point] { run.points }

  /// Takes in the round that has just been done, and says whether that made a point.
  mutating func add(_ trainer: Trainer) -> Bool {
    open += trainer.lastRound
    guard open.count >= every || trainer.isDone else { return false }
    let count = Double(open.count)
    func mean(_ value: (EpisodeOutcome) -> Double) -> Double {
      (open.reduce(0) { $0 + value($1) } / count * 1000).rounded() / 1000
    }
    run.points.append(
      TrainingRun.Point(
        episodes: trainer.episodesDone, reward: mean { Double($0.reward) / 1000 },
        steps: mean { Double($0.steps) },
        ooms: mean { Double($0.ooms) }, failures: mean { $0.cause.isFailure ? 1 : 0 }))
    open.removeAll(keepingCapacity: true)
    return true
  }
}
