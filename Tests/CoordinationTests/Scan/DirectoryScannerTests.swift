import Coordination
import DSLBase
import Glibc
import Testing

/// A coordination directory in memory, to which a test adds files and looks.
struct MemoryDirectory {
  let files = InMemoryFileSystem()
  let now = Timestamp(nanoseconds: 1_750_932_000_000_000_000)  // 2025-06-26T10:00:00Z
  var limits = RecordLimits()

  init() throws { try files.makeDirectory("/c") }

  func add(_ name: String, _ text: String) throws {
    try files.write("/c/" + name, Array(text.utf8), exclusive: false)
  }

  func scan(index: IndexUse = .none) throws -> DirectorySnapshot {
    try DirectoryScanner(
      directory: CoordinationDirectory(path: "/c", files: files), limits: limits, now: now, assumedOffset: 0
    ).scan(index: index)
  }

  /// A time so many seconds before `now`, as JSON.
  func ago(_ seconds: Double) -> String { "\"\(now.adding(seconds: -seconds))\"" }
}

@Suite struct DirectoryScannerTests {
  @Test func theWellKnownSampleIsCounted() throws {
    let directory = try MemoryDirectory()
    for i in 0..<2 { try directory.add("agent_\(i).json", #"{"id": "agent_\#(i)", "status": "active"}"#) }
    for i in 0..<8 {
      try directory.add("work_\(i).json", #"{"status": "pending", "created": \#(directory.ago(10))}"#)
    }
    for i in 0..<3 { try directory.add("completed_\(i).json", #"{"finished": \#(directory.ago(400))}"#) }
    for i in 0..<4 {
      try directory.add(
        "telemetry_\(i).json",
        #"{"timestamp": \#(directory.ago(9)), "metrics": {"response_time": \#(800 + i * 100), "success_rate": 0.85}}"#
      )
    }
    let snapshot = try directory.scan()
    #expect(snapshot.state == .readable && snapshot.initialised)
    #expect(snapshot.agents.map(\.id) == ["agent_0", "agent_1"] && snapshot.agentCount == 2)
    #expect(snapshot.liveWork == 8 && snapshot.completedCount == 3 && snapshot.telemetryVolume == 4)
    #expect(snapshot.meanResponseMs == 950 && snapshot.errorRate == 0.15)
    #expect(snapshot.sources.map(\.source) == ["agents", "work", "completed", "telemetry"])
    #expect(snapshot.sources.map(\.status) == [.unverified, .fresh, .fresh, .fresh])
    #expect(snapshot.problemCount == 0 && snapshot.lookalikes == 0 && snapshot.filesRead == 17)
  }

  @Test func workIsCountedByStatusAndAge() throws {
    var directory = try MemoryDirectory()
    directory.limits.workAgeLimitSeconds = 100
    for (name, status, age) in [
      ("a", "pending", 99.0), ("b", "pending", 101), ("c", "claimed", 500), ("d", "completed", 1),
      ("e", "failed", 1),
      ("f", "odd", 1), ("g", "queued", 300),
    ] {
      try directory.add("work_\(name).json", #"{"status": "\#(status)", "created": \#(directory.ago(age))}"#)
    }
    try directory.add("failed_x.json", "{}")
    let snapshot = try directory.scan()
    #expect(snapshot.liveWork == 5 && snapshot.overdueWork == 2 && snapshot.failedCount == 1)
    let totals = snapshot.workByStatus
    #expect([totals.pending, totals.claimed, totals.done, totals.failed, totals.other] == [3, 1, 1, 1, 1])
    #expect(snapshot.oldestPendingCreated == directory.now.adding(seconds: -300))
  }

  @Test func onlyFreshTelemetryAndRecentCompletionsCount() throws {
    let directory = try MemoryDirectory()
    for (age, response) in [(10.0, 100), (3599, 300), (3601, 9000)] {
      try directory.add(
        "telemetry_\(response).json",
        #"{"timestamp": \#(directory.ago(age)), "metrics": {"response_time_ms": \#(response)}}"#)
    }
    for age in [1.0, 299, 301, -5] {
      try directory.add("completed_\(age).json", #"{"finished": \#(directory.ago(age))}"#)
    }
    let snapshot = try directory.scan()
    #expect(snapshot.telemetryVolume == 3 && snapshot.telemetryFresh == 2 && snapshot.meanResponseMs == 200)
    #expect(snapshot.errorRate == nil && snapshot.completedCount == 4 && snapshot.completedWithinWindow == 2)
  }

  // MARK: Evidence

  @Test func nothingAtAllIsMissing() throws {
    let directory = try MemoryDirectory()
    let snapshot = try directory.scan()
    #expect(!snapshot.initialised && snapshot.sources.allSatisfy { $0.status == .missing })
  }

  @Test(arguments: ["dsl.yaml", "journal"]) func anInitialisedEmptyDirectoryIsFresh(sign: String) throws {
    let directory = try MemoryDirectory()
    if sign == "journal" {
      try directory.files.makeDirectory("/c/.dsl")
      #expect(try !directory.scan().initialised)
      try directory.add(".dsl/journal.sqlite", "")
    } else {
      try directory.add(sign, "")
    }
    let snapshot = try directory.scan()
    #expect(snapshot.initialised && snapshot.sources.allSatisfy { $0.status == .fresh && $0.records == 0 })
  }

  @Test func agesDecideBetweenFreshAndStale() throws {
    let directory = try MemoryDirectory()
    try directory.add("agent_1.json", #"{"heartbeat": \#(directory.ago(61))}"#)
    try directory.add("telemetry_1.json", #"{"timestamp": \#(directory.ago(3601))}"#)
    var sources = try directory.scan().sources
    #expect(sources[0].status == .stale && sources[0].newestAgeSeconds == 61)
    #expect(sources[3].status == .stale)
    try directory.add("agent_2.json", #"{"heartbeat": \#(directory.ago(59))}"#)
    sources = try directory.scan().sources
    #expect(
      sources[0].status == .fresh && sources[0].newestAgeSeconds == 59 && sources[0].oldestAgeSeconds == 61)
  }

  @Test func aRecordFromTheFutureIsNoFreshness() throws {
    let directory = try MemoryDirectory()
    try directory.add("agent_1.json", #"{"heartbeat": \#(directory.ago(-3600))}"#)
    let source = try directory.scan().sources[0]
    #expect(source.status == .stale && source.notes.contains { $0.contains("future") })
  }

  @Test func anUnreadableRecordMakesItsSourceCorrupt() throws {
    let directory = try MemoryDirectory()
    try directory.add("work_1.json", #"{"created": \#(directory.ago(1))}"#)
    try directory.add("work_2.json", #"{"created": "#)
    let snapshot = try directory.scan()
    #expect(snapshot.sources.map(\.status) == [.fresh, .corrupt, .fresh, .fresh])
    #expect(snapshot.sources[1].records == 1 && snapshot.sources[1].unreadable == 1 && snapshot.liveWork == 1)
  }

  // MARK: States and bad neighbours

  @Test func aDirectoryThatCannotBeSeenIsAState() throws {
    let files = InMemoryFileSystem()
    try files.write("/file", [], exclusive: true)
    for (path, state) in [("/absent", DirectorySnapshot.State.missing), ("/file", .notADirectory)] {
      let directory = CoordinationDirectory(path: path, files: files)
      let snapshot = try DirectoryScanner(
        directory: directory, limits: RecordLimits(), now: Timestamp(seconds: 1), assumedOffset: 0
      ).scan(index: .readWrite)
      #expect(snapshot.state == state && !snapshot.initialised && snapshot.sources.count == 4)
    }
    let faulty = FaultyFileSystem(files, .failing(operation: 1, errno: EACCES))
    let snapshot = try DirectoryScanner(
      directory: CoordinationDirectory(path: "/", files: faulty), limits: RecordLimits(),
      now: Timestamp(seconds: 1),
      assumedOffset: 0
    ).scan(index: .none)
    #expect(snapshot.state == .unreadable("no permission to read the directory"))
  }

  @Test(arguments: WorldKind.allCases) func whatIsNoFileIsAProblemAndStays(kind: WorldKind) throws {
    let world = try kind.make()
    try world.plant(.directory, "work_d.json")
    try world.plant(.symbolicLink, "agent_l.json")
    try world.plant(.other, "telemetry_f.json")
    try world.files.write(
      world.root + "/completed_big.json", [UInt8](repeating: 0x20, count: 2000), exclusive: true)
    try world.files.write(world.root + "/work_a\nb.json", [0xFF], exclusive: true)
    var limits = RecordLimits()
    limits.recordBytes = 1999
    let snapshot = try DirectoryScanner(
      directory: CoordinationDirectory(path: world.root, files: world.files), limits: limits,
      now: SystemTime().now, assumedOffset: 0
    ).scan(index: .none)
    #expect(snapshot.problemCount == 5 && snapshot.sources.allSatisfy { $0.status == .corrupt })
    #expect(
      snapshot.problems.map(\.description) == [
        "agent_l.json: a symbolic link; records must be files themselves",
        "completed_big.json: larger than the limit of 1999 bytes", "telemetry_f.json: not a regular file",
        "work_a\\nb.json: expected an object at byte 0", "work_d.json: not a regular file",
      ])
    #expect(try world.files.read(world.root + "/work_a\nb.json", limit: 10) == [0xFF])
  }

  @Test func problemsAreListedUpToALimitAndCountedExactly() throws {
    var directory = try MemoryDirectory()
    directory.limits.listedProblems = 3
    for number in 10..<40 { try directory.add("work_\(number).json", "{") }
    let snapshot = try directory.scan()
    #expect(snapshot.problemCount == 30)
    #expect(snapshot.problems.map(\.file) == ["work_10.json", "work_11.json", "work_12.json"])
  }

  @Test func lookalikesAreCountedApart() throws {
    let directory = try MemoryDirectory()
    try directory.add("agent_coordination_state.json", #"{"agents": {}, "timestamp": 1.5}"#)
    try directory.add("agent_status.json", "[]")
    try directory.add("work_claims.json", "not even JSON")
    try directory.add("work_items.json", #"[{"id": 1}]"#)
    try directory.add("agent_team.json", #"{"a": {"status": "x"}, "b": {"status": "y"}}"#)
    try directory.add("agent_1.json", #"{"status": "active"}"#)
    let snapshot = try directory.scan()
    #expect(snapshot.lookalikes == 5 && snapshot.agentCount == 1 && snapshot.liveWork == 0)
    #expect(snapshot.problemCount == 0)
  }

  @Test func agentsBeyondTheLimitAreReported() throws {
    var directory = try MemoryDirectory()
    directory.limits.agents = 5
    for number in 0..<8 { try directory.add("agent_\(number).json", "{}") }
    let snapshot = try directory.scan()
    #expect(snapshot.agents.count == 5 && snapshot.agentCount == 8)
    #expect(snapshot.sources[0].notes.contains("only 5 of 8 agents are considered"))
  }

  @Test func agentsOfOneIdAreNoted() throws {
    let directory = try MemoryDirectory()
    try directory.add("agent_2.json", #"{"id": "a"}"#)
    try directory.add("agent_1.json", #"{"id": "a"}"#)
    try directory.add("agent_b.json", "{}")
    let snapshot = try directory.scan()
    #expect(
      snapshot.agents.map(\.fileID) == ["1", "2", "b"] && snapshot.agents.map(\.id) == ["a", "a", "b"])
    #expect(snapshot.sources[0].notes.contains("agents that share an id: 1; each file counts"))
  }

  @Test func aHugeRecordIsNotRead() throws {
    let world = try World.posix()
    let path = world.root + "/work_huge.json"
    try world.files.write(path, [], exclusive: true)
    try #require(truncate(path, 200 << 20) == 0)
    let files = FaultyFileSystem(world.files)
    let snapshot = try DirectoryScanner(
      directory: CoordinationDirectory(path: world.root, files: files), limits: RecordLimits(),
      now: SystemTime().now,
      assumedOffset: 0
    ).scan(index: .none)
    #expect(snapshot.problems.map(\.reason) == ["larger than the limit of 1048576 bytes"])
    #expect(try world.files.status(path)?.size == 200 << 20 && snapshot.filesRead == 0)
  }

  @Test func aScanWritesNothingUnlessAsked() throws {
    let directory = try MemoryDirectory()
    for number in 0..<600 { try directory.add("work_\(number).json", "{}") }
    for use in [IndexUse.none, .readOnly] {
      let faulty = FaultyFileSystem(directory.files)
      let scanner = DirectoryScanner(
        directory: CoordinationDirectory(path: "/c", files: faulty), limits: RecordLimits(),
        now: directory.now,
        assumedOffset: 0)
      #expect(try scanner.scan(index: use).liveWork == 600)
      let kinds = Set(faulty.operations.map { $0.prefix { $0 != " " } })
      #expect(kinds.isSubset(of: ["walk", "read", "status"]), "\(kinds)")
    }
  }

  @Test func aFileThatFailsToBeReadIsNamedAndTheRestIsRead() throws {
    let directory = try MemoryDirectory()
    for number in 0..<4 { try directory.add("work_\(number).json", "{}") }
    for step in 2...5 {
      let faulty = FaultyFileSystem(directory.files, .failing(operation: step, errno: EACCES))
      let snapshot = try DirectoryScanner(
        directory: CoordinationDirectory(path: "/c", files: faulty), limits: RecordLimits(),
        now: directory.now,
        assumedOffset: 0
      ).scan(index: .none)
      #expect(snapshot.liveWork == 3 && snapshot.problems.map(\.file) == ["work_\(step - 2).json"])
      #expect(snapshot.problems.first?.reason == "no permission to read it")
    }
  }
}
