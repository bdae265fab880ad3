import Autonomy
import Coordination
import DSLBase
import Glibc
import HTTPTransports
import Telemetry

/// What a command works with: the outside world, handed in once, at the edge.
struct Context: Sendable {
  /// The options that every command takes.
  let global: GlobalOptions
  /// The streams.
  let console: Console
  /// All file work.
  let files: any FileSystem
  /// The clocks.
  let time: any TimeSource
  /// The environment at start.
  let environment: [String: String]
  /// What this process counts.
  let meters: MetricRegistry
  /// What leaves for collectors; `nil` when nothing does.
  let export: TelemetryExport?
  /// How messages leave over HTTP; opens nothing before the first.
  let transport: any HTTPTransport

  /// The real world.
  init(_ global: GlobalOptions, console: Console) {
    self.global = global
    self.console = console
    files = PosixFileSystem()
    time = SystemTime()
    environment = Self.processEnvironment()
    meters = MetricRegistry(start: time.now)
    export = Self.export(environment, meters, time, console)
    transport = ClientTransport(environment: environment)
  }

  /// The coordination directory: flag, else `COORDINATION_DIR`, else `coordination`.
  var directory: CoordinationDirectory {
    let named = [global.coordinationDirectory, environment["COORDINATION_DIR"]].compactMap { $0 }
    let path = named.first { !$0.isEmpty } ?? "coordination"
    return CoordinationDirectory(
      path: path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path, files: files)
  }

  /// Settings from everywhere.
  ///
  /// - Parameter flags: values given by flags of the command itself.
  /// - Throws: `DSLError` with everything that is wrong.
  func settings(_ flags: [SettingFlag?] = []) throws -> LoadedSettings {
    var given = flags.compactMap { $0 }
    for text in global.settings {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw DSLError(.invalidInput, "--set \(text): expected key=value, such as limits.max_agents=5")
      }
      given.append(SettingFlag(String(parts[0]), String(parts[1]), flag: "--set \(parts[0])"))
    }
    let paths = [SettingsLoader.userFile(environment), directory.configuration].compactMap { $0 }
    return try SettingsLoader(
      files: files, paths: paths, environment: environment, localOffset: localOffset
    ).load(flags: given)
  }

  /// Seconds east of UTC here and now.
  private var localOffset: Int {
    var seconds = Glibc.time(nil)
    var parts = tm()
    return localtime_r(&seconds, &parts) == nil ? 0 : parts.tm_gmtoff
  }

  /// Whether stdout shows colours: a terminal that can, and nobody who does not want them.
  var paint: Paint {
    let wanted =
      !global.noColor && environment["NO_COLOR"]?.isEmpty ?? true && environment["TERM"] != "dumb"
    return Paint(isOn: console.isTerminal && wanted)
  }

  /// Seconds that telemetry may take to leave when a command has ended.
  private static let exportSeconds = 2.0

  /// Lets the telemetry that is left leave.
  func close() async { await export?.close(withinSeconds: Self.exportSeconds) }

  private static func export(
    _ environment: [String: String], _ meters: MetricRegistry, _ time: any TimeSource, _ console: Console
  ) -> TelemetryExport? {
    guard environment.keys.contains(where: { $0.hasPrefix("OTEL_") }) else { return nil }
    let settings = TelemetrySettings(environment: environment, version: DSLVersion.current)
    let leaves = !settings.export.endpoints.isEmpty
    let isShown = [.metrics, .logs].contains { settings.chosen[$0]?.contains(.console) == true }
    guard leaves || isShown else { return nil }
    let files = settings.export.certificates
    var random = SystemRandomNumberGenerator()
    let transport = ClientTransport(
      environment: environment,
      certificates: CertificateFiles(authorities: files.authorities, own: files.own, key: files.key))
    return TelemetryExport(
      settings, registry: meters,
      world: .init(
        transport: transport, time: time, seed: random.next(),
        console: { console.note(String(decoding: $0.dropLast(), as: UTF8.self)) },
        tell: { console.note("dsl: warning: " + Shown.safe($0)) }))
  }

  private static func processEnvironment() -> [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let pointer = entry.pointee {
      let text = String(cString: pointer)
      if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
        result[String(text[..<equals])] = String(text[text.utf8.index(after: equals)...])
      }
      entry += 1
    }
    return result
  }
}

/// A flag's value as a setting; `nil` when the flag was not given.
func setting(_ key: String, _ value: (some CustomStringConvertible)?, _ flag: String) -> SettingFlag? {
  value.map { SettingFlag(key, $0.description, flag: flag) }
}
