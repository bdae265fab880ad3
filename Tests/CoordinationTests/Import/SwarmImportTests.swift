import Coordination
import DSLBase
import Testing

@Suite struct SwarmImportTests {
  private let world: TemporaryDirectory
  private let directory: CoordinationDirectory
  private let source: String

  init() throws {
    world = try TemporaryDirectory()
    directory = CoordinationDirectory(path: world.path + "/coordination", files: PosixFileSystem())
    source = world.path + "/swarm"
    try directory.files.makeDirectory(directory.path)
    try SwarmFixture.write(to: source, directory.files)
  }

  private func swarm(_ files: (any FileSystem)? = nil) -> SwarmImport {
    SwarmImport(
      source, into: CoordinationDirectory(path: directory.path, files: files ?? directory.files),
      heartbeatLimit: 30, now: SwarmFixture.now)
  }

  /// Every file below a directory with its content and time.
  private func content(_ path: String) throws -> [String] {
    var found: [String] = []
    try directory.files.walk(path) { entry in
      let name = path + "/" + String(decoding: entry.name, as: UTF8.self)
      let status = try entry.status()
      if status.kind == .directory {
        found += try content(name)
      } else {
        let text = String(decoding: try directory.files.read(name, limit: 1 << 24), as: UTF8.self)
        found.append("\(name) \(status.modified) \(text)")
      }
    }
    return found.sorted()
  }

  private func json(_ name: String) throws -> JSONValue {
    try JSONParser.parse(try directory.files.read("\(directory.path)/\(name)", limit: 1 << 20))
  }

