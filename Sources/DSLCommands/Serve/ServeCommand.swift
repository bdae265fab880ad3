import ArgumentParser
import Autonomy
import ControlPlane
import Coordination
import DSLBase
import Glibc

/// `dsl serve`: the engine's state over HTTP, and a page for people.
struct ServeCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Answer over HTTP: state, events, probes, and a page for people.",
    discussion: """
      Listens on this machine alone unless told otherwise. It decides nothing: a loop does, in another process or, with
      dsl auto loop --listen, in the same. Reads on a loopback address are open; changes need the token. SIGTERM lets what
      runs end. The interface is described at /api/v1/openapi.json and in docs/serve.md.
        dsl serve
        openssl rand -hex 32 > token; dsl serve --token-file token
        dsl serve --listen :8443 --tls-cert cert.pem --tls-key key.pem --token-file token
      """)
  static let reportName = "serve"

  @Option(
    help: ArgumentHelp("Where: 127.0.0.1:8080 unless given; :8080 for every address.", valueName: "addr"))
  var listen: String?

  @OptionGroup var serving: ServeOptions
  @OptionGroup var watching: WatchOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try settings(context)
    for warning in loaded.warnings { context.console.note("dsl: warning: \(warning)") }
    let service = try Service(
      context, loaded.settings,
      listen: (loaded.settings.serve.listen, listen == nil ? "serve.listen" : "--listen"),
      threads: 2, load: { try settings(context) })
    let notifier = ServiceNotifier(context.environment)
    let stop = StopSign()
    let signals = Task {
      var count = 0
      for await _ in Signals.stream([SIGINT, SIGTERM]) {
        count += 1
        if count > 1 { _exit(ExitStatus.cancelled.rawValue) }
        notifier.send(.stopping, .status("letting requests end"))
        stop.raise()
      }
    }
    defer { signals.cancel() }
    try await service.run(
      until: { await stop.wait() },
      started: { url, port in
        tell(context, url, port)
        notifier.send(.ready, .status("serving at \(url)"))
      })
    return nil
  }

  private func tell(_ context: Context, _ url: String, _ port: Int) {
    let path = context.directory.path
    let report = Report(
      Self.reportName, ["url": .string(url), "port": .int(port), "coordination_dir": .string(path)]
    ) { _ in "" }
    context.announce(report, global, "serving \(Shown.safe(path)) at \(url)")
  }

  private func settings(_ context: Context) throws -> LoadedSettings {
    let loaded = try context.settings(
      [setting("serve.listen", listen, "--listen")] + serving.settings + watching.settings)
    try loaded.requireReadable()
    return loaded
  }
}
