import ArgumentParser
import Autonomy
import ClusterSim
import ControlPlane
import DSLBase
import Glibc
import Logging

/// `dsl sim serve`: the simulator's page.
struct SimServeCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Show episodes, trainings and studies on a page: start, pause, step, wind.",
    discussion: """
      The cluster is simulated here, and every browser that looks sees the same. Files of trainings and studies are looked
      at again as they grow. As with dsl serve changes need the token; on this machine, without --token-file, one is made
      for as long as it runs and stands in the URL that is printed. docs/serve.md has the interface.

      Examples:
        dsl sim serve
        dsl sim serve --policy q.agent --preset storm --black-boxes crashes
        dsl sim serve --training q0.csv,q1.csv,q2.csv --study runs/optuna.log
      """)
  static let reportName = "sim-serve"

  /// The variable that holds a token where no file does.
  private static let tokenVariable = "DSL_SERVE_TOKEN"

  @Option(help: ArgumentHelp("Where; :8090 for every address.", valueName: "addr"))
  var listen = "127.0.0.1:8090"

  @OptionGroup var cluster: SimOptions

  @Option(
    name: .customLong("policy"),
    help:
      "Who can be chosen to play, the first plays first: a policy or a file of dsl sim train. May be repeated; the four rules always can."
  )
  var policies: [String] = []

  @Option(help: "Of the episodes' keys.")
  var seed = 0

  @Option(help: ArgumentHelp("The level of difficulty, where there are any.", valueName: "number"))
  var level = 0

  @Option(
    name: .customLong("black-boxes"),
    help: ArgumentHelp(
      "Recorded episodes that can be chosen; those that dsl sim run and evaluate kept without it.",
      valueName: "dir"), completion: .directory)
  var boxes: String?

  @OptionGroup var watching: WatchOptions
  @OptionGroup var serving: ServeOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings(serving.settings + watching.settings)
    try loaded.requireReadable()
    for warning in loaded.warnings { context.console.note("dsl: warning: \(warning)") }
    let token = try token(context, loaded.settings)
    let options = try ServerOptions(
      loaded.settings.serve, listen: (listen, "--listen"), token: token.text, files: context.files)
    let server = try SimServer(
      options, try sources(context, loaded.settings), seed: seed, time: context.time,
      log: context.world(loaded.settings).log)
    let stop = StopSign()
    let signals = Task {
      var count = 0
      for await _ in Signals.stream([SIGINT, SIGTERM]) {
        count += 1
        if count > 1 { _exit(ExitStatus.cancelled.rawValue) }
        stop.raise()
      }
    }
    defer { signals.cancel() }
    let (scheme, made) = (options.rules.scheme, token.isMade ? token.text : nil)
    try await server.run(
      until: { await stop.wait() },
      started: { address in
        tell(context, "\(scheme)://\(address.authority)/", address.port, made)
      })
    return nil
  }

  /// The token that stands somewhere, else one that is made: on this machine alone, where nobody else can read what is
  /// printed.
  private func token(_ context: Context, _ settings: Settings) throws -> (text: String?, isMade: Bool) {
    if let given = context.environment[Self.tokenVariable] { return (given, false) }
    let isLoopback = try ListenAddress(listen, source: "--listen").isLoopback
    guard settings.serve.tokenFile == nil, isLoopback else { return (nil, false) }
    var random = SystemRandomNumberGenerator()
    let words = [random.next() as UInt64, random.next() as UInt64]
    return (words.map(BlackBox.text).joined(), true)
  }

  private func sources(_ context: Context, _ settings: Settings) throws -> SimSources {
    let chosen = try policies.map { try SimPolicy($0, context) }
    let configuration = try cluster.configuration(context, learned: SimPolicy.learned(chosen))
    guard (0...configuration.difficultyLevels).contains(level) else {
      throw DSLError(
        .invalidInput, "--level \(level)", fix: "give 0 to \(configuration.difficultyLevels)")
    }
    for policy in chosen {
      guard policy.members.count == 1 else {
        throw DSLError(.invalidInput, "--policy \(policy.name)", fix: "give one file at a time")
      }
      for warning in try policy.fit(configuration) { context.console.note("dsl: warning: \(warning)") }
    }
    let offered = policies + (policies.isEmpty ? ["heuristic"] : []) + SimPolicy.words
    var names: [String] = []
    for name in offered where !names.contains(name) { names.append(name) }
    let kept = BlackBoxShelf.kept(context.environment).flatMap { kept in
      (try? context.files.status(kept)) == nil ? nil : kept
    }
    let recorded = boxes ?? kept
    var sources = SimSources(
      configuration: configuration, policies: names,
      policy: { name in
        // Read again for each episode: the file may have been trained on.
        let policy = try SimPolicy(name, context)
        _ = try policy.fit(configuration)
        return policy.members[0].policy
      },
      recording: { name in try BlackBoxFiles.read("\(recorded ?? ".")/\(name)", context) })
    sources.level = level
    if let boxes {
      guard let status = try? context.files.status(boxes + "/."), status.kind == .directory else {
        throw DSLError(
          .notFound, "--black-boxes: there is no directory \(boxes)",
          fix: "write some with dsl sim run --black-boxes \(boxes)")
      }
    }
    if let recorded { sources.recordings = { try BlackBoxFiles.names(in: recorded, context) } }
    sources.files = SimWatches.files(settings.serve, context.files)
    return sources
  }

  private func tell(_ context: Context, _ url: String, _ port: Int, _ token: String?) {
    let whole = url + (token.map { "#token=\($0)" } ?? "")
    let report = Report(
      Self.reportName, ["url": .string(whole), "port": .int(port), "token": .optional(token)]
    ) { _ in "" }
    context.announce(report, global, "the simulator is at \(whole)")
  }
}
