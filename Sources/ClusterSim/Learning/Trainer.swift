package import DSLBase

/// Q-learning over episodes that are stepped side by side.
///
/// Training goes in rounds of ``lanes`` episodes that begin together; all schedules follow the episodes done. So between two rounds the state of
/// training is small, and going on from it gives the same bits as never having stopped.
package final class Trainer {
  /// Episodes of a round.
  package static let lanes = 64

  /// How a lane's difficulty goes on from round to round.
  struct Difficulty: Sendable, Hashable {
    var level = 0
    var survivals = 0
  }

  /// The values that did best on validation episodes so far.
  package struct Best: Sendable {
    package var score: Double
    package var atEpisode: Int
    var values: [Float]
  }

  package let settings: TrainingSettings
  package let configuration: ClusterConfiguration
  package internal(set) var episodesDone = 0
  package internal(set) var stepsDone = 0
  package internal(set) var best: Best?
  var difficulties = [Difficulty](repeating: Difficulty(), count: lanes)
  let values: ActionValues
  let table: EpisodeTable
  let memory: LaneMemory
  let now: UnsafeMutablePointer<Int32>
  var reader: FeatureReader

  /// A learner that knows nothing.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` that names the setting or the constant.
  package init(_ configuration: ClusterConfiguration, _ settings: TrainingSettings) throws(DSLError) {
    try settings.validate()
    (self.configuration, self.settings) = (configuration, settings)
    let coder = FeatureCoder(
      settings.approximation, settings.view, height: configuration.height, width: configuration.width)
    values = ActionValues(coder, sets: settings.doubleQ ? 2 : 1)
    reader = FeatureReader(
      settings.view, height: configuration.height, width: configuration.width, environments: Self.lanes)
    memory = LaneMemory(lanes: Self.lanes, n: settings.nSteps, active: coder.active)
    now = .allocate(capacity: coder.active)
    now.initialize(repeating: 0, count: coder.active)
    table = try EpisodeTable(configuration, keys: Array(repeating: 0, count: Self.lanes))
  }

  deinit { now.deallocate() }

  /// Whether all episodes are done.
  package var isDone: Bool { episodesDone >= settings.episodes }
  /// How the episodes of the last round went, with exploration.
  package var lastRound: [EpisodeOutcome] { (0..<Self.lanes).map { table.outcome($0) } }
  /// Rounds in all.
  private var rounds: Int { (settings.episodes + Self.lanes - 1) / Self.lanes }

  /// What was learned, as a policy: the best on validation episodes, or before the first checkpoint the averages.
  package var policy: LearnedPolicy { policy(best?.values ?? values.averages) }

  private func policy(_ values: [Float]) -> LearnedPolicy {
    LearnedPolicy(
      self.values.coder, settings.view, height: configuration.height, width: configuration.width,
      values: values)
  }

  /// Does one round, and judges the values where a checkpoint is due.
  ///
  /// - Throws: ``DSLError`` with code `invalid_state` when all is done, or when the values have run away.
  package func round() throws(DSLError) {
    guard !isDone else {
      throw DSLError(.invalidState, "training is done", fix: "train anew with more episodes")
    }
    let keys = try KeySpace.training.keys(seed: settings.seed, from: episodesDone, count: Self.lanes)
    play(keys, Schedule(settings, episodesDone: episodesDone, active: values.coder.active, table.batch.world))
    episodesDone += Self.lanes
    values.average(share: Float(min(1, 1 / max(1, settings.averageShare * Double(rounds)))))
    if isCheckpoint { try judge() }
  }

  /// The checkpoints lie evenly in the second half, the last one at the end.
  private var isCheckpoint: Bool {
    if isDone { return true }
    let done = episodesDone / Self.lanes
    guard settings.checkpoints > 0, 2 * done > rounds else { return false }
    func passed(_ round: Int) -> Int { (2 * round - rounds) * settings.checkpoints / rounds }
    return passed(done) > passed(done - 1)
  }

  private func judge() throws(DSLError) {
    guard values.isFinite else {
      throw DSLError(
        .invalidState, "the values have run away after \(episodesDone) episodes",
        fix: "lower step_size_start or discount")
    }
    let averages = values.averages
    guard settings.checkpoints > 0 else {
      best = Best(score: 0, atEpisode: episodesDone, values: averages)
      return
    }
    let keys = try KeySpace.validation.keys(count: settings.validationEpisodes)
    let score = settings.objective.score(
      try EpisodeRunner(configuration).run(policy(averages), keys: keys))
    if score > best?.score ?? -.infinity {
      best = Best(score: score, atEpisode: episodesDone, values: averages)
    }
  }
}

extension Objective {
  /// How good episodes are: the mean reward in points, or steps − 200·failures − 20·OOMs + reward/10, means all.
  package func score(_ outcomes: [EpisodeOutcome]) -> Double {
    let count = Double(max(outcomes.count, 1))
    let reward = Double(outcomes.reduce(0) { $0 + $1.reward }) / 1000 / count
    guard self == .survival else { return reward }
    let steps = Double(outcomes.reduce(0) { $0 + $1.steps }) / count
    let ooms = Double(outcomes.reduce(0) { $0 + $1.ooms }) / count
    let failures = Double(outcomes.count { $0.cause.isFailure }) / count
    return steps - 200 * failures - 20 * ooms + reward / 10
  }
}
