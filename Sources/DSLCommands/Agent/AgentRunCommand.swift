import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import Glibc
import Telemetry

/// `dsl agent run`: a worker.
struct AgentRunCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Work on items with a command until told to stop.",
    discussion: """
      The command runs through /bin/sh with the item's record on stdin and DSL_WORK_ID, DSL_WORK_ATTEMPT, DSL_WORK_EPOCH
      (the claim's fencing epoch), DSL_AGENT_ID, COORDINATION_DIR, DSL_COORDINATION_DIR and TRACEPARENT in its
      environment. What it prints is the result; another exit status than 0 is a failure, tried again later. SIGTERM
      lets the agent finish what it holds; a second one gives it back.
      """)
  static let reportName = "agent-run"

  @Option(help: ArgumentHelp("The command line that does one item.", valueName: "command"))
  var exec: String

  @Option(help: "The agent's id. Default: $DSL_AGENT_ID, else host and process.")
  var id: String?

  @Option(help: "Items worked on at once. Default: what the agent's record says, or 1.")
  var concurrency: Int?

  @Option(
    help: ArgumentHelp(
      "How long a claim lasts without a heartbeat. Default: work.lease.", valueName: "duration"))
  var lease: String?

  @Option(help: ArgumentHelp("Time between two heartbeats.", valueName: "duration"))
  var heartbeat = "5s"

  @Option(help: ArgumentHelp("Stop after this time without work.", valueName: "duration"))
  var untilIdle: String?

  @Option(help: ArgumentHelp("Time that one command may take.", valueName: "duration"))
  var timeout: String?

  @Option(help: ArgumentHelp("Time between two telemetry records.", valueName: "duration"))
  var telemetry = "10s"

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let settings = try context.settings([setting("work.lease", lease, "--lease")]).settings
    let options = try options(settings, context)
    let (stop, continuation) = AsyncStream.makeStream(of: Void.self)
    let signals = Signals.stream([SIGTERM, SIGINT])
    let watcher = Task {
      for await _ in signals { continuation.yield() }
    }
    defer { watcher.cancel() }
    let done = try await AgentRunner(options, world: try world(settings, context)).run(stop: stop)
    let data: JSONValue = [
      "id": .string(options.id), "reason": .string(done.reason.rawValue), "completed": .int(done.completed),
      "retried": .int(done.retried), "parked": .int(done.parked), "lost": .int(done.lost),
      "released": .int(done.released), "unsettled": .int(done.unsettled),
    ]
    return Report(Self.reportName, data) { _ in
      "\(options.id) stopped (\(done.reason.rawValue)): \(done.completed) completed, \(done.retried) to be retried, "
        + "\(done.parked) parked, \(done.lost) lost, \(done.released) given back\n"
    }
  }

  private func options(_ settings: Settings, _ context: Context) throws -> AgentOptions {
    let named = [id, context.environment["DSL_AGENT_ID"]].compactMap { $0 }.first { !$0.isEmpty }
    var options = AgentOptions(id: named ?? "\(HostName.current)-\(getpid())", command: exec)
    options.concurrency = concurrency
    options.leaseSeconds = settings.work.leaseSeconds
    options.heartbeatSeconds = try Input.seconds(heartbeat, "--heartbeat")
    options.telemetrySeconds = try Input.seconds(telemetry, "--telemetry")
    options.untilIdleSeconds = try untilIdle.map { try Input.seconds($0, "--until-idle") }
    options.timeoutSeconds = try timeout.map { try Input.seconds($0, "--timeout") }
    options.retry = RetryPolicy(
      maxAttempts: settings.work.maxAttempts, baseSeconds: settings.work.retryBaseSeconds,
      maxSeconds: settings.work.retryMaxSeconds)
    return options
  }

  private func world(_ settings: Settings, _ context: Context) throws -> AgentRunner.World {
    let console = context.console
    let directory = context.directory
    let telemetry = TelemetrySettings(environment: context.environment, version: DSLVersion.current)
    for warning in telemetry.warnings { console.note("dsl: warning: " + Shown.safe(warning)) }
    let exporter = telemetry.exporter(
      files: context.files, path: settings.telemetry.spans ? directory.spans : nil,
      rotateBytes: Int64(settings.telemetry.rotateBytes), keep: settings.telemetry.keep,
      collector: context.export?.spans, console: { console.note(String(decoding: $0, as: UTF8.self)) })
    let tracer = SpanRecorder(
      resource: telemetry.resource, exporter: exporter, time: context.time, seed: context.randomSeed,
      parent: telemetry.parent, sampler: settings.telemetry.sampler(telemetry.sampler))
    var world = AgentRunner.World(
      directory: directory, queue: try context.queue(.readWrite),
      processes: SystemProcesses(bootID: context.time.monotonicOrigin), tracer: tracer, time: context.time,
      environment: context.environment, host: HostName.current,
      reopen: { try context.queue(.readWrite) },
      warn: { console.note("dsl: warning: " + Shown.safe($0)) })
    world.meters = context.meters
    context.export?.begin()
    return world
  }
}
