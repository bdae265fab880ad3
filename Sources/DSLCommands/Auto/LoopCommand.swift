import ArgumentParser
import Autonomy
import DSLBase
import DecisionEngine
import Glibc

/// `dsl auto loop`: one turn after another.
struct LoopCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "loop", abstract: "Decide and act, again and again.",
    discussion: """
      Prints what each turn did: lines for people, with --format json one object a line, with --json one envelope a line.
      SIGINT and SIGTERM end it after the turn under way; a second signal ends it at once.
      """)
  static let reportName = "auto-loop"

  @Option(name: .shortAndLong, help: "Time from the start of one turn to the start of the next: 30, 30s, 2m.")
  var interval: String?

  @Option(name: .customLong("max-cycles"), help: "Turns after which to end; 0 for never.")
  var maxCycles: Int?

  @Option(name: .shortAndLong, help: "Decisions that may take effect in one turn.")
  var max: Int?

  @Flag(help: "Start a turn at once when something changes in the directory.")
  var watch = false

  @OptionGroup var gates: GateOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings(
      gates.settings + [
        setting("loop.interval", interval, "--interval"),
        setting("loop.max_cycles", maxCycles, "--max-cycles"),
        setting("gates.max_decisions_per_cycle", max, "--max"),
        watch ? setting("loop.watch", "true", "--watch") : nil,
      ])
    try loaded.requireReadable()
    let settings = loaded.settings
    let engine = try await open(settings, context)
    defer { engine.close() }
    for warning in loaded.warnings + engine.warnings { context.console.note("dsl: warning: \(warning)") }
    var options = AutonomousLoop.Options()
    options.intervalSeconds = settings.loop.intervalSeconds
    options.maxCycles = settings.loop.maxCycles
    options.watch = settings.loop.watch
    options.cycle.autoRollback = settings.loop.autoRollback
    let loop = AutonomousLoop(engine, options)
    let turns = try await Self.untilSignalled {
      var number = 0
      return try await loop.run { turn in
        number += 1
        show(turn, number, context)
        if context.console.isClosed { throw CancellationError() }
      }
    }
    if !global.json, global.format ?? .table == .table {
      context.console.write("\(turns.map(String.init) ?? "some") cycles\n")
    }
    return nil
  }

  /// Opens the engine, waiting for its lock when leader election is on.
  private func open(_ settings: Settings, _ context: Context) async throws -> EngineHost {
    var told = false
    while true {
      do {
        return try context.engine(settings, settings.gates.dryRun ? .dryRun : .act)
      } catch let error as DSLError where error.code == .locked && settings.leaderElection {
        if !told { context.console.note("dsl: standing by: \(error.message)") }
        told = true
        try await context.time.sleep(seconds: 1)
      }
    }
  }

  private func show(_ turn: AutonomousLoop.Turn, _ number: Int, _ context: Context) {
    let console = context.console
    switch turn {
    case .completed(let cycle):
      let report = CycleView(cycle).report(Self.reportName)
      if global.json {
        console.write(report.envelope(at: context.time.now).text() + "\n")
      } else if global.format == .json {
        console.write(report.data.text() + "\n")
      } else if global.format == .yaml {
        console.write("---\n" + YAMLText.of(report.data))
      } else {
        console.write(CycleView(cycle).lines(number, context.paint))
        for warning in report.warnings { console.note("dsl: warning: " + Shown.safe(warning)) }
      }
    case .failed(let error):
      let failure = Failure(error)
      if global.json {
        console.write(Report.failure(at: context.time.now, command: Self.reportName, failure).text() + "\n")
      } else {
        for line in failure.lines { console.note("dsl: error: turn \(number): " + Shown.safe(line)) }
      }
    }
  }

  /// Runs a body that is cancelled by the first SIGINT or SIGTERM; the second ends the process.
  ///
  /// - Returns: what the body returned; `nil` when it ended by being cancelled.
  static func untilSignalled<Result: Sendable>(
    _ body: sending @escaping () async throws -> Result
  ) async throws -> Result? {
    let work = Task { try await body() }
    let watcher = Task {
      var count = 0
      for await _ in Signals.stream([SIGINT, SIGTERM]) {
        count += 1
        if count > 1 { _exit(ExitStatus.cancelled.rawValue) }
        work.cancel()
      }
    }
    defer { watcher.cancel() }
    do {
      return try await work.value
    } catch is CancellationError {
      return nil
    }
  }
}
