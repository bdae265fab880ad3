package import DSLBase

/// A training that is judged on the way: what a trial of a study is, whoever searches.
///
/// Its parts follow one another: ``round()``, and after each ``judged()``, which plays the validation episodes where a report is due.
package struct JudgedTraining {
  /// The seed of the validation episodes that judge. The learner's own checkpoints play those of seed 0.
  package static let judgeSeed = 1

  package let trainer: Trainer
  private let keys: [UInt64]
  private let reports: Int
  private var next = 1

  /// - Parameters:
  ///   - judgeEpisodes: validation episodes of each report.
  ///   - reports: how often the training is judged, evenly, the last time at its end; at most once a round.
  /// - Throws: ``DSLError`` with code `invalid_input` that names the setting, the constant or the number.
  package init(
    _ configuration: ClusterConfiguration, _ settings: TrainingSettings, judgeEpisodes: Int, reports: Int
  ) throws(DSLError) {
    guard (1...100_000).contains(judgeEpisodes), (1...100_000).contains(reports) else {
      throw DSLError(
        .invalidInput, "\(reports) reports of \(judgeEpisodes) episodes", fix: "give 1 to 100000 of each")
    }
    trainer = try Trainer(configuration, settings)
    keys = try KeySpace.validation.keys(seed: Self.judgeSeed, count: judgeEpisodes)
    self.reports = reports
  }

  package var isDone: Bool { trainer.isDone }

  /// One round of training.
  ///
  /// - Throws: as ``Trainer/round()``.
  package mutating func round() throws(DSLError) { try trainer.round() }

  /// What came of the validation episodes, where a report is due after the round that has just been done.
  ///
  /// - Throws: as ``EpisodeRunner/run(_:keys:level:)``.
  package mutating func judged() throws(DSLError) -> [EpisodeOutcome]? {
    guard isDone || trainer.episodesDone * reports >= next * trainer.settings.episodes else { return nil }
    next += 1
    return try EpisodeRunner(trainer.configuration).run(trainer.policy, keys: keys)
  }

  /// The black box of the failure that came first in its episode, of equal ones the first; `nil` where no episode failed.
  ///
  /// - Parameters:
  ///   - outcomes: the last that were judged.
  ///   - snapshot: of the trainer since then.
  ///   - name: what the agent is called in the black box.
  /// - Throws: as ``BlackBox/record(_:_:name:policyDigest:key:level:)``.
  package func firstFailure(
    _ outcomes: [EpisodeOutcome], _ snapshot: AgentSnapshot, name: String
  ) throws(DSLError) -> BlackBox? {
    var first: EpisodeOutcome?
    for outcome in outcomes where outcome.cause.isFailure && outcome.steps < first?.steps ?? .max {
      first = outcome
    }
    guard let first else { return nil }
    return try BlackBox.record(
      trainer.configuration, snapshot.policy(name: name), name: name, policyDigest: snapshot.valuesDigest,
      key: first.key)
  }
}
