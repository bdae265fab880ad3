import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import Glibc
import Logging
import Testing

/// Every cycle that acts keeps the journal bounded, whoever runs it.
@Suite struct UpkeepTests {
  private let site: UpkeepSite

  init() throws { site = try UpkeepSite() }

  @Test func aCycleForgetsWhatIsTooOld() async throws {
    let engine = try site.engine()
    defer { engine.close() }
    let journal = try #require(engine.journal)
    for hours in [49.0, 25, 23, 2] {
      try journal.begin(
        CycleRecord(
          id: "c-\(Int(hours))h", startedAt: site.time.now.adding(seconds: -3600 * hours), backend: "files",
          engineVersion: "1", policyName: "p", policyHash: "h", seed: 1, settings: [:], observation: [:],
          metrics: [:], traceID: nil, dryRun: false, epoch: 0))
    }
    let report = try await engine.runCycle()
    #expect(report.warnings.isEmpty)
    #expect(try journal.cycles(CycleFilter()).map(\.record.id) == [report.id, "c-2h", "c-23h"])
    #expect(try journal.check().isEmpty && journal.verifyChain()?.faults == [])
  }

  @Test func upkeepIsDoneNowAndThenOnly() async throws {
    let engine = try site.engine()
    defer { engine.close() }
    let journal = try #require(engine.journal)
    _ = try await engine.runCycle()
    let first = try journal.pruned()?["at"]
    #expect(first == site.time.now.json)
    site.time.advance(seconds: 60)
    _ = try await engine.runCycle()
    #expect(try journal.pruned()?["at"] == first)
    site.time.advance(seconds: 300)
    _ = try await engine.runCycle()
    #expect(try journal.pruned()?["at"] == site.time.now.json)
  }

  @Test func whatGatesAndVerificationLookAtIsSpared() {
    var settings = Settings()
    let now = Timestamp(seconds: 1_790_000_000)
    let all = JournalRetention(settings, now: now, limit: 1, before: now)
    #expect(all.allBefore == now.adding(seconds: -3600) && all.idleBefore == all.allBefore)
    settings.gates.budget.windowSeconds = 7200
    let wider = JournalRetention(settings, now: now, limit: 1, before: now)
    #expect(wider.allBefore == now.adding(seconds: -7200))
  }
}

/// A coordination directory with work and nobody to do it.
private final class UpkeepSite {
  let time = ManualTime()
  private let path: String

  init() throws {
    var template = Array("/tmp/dsl-upkeep-XXXXXX".utf8CString)
    path = try #require(mkdtemp(&template).map { String(cString: $0) })
    for number in 0..<8 {
      let bytes = Array(#"{"id":"w-\#(number)","status":"pending"}"#.utf8)
      try PosixFileSystem().write("\(path)/work_w-\(number).json", bytes, exclusive: true)
    }
  }

  deinit { _ = try? SystemProcesses(bootID: "").run("rm -rf '\(path)'", environment: [], timeout: 10) }

  func engine() throws -> EngineHost {
    try EngineHost(
      path: path, settings: Settings(), access: .act,
      world: EngineHost.World(
        files: PosixFileSystem(), time: time, processes: SystemProcesses(bootID: "manual"), seed: 1,
        environment: [:], host: "here", log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        console: { _ in }))
  }
}
