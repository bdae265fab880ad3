import ArgumentParser
import ClusterSim
import ClusterSimViews
import Coordination
import DSLBase
import Glibc
import Synchronization

/// `dsl sim train`: Q-learning.
struct SimTrainCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train an agent by Q-learning and write what it learned to a file.",
    discussion: """
      The same cluster, settings and seed give the same file. The file is written every --save-every seconds; training that
      was interrupted goes on from it with --resume, to the same bits as if it had never stopped. docs/simulator.md has the
      settings.

      Examples:
        dsl sim train --out q.agent
        dsl sim train --out fast.agent --episodes 5000 --objective reward --seed 7 --csv curve.csv
        dsl sim train --out q.agent --resume
        dsl sim train --out q.agent --tensorboard runs; tensorboard --logdir runs
      """)
  static let reportName = "sim-train"

  @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
  var out: String

  @OptionGroup var cluster: SimOptions

  @OptionGroup var learner: LearnerOptions

  @Flag(help: "Go on with the training in the file.")
  var resume = false

  @Option(help: ArgumentHelp("Write the file so often while training.", valueName: "duration"))
  var saveEvery = "30s"

  @Option(help: ArgumentHelp("Stop after so many episodes of this call, resumable.", valueName: "count"))
  var stopAfter: Int?

  @Option(help: ArgumentHelp("Write the curve of training, CSV, as often as the file.", valueName: "file"))
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Write the curve as TensorBoard reads it too, into a directory of the run's name below this one.",
      valueName: "dir"), completion: .directory)
  var tensorboard: String?

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard !resume || !(cluster.isGiven || learner.isGiven) else {
      throw ValidationError("--resume takes cluster and settings from the file: give none of them")
    }
  }

  func report(_ context: Context) async throws -> Report? {
    let period = try Input.seconds(saveEvery, "--save-every")
    let trainer = try trainer(context)
    let began = (
      episodes: trainer.episodesDone, steps: trainer.stepsDone, time: context.time.monotonicSeconds
    )
    let stop = StopFlag()
    let watch = Task { await stop.watch() }
    defer { watch.cancel() }
    var curve = TrainingCurve(trainer)
    let board = try tensorboard.map { try TensorBoardRun($0, run: out, trainer, context) }
    var progress = Progress("episodes", total: trainer.settings.episodes, from: began.episodes, context)
    var saved = began.time
    let last = stopAfter.map { began.episodes + $0 } ?? .max
    while !trainer.isDone, trainer.episodesDone < last, !stop.isSet {
      try trainer.round()
      if curve.add(trainer) { try board?.append(curve.points.last, at: context.time.now) }
      progress.show(
        trainer.episodesDone,
        curve.points.last.map { "  reward \(Shown.number($0.reward, decimals: 1))" } ?? "")
      if context.time.monotonicSeconds - saved >= period {
        try save(trainer, curve, context)
        saved = context.time.monotonicSeconds
      }
      await Task.yield()
    }
    progress.end()
    try save(trainer, curve, context)
    let seconds = max(context.time.monotonicSeconds - began.time, 1e-9)
    let pace = Pace(
      seconds: seconds, episodes: trainer.episodesDone - began.episodes,
      steps: trainer.stepsDone - began.steps)
    var report = Report(Self.reportName, data(trainer, curve, pace, began.episodes, board?.file)) { paint in
      text(trainer, curve, pace, paint)
    }
    if stop.isSet, !trainer.isDone {
      report.status = .cancelled
      report.warnings = ["stopped on request after \(trainer.episodesDone) episodes: go on with --resume"]
    }
    return report
  }

  private func save(_ trainer: Trainer, _ curve: TrainingCurve, _ context: Context) throws {
    try AtomicFile.commit(context.files, out, trainer.snapshot.bytes)
    if let csv { try AtomicFile.commit(context.files, csv, Array(curve.run.csv.utf8)) }
  }

  /// A new learner, or the one in the file.
  private func trainer(_ context: Context) throws -> Trainer {
    if resume { return try Trainer(resuming: try SimPolicy.snapshot(out, context)) }
    guard (try? context.files.status(out)) == nil else {
      throw DSLError(
        .conflict, "\(out) exists", fix: "go on with it by --resume, or give another name")
    }
    return try Trainer(try cluster.configuration(context), try learner.settings(context))
  }

  private struct Pace {
    var seconds: Double
    var episodes: Int
    var steps: Int
  }

  private func data(
    _ trainer: Trainer, _ curve: TrainingCurve, _ pace: Pace, _ resumedAt: Int, _ board: String?
  ) -> JSONValue {
    var object = trainer.configuration.identity
    object["file"] = .string(out)
    object["settings"] = trainer.settings.json
    object["resumed_at"] = resume ? .int(resumedAt) : .null
    object["done"] = .bool(trainer.isDone)
    object["episodes_done"] = .int(trainer.episodesDone)
    object["steps_done"] = .int(trainer.stepsDone)
    object["best_score"] = .optional(trainer.best?.score)
    object["best_at_episode"] = .optional(trainer.best?.atEpisode)
    object["values_sha256"] = .string(trainer.snapshot.valuesDigest)
    object["seconds"] = .double((pace.seconds * 1000).rounded() / 1000)
    object["episodes_per_second"] = .double((Double(pace.episodes) / pace.seconds).rounded())
    object["steps_per_second"] = .double((Double(pace.steps) / pace.seconds).rounded())
    object["tensorboard"] = .optional(board)
    object["curve"] = .array(curve.points.map(\.json))
    return .object(object)
  }

  private func text(_ trainer: Trainer, _ curve: TrainingCurve, _ pace: Pace, _ paint: Paint) -> String {
    let settings = trainer.settings
    var table = TextTable(header: ["episodes", "reward", "steps", "OOM", "failures"])
    table.rightAligned = [0, 1, 2, 3, 4]
    let step = max(1, (curve.points.count + 9) / 10)
    for (i, point) in curve.points.enumerated() where (i + 1) % step == 0 || i + 1 == curve.points.count {
      table.rows.append([
        "\(point.episodes)", Shown.number(point.reward, decimals: 1), Shown.number(point.steps, decimals: 1),
        Shown.number(point.ooms), Shown.percent(point.failures),
      ])
    }
    var text = "seed \(settings.seed), \(settings.objective.rawValue), view \(settings.view.rawValue), "
    text += "\(settings.approximation.rawValue)\(settings.doubleQ ? ", double Q" : "")\n" + table.text(paint)
    text += "\(trainer.episodesDone) of \(settings.episodes) episodes, \(trainer.stepsDone) steps; "
    text += "\(Shown.number(Double(pace.steps) / pace.seconds / 1e6)) million steps/s\n"
    if let best = trainer.best {
      text += "best on validation episodes: \(Shown.number(best.score, decimals: 1)) at \(best.atEpisode)\n"
    }
    return text + "\(out)\n"
  }
}

