import ClusterSim
import DSLBase

/// One call: trains, and hands over what comes of it as it comes.
struct TrainingCall {
  /// What is handed over; the numbers are those of `resonetics_learner.h`.
  enum Kind: Int32 {
    case round, point, judged, blackBox, agent, result, message
  }

  /// How a call ends; the numbers are those of `resonetics_learner.h`.
  enum Code: Int32 {
    case ok = 0
    case invalid = 1
    case stale = 4
    case stopped = 7
    case failed = 8
  }

  let request: TrainingRequest
  /// Takes what is handed over, and says whether to go on.
  let hand: (Kind, [UInt8]) -> Bool

  /// - Throws: what training throws; returns `stopped` as soon as the receiver asks for it.
  func run() throws(DSLError) -> Code {
    guard let judge = request.judge else { return try trainAlone() }
    var training = try JudgedTraining(
      request.configuration, request.settings, judgeEpisodes: judge.episodes, reports: judge.reports)
    var means = TrainingMeans(training.trainer)
    var last: [EpisodeOutcome] = []
    while !training.isDone {
      try training.round()
      guard tell(training.trainer, &means) else { return .stopped }
      guard let outcomes = try training.judged() else { continue }
      last = outcomes
      guard hand(.judged, Self.text(outcomes, training.trainer)) else { return .stopped }
    }
    let snapshot = training.trainer.snapshot
    if let box = try training.firstFailure(last, snapshot, name: request.name), !hand(.blackBox, box.bytes) {
      return .stopped
    }
    return end(training.trainer, snapshot)
  }

  private func trainAlone() throws(DSLError) -> Code {
    let trainer = try Trainer(request.configuration, request.settings)
    var means = TrainingMeans(trainer)
    while !trainer.isDone {
      try trainer.round()
      guard tell(trainer, &means) else { return .stopped }
    }
    return end(trainer, trainer.snapshot)
  }

  private func tell(_ trainer: Trainer, _ means: inout TrainingMeans) -> Bool {
    guard hand(.round, []) else { return false }
    guard let point = means.add(trainer) else { return true }
    return hand(.point, point.json.serialized())
  }

  private func end(_ trainer: Trainer, _ snapshot: AgentSnapshot) -> Code {
    let result: JSONValue = [
      "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
      "configuration_sha256": .string(trainer.configuration.digest), "settings": trainer.settings.json,
      "episodes_done": .int(trainer.episodesDone), "steps_done": .int(trainer.stepsDone),
      "best_score": .optional(trainer.best?.score), "best_at_episode": .optional(trainer.best?.atEpisode),
      "values_sha256": .string(snapshot.valuesDigest),
    ]
    guard hand(.agent, snapshot.bytes), hand(.result, result.serialized()) else { return .stopped }
    return .ok
  }

  /// Of each episode its reward in 1/1000, steps, cells out of memory, and 1 where the cluster failed, in the order of the keys.
  private static func text(_ outcomes: [EpisodeOutcome], _ trainer: Trainer) -> [UInt8] {
    let rows: [JSONValue] = outcomes.map {
      [.int($0.reward), .int($0.steps), .int($0.ooms), .int($0.cause.isFailure ? 1 : 0)]
    }
    let object: JSONValue = [
      "episodes_done": .int(trainer.episodesDone), "steps_done": .int(trainer.stepsDone),
      "rows": .array(rows),
    ]
    return object.serialized()
  }
}
