import Coordination
import DSLBase
import Glibc
import Logging
import Synchronization
import Telemetry
import Testing

@testable import Autonomy

/// What a turn leaves to be told to collectors later.
@Suite struct DeferredMetricsTests {
  private let time = ManualTime()
  private let shown = Lines()
  private let export: TelemetryExport

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
  }

  init() {
    let shown = shown
    export = TelemetryExport(
      TelemetrySettings(environment: ["OTEL_METRICS_EXPORTER": "console"]),
      registry: MetricRegistry(start: time.now),
      world: .init(
        transport: NoTransport(), time: time, seed: 1,
        console: { shown.add(String(decoding: $0, as: UTF8.self)) }, tell: { _ in }))
  }

  private func engine(_ path: String, _ access: EngineAccess) throws -> EngineHost {
    var world = EngineHost.World(
      files: PosixFileSystem(), time: time, processes: SystemProcesses(bootID: "manual"), seed: 1,
      environment: [:], host: "here", log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      console: { _ in })
    world.export = export
    return try EngineHost(path: path, settings: Settings(), access: access, world: world)
  }

  /// The number of cycles in each line that was told.
  private func cycles() throws -> [Double?] {
    try shown.all.map { line in
      let scope = try JSONParser.parse(line)["resourceMetrics"]?.array?.first?["scopeMetrics"]?.array?.first
      let metric = scope?["metrics"]?.array?.first { $0["name"]?.string == EngineMetric.cycles.name }
      return metric?["sum"]?["dataPoints"]?.array?.first?["asDouble"]?.double
    }
  }

  @Test func metricsAreThoseOfTheMomentAndOutliveTheirEngine() async throws {
    var template = Array("/tmp/dsl-deferred-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { _ = try? SystemProcesses(bootID: "").run("rm -rf '\(path)'", environment: [], timeout: 10) }
    let engine = try engine(path, .act)
    _ = try await engine.runCycle()
    export.collect()
    for _ in 0..<2 {
      time.advance(seconds: 1)
      _ = try await engine.runCycle()
    }
    #expect(try cycles() == [1], "turns tell nothing by themselves")
    // Somebody who only looks meanwhile, as a server does in the same process.
    let look = try self.engine(path, .look)
    _ = try look.status()
    look.close()
    time.advance(seconds: 1)
    _ = try await engine.runCycle()
    export.collect()
    engine.close()
    export.collect()
    #expect(try cycles() == [1, 4, 4])
  }
}
