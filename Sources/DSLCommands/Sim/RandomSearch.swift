import ClusterSim
import ClusterSimViews
import DSLBase

/// Tuning without Python: settings drawn at random from the same space, trained and judged as `python -m resonetics.tune` does it, and written
/// down in the same format, with the same files attached. It learns nothing from trials that are over, and ends none before its time but those
/// whose values run away.
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
  let artifacts: StudyArtifacts
  let writer: TuningStudy.Writer
  let time: any TimeSource

  /// Tries what is left of the study.
  ///
  /// - Returns: how many trials of dead processes were recovered.
  /// - Throws: what training and writing throw; ``CancellationError`` when `stop` is set, with what was begun marked as failed.
  func run(_ stop: StopFlag, _ ended: @escaping @Sendable (Int) -> Void) async throws -> Int {
    let (lost, complete) = try await file.append { study in
      let lost = study.trials.filter { $0.state == .running }
      if let difference = study.difference(from: notes) {
        throw DSLError(
          .conflict, "\(file.path) is of something else: \(difference)", fix: "give another --study")
      }
      var attributes = notes
      (attributes["sampler"], attributes["pruner"]) = ("dsl-random", "none")
      var lines = writer.create(study, attributes: attributes)
      for trial in lost { lines += writer.end(trial.id, .failed, at: time.now) }
      return ((lost, study.count(.complete)), lines)
    }
    // What cannot be written is said before hours of training.
    try artifacts.prepare(at: time.now)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<workers {
        // What was begun and lost is tried again, each by one worker.
        let again = lost.enumerated().filter { $0.offset % workers == worker }.map(\.element.parameters)
        group.addTask { try await work(again, stop, ended) }
      }
      // The first error ends the others.
      while try await group.next() != nil {}
    }
    try await conclude(before: complete)
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
        ended(try await complete(trial, attempt(trial, stop)))
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
    /// Within the study.
    var number: Int
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
      return (Begun(id: id, number: study.trials.count, parameters: parameters), lines)
    }
  }

  /// What came of a trial.
  private struct Trained {
    var value: Double
    var attributes: JSONObject
    var report: TrialReport
    /// The file of what was learned.
    var agent: [UInt8]
  }

  /// A training that is judged on the way.
  private func attempt(_ trial: Begun, _ stop: StopFlag) async throws -> Trained {
    var object: JSONObject = ["episodes": .int(episodes), "checkpoints": 0]
    for entry in SearchSpace.settings {
      object[entry.name] = entry.json(trial.parameters[entry.name] ?? entry.low)
    }
    var training = try JudgedTraining(
      configuration, try TrainingSettings(json: .object(object)), judgeEpisodes: Self.judgeEpisodes,
      reports: Self.reports)
    let trainer = training.trainer
    var curve = TrainingCurve(trainer)
    var judged: [(episodes: Int, value: Double)] = []
    while true {
      guard !stop.isSet, !Task.isCancelled else { throw CancellationError() }
      try training.round()
      _ = curve.add(trainer)
      await Task.yield()
      guard let outcomes = try training.judged() else { continue }
      judged.append((trainer.episodesDone, Objective.survival.score(outcomes)))
      let last = judged[judged.count - 1]
      try await file.append { _ in ((), writer.report(trial.id, last.value, step: last.episodes)) }
      guard training.isDone else { continue }
      let (snapshot, summary) = (trainer.snapshot, EpisodeSummary([outcomes]))
      let name = TrialReport.agentName(trial.number)
      return Trained(
        value: last.value, attributes: attributes(trainer, snapshot, summary),
        report: TrialReport(
          number: trial.number, judged: judged, training: curve.run, summary: summary,
          blackBox: try training.firstFailure(outcomes, snapshot, name: name)),
        agent: snapshot.bytes)
    }
  }

  private func attributes(
    _ trainer: Trainer, _ snapshot: AgentSnapshot, _ summary: EpisodeSummary
  ) -> JSONObject {
    [
      "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
      "configuration_sha256": .string(configuration.digest), "settings": trainer.settings.json,
      "values_sha256": .string(snapshot.valuesDigest),
      "validation": [
        "reward": summary.reward.json, "steps": summary.steps.json, "ooms": summary.ooms.json,
        "failures": summary.failures.json,
      ],
    ]
  }

  /// Writes down what a trial came to: the files first, then in one go what names them and, behind that, its end, after which nothing of
  /// it can be changed.
  ///
  /// - Returns: how many trials are over.
  private func complete(_ trial: Begun, _ trained: Trained) async throws -> Int {
    let attachments = attachments(trained.report.files, .trial(trial.number))
    try artifacts.keep(TrialReport.agentName(trial.number), trained.agent)
    try artifacts.put(attachments)
    return try await file.append { study in
      let lines =
        writer.attach(attachments, toTrial: trial.id)
        + writer.note(trained.report.note, onTrial: trial.id, of: study)
        + writer.end(trial.id, .complete, value: trained.value, attributes: trained.attributes, at: time.now)
      return (study.count(.complete) + study.count(.pruned) + 1, lines)
    }
  }

  /// Attaches to the study what came of its trials, where that is not yet done: also where the call before was killed as it was to do it.
  ///
  /// - Parameter before: trials that were complete when this call began.
  private func conclude(before: Int) async throws {
    let study = try file.study()
    guard let journal = study.study, let report = StudyReport(journal) else { return }
    let attachments = attachments(report.files, .study)
    guard let table = attachments.last else { return }
    let isStale = study.has(table) ? !artifacts.holds(table) : !study.hasAttachment(named: table.name)
    guard isStale || study.count(.complete) > before else { return }
    // The table comes last: where it is new, the others are.
    for part in [attachments.dropLast(), attachments.suffix(1)] {
      try artifacts.put(Array(part))
      try await file.append { study in
        ((), writer.attach(Array(part), to: study) + writer.note(report.note, onTrial: nil, of: study))
      }
    }
  }

  private func attachments(
    _ files: [(name: String, content: [UInt8])], _ owner: StudyAttachment.Owner
  ) -> [StudyAttachment] {
    files.map { StudyAttachment($0.name, $0.content, of: owner, study: StudyFile.name, seed: seed) }
  }
}
