import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import Glibc

/// `dsl auto loop`: one turn after another.
struct LoopCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "loop", abstract: "Decide and act, again and again.",
    discussion: """
      Prints what each turn did: lines for people, with --format json one object a line, with --json one envelope a line.
      SIGINT and SIGTERM end it after the effect under way, within loop.stop_timeout; a second signal ends it at once.
      SIGHUP has configuration and policy read again before the next turn. A directory that vanishes is waited for. Under
      systemd it reports readiness, state and progress (examples/systemd).
      """)
  static let reportName = "auto-loop"
  /// How long a turn may go without progress before probes say that the loop hangs, seconds.
  private static let patienceSeconds = 300.0

  @Option(name: .shortAndLong, help: "Time from the start of one turn to the start of the next: 30, 30s, 2m.")
  var interval: String?

  @Option(
    name: .customLong("max-cycles"),
    help: "Turns after which to end; 0 for never. A simulated cluster that stands still has none.")
  var maxCycles: Int?

  @Option(name: .shortAndLong, help: "Decisions that may take effect in one turn.")
  var max: Int?

  @Flag(help: "Start a turn at once when something changes in the directory.")
  var watch = false

  @Flag(
    name: .customLong("leader-election"),
    help: "Stand by while another engine leads, and take over when it dies, ends or hangs.")
  var leaderElection = false

  @Option(
    help: ArgumentHelp(
      "Write metrics there after each turn, for the node exporter of Prometheus.",
      valueName: "file"), completion: .file())
  var textfile: String?

  @Option(
    help: ArgumentHelp(
      "Answer over HTTP there, as dsl serve does: 127.0.0.1:8080.",
      discussion: "Default: serve.loop_listen, else nowhere.", valueName: "addr"))
  var listen: String?

  @OptionGroup var gates: GateOptions
  @OptionGroup var serving: ServeOptions
  @OptionGroup var watching: WatchOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try settings(context)
    for warning in loaded.warnings { context.console.note("dsl: warning: \(warning)") }
    let notifier = ServiceNotifier(context.environment)
    let control = LoopControl()
    let server = try server(context, loaded.settings, control)
    let loop = AutonomousLoop(
      path: context.directory.path, plan: .init(settings: loaded.settings), control: control,
      patienceSeconds: notifier.watchdogSeconds ?? (server == nil ? .infinity : Self.patienceSeconds),
      reload: {
        let loaded = try settings(context)
        return AutonomousLoop.Plan(settings: loaded.settings, warnings: loaded.warnings)
      },
      world: { context.world($0) })
    let signals = LoopSignals(
      control, notifier, context.console, stopSeconds: loaded.settings.loop.stopTimeoutSeconds)
    let tasks = [
      Task { await signals.run() },
      Task { await Watchdog(notifier, control, time: context.time).run() },
    ]
    let served = server.map { server in Task(priority: .low) { await server.run() } }
    defer { for task in tasks { task.cancel() } }
    var view = LoopView(context, notifier)
    let turns: Int?
    do { turns = try await loop.run { try view.show($0) } } catch is CancellationError { turns = nil }
    notifier.send(.stopping)
    await server?.end(served)
    if !global.json, global.format ?? .table == .table {
      context.console.write("\(turns.map(String.init) ?? "some") cycles\n")
    }
    return nil
  }

  /// What answers over HTTP beside the loop; `nil` when nothing is to.
  private func server(_ context: Context, _ settings: Settings, _ control: LoopControl) throws -> SideServer?
  {
    guard let address = settings.serve.loopListen else { return nil }
    let time = context.time
    let service = try Service(
      context, settings, listen: (address, listen == nil ? "serve.loop_listen" : "--listen"), threads: 1,
      load: { try self.settings(context) }, isAlive: { control.isAlive(at: time.monotonicSeconds) })
    return SideServer(service, context)
  }

  private func settings(_ context: Context) throws -> LoadedSettings {
    let loaded = try context.settings(
      gates.settings(context) + serving.settings + watching.settings + [
        setting("loop.interval", interval, "--interval"),
        setting("loop.max_cycles", maxCycles, "--max-cycles"),
        setting("gates.max_decisions_per_cycle", max, "--max"),
        setting("telemetry.textfile", textfile, "--textfile"),
        watch ? setting("loop.watch", "true", "--watch") : nil,
        setting("serve.loop_listen", listen, "--listen"),
        leaderElection ? setting("loop.leader_election", "true", "--leader-election") : nil,
      ])
    try loaded.requireReadable()
    return loaded
  }
}