/// What an agent learns with.
struct LearnerOptions: ParsableArguments {
  @Option(help: "survival or reward.")
  var objective: String?

  @Option(help: "What it sees: local, globals, memory or full.")
  var view: String?

  @Option(help: "How values are kept: tiles or table.")
  var approximation: String?

  @Flag(name: .customLong("double-q"), help: "Two sets of values that judge each other.")
  var doubleQ = false

  @Option(help: ArgumentHelp("Episodes to train for, 50000 without it.", valueName: "count"))
  var episodes: Int?

  @Option(help: "Of the training episodes.")
  var seed: Int?

  @Option(
    name: .customLong("setting"),
    help: ArgumentHelp("Another setting, such as n_steps=20. May be repeated.", valueName: "name=value"))
  var settings: [String] = []

  @Option(
    name: .customLong("settings"), help: ArgumentHelp("Settings, a JSON object.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var file: String?

  /// Whether any of them was given.
  var isGiven: Bool {
    objective != nil || view != nil || approximation != nil || doubleQ || episodes != nil || seed != nil
      || !settings.isEmpty || file != nil
  }

  /// The settings: the file's, changed by the flags.
  func settings(_ context: Context) throws -> TrainingSettings {
    var object = JSONObject()
    if let file {
      let value = try Input.json(try Input.bytes(file, context), Input.name(file))
      // A study or a snapshot hands its settings on under this name.
      object = (value["settings"] ?? value).object ?? [:]
    }
    for (name, word) in [("objective", objective), ("view", view), ("approximation", approximation)] {
      if let word { object[name] = .string(word) }
    }
    if doubleQ { object["double_q"] = true }
    if let episodes { object["episodes"] = .int(episodes) }
    if let seed { object["seed"] = .int(seed) }
    for text in settings {
      let (name, value) = try SimOptions.pair(text, "--setting")
      object[name] = value
    }
    return try TrainingSettings(json: .object(object))
  }
}

/// Set by the first SIGINT or SIGTERM; the second ends the process.
final class StopFlag: Sendable {
  private let count = Atomic<Int>(0)

  var isSet: Bool { count.load(ordering: .relaxed) > 0 }

  /// Until the task is cancelled.
  func watch() async {
    for await _ in Signals.stream([SIGINT, SIGTERM]) {
      if count.add(1, ordering: .relaxed).newValue > 1 { _exit(ExitStatus.cancelled.rawValue) }
    }
  }
}
