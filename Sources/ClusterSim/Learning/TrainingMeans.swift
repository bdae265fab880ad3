package import DSLBase

/// How the episodes of training go, with exploration: their means for every hundredth part of them.
package struct TrainingMeans {
  /// Means over the episodes since the point before.
  package struct Point: Sendable, Hashable {
    /// Episodes done.
    package var episodes: Int
    /// Points, steps survived, cells out of memory, and the share of failures, to three decimals.
    package var reward, steps, ooms, failures: Double

    package var json: JSONValue {
      [
        "episodes": .int(episodes), "reward": .double(reward), "steps": .double(steps), "ooms": .double(ooms),
        "failures": .double(failures),
      ]
    }
  }

  private let every: Int
  private var open: [EpisodeOutcome] = []

  package init(_ trainer: Trainer) { every = max(Trainer.lanes, trainer.settings.episodes / 100) }

  /// Takes in the round that has just been done, and returns the point that it made, if it made one.
  package mutating func add(_ trainer: Trainer) -> Point? {
    open += trainer.lastRound
    guard open.count >= every || trainer.isDone else { return nil }
    let count = Double(open.count)
    func mean(_ value: (EpisodeOutcome) -> Double) -> Double {
      (open.reduce(0) { $0 + value($1) } / count * 1000).rounded() / 1000
    }
    defer { open.removeAll(keepingCapacity: true) }
    return Point(
      episodes: trainer.episodesDone, reward: mean { Double($0.reward) / 1000 },
      steps: mean { Double($0.steps) }, ooms: mean { Double($0.ooms) },
      failures: mean { $0.cause.isFailure ? 1 : 0 })
  }
}