  @Test func everyFileIsJoinedByIdAndCounted() throws {
    let report = try swarm().write(try swarm().read(), dryRun: false)
    #expect(report.pending == 3 && report.completed == 2 && report.failed == 1 && report.agents == 3)
    #expect(report.spans == 3 && report.present == 0 && report.joined == 2)
    let one = try json("work_work_1750000000000000001.json")
    #expect(one["priority"] == 100 && one["status"] == "pending" && one["team"] == "alpha")
    #expect(one["id"] == "work_1750000000000000001" && one["swarmsh"]?["status"] == "active")
    #expect(one["created"]?.string == "2025-06-16T10:00:00.000000Z")
    let logged = try json("completed_work_1750000000000000004.json")
    #expect(
      logged["finished"]?.string == "2025-06-16T12:00:00.000000Z", "the log beats the claim's \"active\"")
    #expect(logged["work"]?["priority"] == 75 && logged["work"]?["description"] == "four")
    #expect(try json("failed_work_1750000000000000005.json")["work"]?["priority"] == 7)
    let archived = try json("completed_work_1740000000000000000.json")
    #expect(archived["work"]?["description"] == "from the backup", "an older copy adds what later ones lack")
  }

  @Test func twoClaimsOfOneInstantAreTwoItems() throws {
    _ = try swarm().write(try swarm().read(), dryRun: false)
    #expect(try json("work_work_1750000000000000002.json")["description"] == "two")
    #expect(
      try json("work_work_1750000000000000002~2.json")["description"] == "another item of the same nanosecond"
    )
  }

  @Test func agentsAreAgedByTheirHeartbeat() throws {
    _ = try swarm().write(try swarm().read(), dryRun: false)
    #expect(try json("agent_agent_1.json")["status"] == "stopped")
    #expect(
      try json("agent_agent_1.json")["performance_metrics"]?["tasks_completed"]?.int == 9_007_199_254_740_993)
    #expect(try json("agent_agent_2.json")["status"] == "stopped", "never heard of")
    #expect(try json("agent_agent_now.json")["status"] == "active")
  }

  @Test func whatIsDroppedIsNamedByItsPlace() throws {
    let dropped = try swarm().read().dropped
    func has(_ file: String, _ offset: Int?, _ words: String) -> Bool {
      dropped.contains { $0.file == file && $0.offset == offset && $0.reason.contains(words) }
    }
    let claims = SwarmFixture.claims
    let last = "{\n    \"work_item_id\": \"work_1750000000000000003\""
    #expect(has("work_claims.json", SwarmFixture.offset(of: last, in: claims), "bytes passed over"))
    let fast = SwarmFixture.fast
    #expect(has("work_claims_fast.jsonl", SwarmFixture.offset(of: "not json", in: fast), "unexpected"))
    #expect(has("work_claims_fast.jsonl", SwarmFixture.offset(of: #"{"agent_id""#, in: fast), "work_item_id"))
    let spans = SwarmFixture.spans
    let broken = SwarmFixture.offset(of: "{\n  \"trace_id\": \"x\"", in: spans)
    let padded = SwarmFixture.offset(of: "{\n  \"duration_ms\": 00", in: spans)
    #expect(has("telemetry_spans.jsonl", broken, "") && has("telemetry_spans.jsonl", padded, ""))
    #expect(dropped.count == 6, "\(dropped)")
  }

  @Test func theSourceIsLeftAsItIs() throws {
    let before = try content(source)
    _ = try swarm().write(try swarm().read(), dryRun: false)
    #expect(try content(source) == before)
  }

  @Test func lookingFirstWritesNothingAndSaysTheSame() throws {
    let foreseen = try swarm().write(try swarm().read(), dryRun: true)
    #expect(try content(directory.path).isEmpty)
    #expect(try swarm().write(try swarm().read(), dryRun: false) == foreseen)
  }

  @Test func importingTwiceChangesNothing() throws {
    _ = try swarm().write(try swarm().read(), dryRun: false)
    let before = try content(directory.path)
    let again = try swarm().write(try swarm().read(), dryRun: false)
    #expect(!again.changes && again.present == 9)
    #expect(try content(directory.path) == before)
  }

  /// Stops the import at every file operation in turn; the next import must bring about what an undisturbed one does.
  @Test func anImportThatWasCutShortIsFinishedByTheNext() throws {
    func run(failing number: Int?) throws -> (content: [String], failed: Bool) {
      let files = InMemoryFileSystem()
      try files.makeDirectory("/c")
      try SwarmFixture.write(to: "/swarm", files)
      func take(_ files: any FileSystem) throws {
        let swarm = SwarmImport(
          "/swarm", into: CoordinationDirectory(path: "/c", files: files), heartbeatLimit: 30,
          now: SwarmFixture.now)
        _ = try swarm.write(try swarm.read(), dryRun: false)
      }
      var failed = false
      if let number {
        do { try take(FaultyFileSystem(files, .crashing(operation: number))) } catch { failed = true }
        try take(files)
      } else {
        try take(files)
      }
      var content: [String] = []
      for folder in ["/c", "/c/.dsl/telemetry"] {
        try files.walk(folder) { entry in
          guard try entry.status().kind == .file, entry.name.first != UInt8(ascii: ".") else { return }
          let name = "\(folder)/" + String(decoding: entry.name, as: UTF8.self)
          content.append(name + String(decoding: try files.read(name, limit: 1 << 20), as: UTF8.self))
        }
      }
      return (content.sorted(), failed)
    }
    let whole = try run(failing: nil).content
    #expect(whole.count == 10)
    var number = 1
    while true {
      let (content, failed) = try run(failing: number)
      #expect(content == whole, "after a fault at operation \(number)")
      guard failed else { break }
      number += 1
    }
    #expect(number > 60, "\(number) operations were made to fail")
  }

  @Test func aDirectoryWithoutSwarmStateIsRefused() throws {
    for path in ["/nowhere", directory.path] {
      let swarm = SwarmImport(path, into: directory, heartbeatLimit: 30, now: SwarmFixture.now)
      #expect(#expect(throws: DSLError.self) { try swarm.read() }?.code == .notFound)
    }
  }
}
