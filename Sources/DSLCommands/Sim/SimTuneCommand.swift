import ArgumentParser
import ClusterSim
import DSLBase
import Glibc
import Synchronization

/// `dsl sim tune`: the settings of the learner, by Optuna where it is, else by random search.
struct SimTuneCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract:
      "Search settings of the learner on validation episodes; the study is a journal that Optuna opens.",
    discussion: """
      Runs python -m resonetics.tune where Python has Optuna and the package (python/README.md); without, settings are drawn
      at random from the same space and written in the same format, which is said. A study has --trials trials in all: the
      same call goes on with one that was interrupted or killed, whichever of the two began it. What follows -- is given to
      the Python module as it is: python -m resonetics.tune tune --help lists what it takes.

      Examples:
        dsl sim tune --study q.log --trials 50 --workers 2
        dsl sim tune --study q.log --trials 50 -- --pruner wilcoxon --sampler gp
        dsl sim tune --study q.log --trials 50 --native
      """)
  static let reportName = "sim-tune"

  @Option(help: ArgumentHelp("The file of the study.", valueName: "file"))
  var study = "tune.log"

  @Option(help: ArgumentHelp("Trials of the study in all.", valueName: "count"))
  var trials = 50

  @Option(help: ArgumentHelp("Trials at once.", valueName: "count"))
  var workers = 1

  @Option(help: "Of what is drawn; with one worker a study repeats itself.")
  var seed = 0

  @Option(help: ArgumentHelp("Training episodes of a trial.", valueName: "count"))
  var episodes = 10000

  @OptionGroup var cluster: SimOptions

  @Option(help: ArgumentHelp("The interpreter, python3 on PATH without it.", valueName: "program"))
  var python: String?

  @Flag(help: "Search at random, without Python.")
  var native = false

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("After --: options of python -m resonetics.tune tune.", valueName: "option"))
  var more: [String] = []

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (1...1_000_000).contains(trials), (1...256).contains(workers), (0...Int(Int32.max)).contains(seed)
    else {
      throw ValidationError("give 1 to 1000000 trials, 1 to 256 workers and a seed from 0 to 2147483647")
    }
    guard !(native && python != nil) else { throw ValidationError("give --native or --python, not both") }
    guard !native || more.isEmpty else {
      throw ValidationError("\(more.joined(separator: " ")) is for Optuna: give it without --native")
    }
  }

  func report(_ context: Context) async throws -> Report? {
    let configuration = try cluster.configuration(context)
    guard (1...100_000_000).contains(episodes) else {
      throw DSLError(.invalidInput, "--episodes \(episodes)", fix: "give 1 to 100000000")
    }
    if !native {
      if let interpreter = try PythonTuning.interpreter(python) { return try optuna(interpreter) }
      guard python == nil, more.isEmpty else {
        throw DSLError(
          .unsupported, "\(python ?? "python3") has no Optuna or no package resonetics",
          fix: "pip install './python[tune]', or search with --native")
      }
    }
    return try await search(configuration, context)
  }

  private func optuna(_ interpreter: String) throws -> Report {
    var arguments = [
      "-m", "resonetics.tune", "tune", "--study", study, "--trials", "\(trials)", "--workers", "\(workers)",
      "--sampler-seed", "\(seed)", "--episodes", "\(episodes)", "--dsl", try Self.ownPath(),
    ]
    if let preset = cluster.preset { arguments += ["--preset", preset] }
    if let size = cluster.size { arguments += ["--size", size] }
    if let file = cluster.file { arguments += ["--config", file] }
    for constant in cluster.constants { arguments += ["--constant=\(constant)"] }
    let end = try PythonTuning.run(interpreter, arguments + more)
    if end.status == Int32(ExitStatus.corrupt.rawValue) {
      throw DSLError(.corrupt, "\(study) is no study that can be read", fix: "what was wrong is above")
    }
    guard end.status == 0 else {
      throw DSLError(
        .io, "\(interpreter) -m resonetics.tune ended with \(end.status)", fix: "what it wrote is above")
    }
    guard var data = try Input.json(end.output, "the output of resonetics.tune").object else {
      throw DSLError(.internalError, "resonetics.tune wrote no object")
    }
    data["search"] = "optuna"
    data["trainings"] = data["trainings"] ?? .null
    data["file"] = .string(study)
    return report(data)
  }

  private static func ownPath() throws -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { throw DSLError(.io, "cannot read /proc/self/exe", fix: "mount /proc") }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func search(_ configuration: ClusterConfiguration, _ context: Context) async throws -> Report {
    context.console.note(
      "dsl: \(native ? "as asked for" : "no Python with Optuna and resonetics"): drawing settings at random, without Optuna"
    )
    let file = try StudyFile(study, context.files, context.time)
    try await file.mend()
    let began = try file.study()
    let worker = "dsl-\(getpid())-\(UInt64(bitPattern: context.time.now.nanoseconds))"
    let search = RandomSearch(
      configuration: configuration, episodes: episodes, trials: trials, workers: workers, seed: seed,
      file: file, artifacts: StudyArtifacts(study, context.files),
      writer: TuningStudy.Writer(worker: worker), time: context.time)
    let stop = StopFlag()
    let watch = Task { await stop.watch() }
    defer { watch.cancel() }
    let counter = TrialCounter(
      Progress("trials", total: trials, from: began.count(.complete) + began.count(.pruned), context))
    var isStopped = false
    var lost = began.count(.running)
    do {
      lost = try await search.run(stop) { counter.show($0) }
    } catch is CancellationError {
      isStopped = true
    }
    counter.end()
    let data = configuration.stamped(Self.data(try file.study(), lost, study))
    var report = report(data.object ?? [:])
    if isStopped {
      report.status = .cancelled
      report.warnings = ["stopped on request: the same call goes on"]
    }
    return report
  }

  private static func data(_ tuning: TuningStudy, _ lost: Int, _ file: String) -> JSONObject {
    var counts = JSONObject()
    for state in StudyJournal.State.allCases where tuning.count(state) > 0 {
      // By Optuna's names, which are what the Python module prints.
      counts[state == .failed ? "fail" : state.name] = .int(tuning.count(state))
    }
    var best = JSONValue.null
    if let trial = tuning.best {
      var parameters = JSONObject()
      for entry in SearchSpace.settings {
        if let value = trial.parameters[entry.name] { parameters[entry.name] = entry.json(value) }
      }
      var object: JSONObject = ["number": .int(trial.number), "value": .optional(trial.values.first)]
      object["params"] = .object(parameters)
      for member in trial.attributes { object[member.key] = member.value }
      best = .object(object)
    }
    return [
      "study": .string(tuning.name), "trials": .object(counts), "recovered": .int(lost),
      "sampler": "dsl-random",
      "pruner": "none", "best": best, "search": "random", "trainings": "in_process", "file": .string(file),
    ]
  }

  private func report(_ data: JSONObject) -> Report {
    Report(Self.reportName, .object(data)) { _ in
      let counts = (data["trials"]?.object ?? [:]).map { "\($0.value.text()) \($0.key)" }
      var text = "\(data["search"]?.string ?? ""): \(counts.joined(separator: ", "))\n"
      if data["trainings"]?.string == "program" { text += "trainings ran dsl sim train\n" }
      if let best = data["best"]?.object {
        text +=
          "best: trial \(best["number"]?.int ?? 0), \(Shown.number(best["value"]?.double ?? .nan, decimals: 3))\n"
        for member in best["params"]?.object ?? [:] { text += "  \(member.key) \(member.value.text())\n" }
      }
      return text + "\(study)\n"
    }
  }
}

/// Draws progress for workers that end trials at the same time.
private final class TrialCounter: Sendable {
  private let progress: Mutex<Progress>

  init(_ progress: Progress) { self.progress = Mutex(progress) }

  func show(_ done: Int) { progress.withLock { $0.show(done) } }
  func end() { progress.withLock { $0.end() } }
}
