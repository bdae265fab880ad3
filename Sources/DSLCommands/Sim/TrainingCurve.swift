import ClusterSim
import ClusterSimViews

/// How the episodes of training went, a point for every hundredth part of them.
struct TrainingCurve {
  private(set) var run: TrainingRun
  private var means: TrainingMeans

  init(_ trainer: Trainer) {
    run = TrainingRun(name: "", points: [], origin: TrainingRun.Origin(trainer.configuration))
    means = TrainingMeans(trainer)
  }

  var points: [TrainingRun.Point] { run.points }

  /// Takes in the round that has just been done, and says whether that made a point.
  mutating func add(_ trainer: Trainer) -> Bool {
    guard let point = means.add(trainer) else { return false }
    run.points.append(
      TrainingRun.Point(
        episodes: point.episodes, reward: point.reward, steps: point.steps, ooms: point.ooms,
        failures: point.failures))
    return true
  }
}
