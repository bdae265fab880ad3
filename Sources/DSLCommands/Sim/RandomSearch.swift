import ClusterSim
import DSLBase

/// Tuning without Python: settings drawn at random from the same space, trained and judged as `python -m resonetics.tune` does it, and written
/// down in the same format. It learns nothing from trials that are over, and ends none before its time but those whose values run away.
struct RandomSearch {
  /// How often a trial is judged.
  private static let reports = 8
  private static let judgeEpisodes = 256

  let configuration: ClusterConfiguration
  let episodes: Int
  let trials: Int
  let workers: Int
  let seed: Int
  let file: StudyFile
  let writer: TuningStudy.Writer
  let time: any TimeSource

  /// Tries what is left of the study.
  ///
  /// - Returns: how many trials of dead processes were recovered.
  /// - Throws: what training and writing throw; ``CancellationError`` when `stop` is set, with what was begun marked as failed.
  func run(_ stop: StopFlag, _ ended: @escaping @Sendable (Int) -> Void) async throws -> Int {
    let lost = try await file.append { study in
      let lost = study.trials.filter { $0.state == .running }
      if let difference = study.difference(from: notes) {
        throw DSLError(
          .conflict, "\(file.path) is of something else: \(difference)", fix: "give another --study")
      }
      var attributes = notes
      (attributes["sampler"], attributes["pruner"]) = ("dsl-random", "none")
      var lines = writer.create(study, attributes: attributes)
      for trial in lost { lines += writer.end(trial.id, .failed, at: time.now) }
      return (lost, lines)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<workers {
        // What was begun and lost is tried again, each by one worker.
        let again = lost.enumerated().filter { $0.offset % workers == worker }.map(\.element.parameters)
        group.addTask { try await work(again, stop, ended) }
      }
      try await group.waitForAll()
    }
    return lost.count
  }

  /// What values of the study are of; `resonetics.tune` notes and compares the same.
  private var notes: JSONObject {
    [
      "configuration_sha256": .string(configuration.digest),
      "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
      "size": .string("\(configuration.height)x\(configuration.width)"), "objective": "survival",
      "episodes": .int(episodes), "seed": 0, "judge_episodes": .int(Self.judgeEpisodes),
    ]
  }

  private func work(
    _ again: [[String: Double]], _ stop: StopFlag, _ ended: @Sendable (Int) -> Void
  ) async throws {
    var again = again.filter { $0.count == SearchSpace.settings.count }
    while let trial = try await begin(&again) {
      do {
        let (value, attributes) = try await attempt(trial.id, trial.parameters, stop)
        let done = try await file.append { study in
          let lines = writer.end(trial.id, .complete, value: value, attributes: attributes, at: time.now)
          return (study.count(.complete) + study.count(.pruned) + 1, lines)
        }
        ended(done)
      } catch let error as DSLError where error.code == .invalidState {
        // The values ran away: nothing is wrong but the settings.
        let done = try await file.append { study in
          let lines = writer.end(
            trial.id, .pruned, attributes: ["error": .string(error.message)], at: time.now)
          return (study.count(.complete) + study.count(.pruned) + 1, lines)
        }
        ended(done)
      } catch {
        _ = try? await file.append { _ in ((), writer.end(trial.id, .failed, at: time.now)) }
        throw error
      }
    }
  }

  private struct Begun: Sendable {
    var id: Int
    var parameters: [String: Double]
  }

  /// The next trial, where one is left: trials that are over or under way count.
  private func begin(_ again: inout [[String: Double]]) async throws -> Begun? {
    let lost = again.popLast()
    return try await file.append { study in
      let count = study.count(.complete) + study.count(.pruned) + study.count(.running)
      guard count < trials else { return (nil, []) }
      let parameters = lost ?? SearchSpace.draw(seed: UInt64(seed), trial: study.trials.count)
      let (id, lines) = writer.begin(study, parameters, at: time.now)
      return (Begun(id: id, parameters: parameters), lines)
    }
  }

  /// A training that is judged on the way.
  private func attempt(
    _ id: Int, _ parameters: [String: Double], _ stop: StopFlag
  ) async throws -> (Double, JSONObject) {
    var object: JSONObject = ["episodes": .int(episodes), "checkpoints": 0]
    for entry in SearchSpace.settings { object[entry.name] = entry.json(parameters[entry.name] ?? entry.low) }
    var training = try JudgedTraining(
      configuration, try TrainingSettings(json: .object(object)), judgeEpisodes: Self.judgeEpisodes,
      reports: Self.reports)
    let trainer = training.trainer
    while true {
      guard !stop.isSet else { throw CancellationError() }
      try training.round()
      await Task.yield()
      guard let outcomes = try training.judged() else { continue }
      let value = Objective.survival.score(outcomes)
      let step = trainer.episodesDone
      try await file.append { _ in ((), writer.report(id, value, step: step)) }
      guard training.isDone else { continue }
      let summary = EpisodeSummary([outcomes])
      return (
        value,
        [
          "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
          "configuration_sha256": .string(configuration.digest), "settings": trainer.settings.json,
          "values_sha256": .string(trainer.snapshot.valuesDigest),
          "validation": [
            "reward": summary.reward.json, "steps": summary.steps.json, "ooms": summary.ooms.json,
            "failures": summary.failures.json,
          ],
        ]
      )
    }
  }
}
