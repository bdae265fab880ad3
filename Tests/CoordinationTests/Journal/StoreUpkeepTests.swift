import Coordination
import DSLBase
import GRDB
import Glibc
import Synchronization
import Testing

/// Tells readers to end.
private final class Stop: Sendable {
  private let flag = Atomic<Bool>(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}

@Suite struct StoreUpkeepTests {
  /// 16 MiB, and what one commit and the room made ahead of it may add.
  private static let logBound: Int64 = 16 << 20 + 2 << 20

  private func logBytes(_ world: JournalWorld) throws -> Int64 {
    try world.directory.files.status(world.directory.journal + "-wal")?.size ?? 0
  }

  /// Readers whose reading always overlaps: SQLite alone never gets to reuse its log.
  @Test func theLogStaysBoundedWhileReadersOverlap() async throws {
    let world = try JournalWorld()
    let stop = Stop()
    let path = world.directory.journal
    let ballast = JSONValue.string(String(repeating: "x", count: 70_000))
    var largest: Int64 = 0
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<2 {
        group.addTask {
          var configuration = Configuration()
          configuration.readonly = true
          configuration.allowsUnsafeTransactions = true
          let reader = try DatabaseQueue(path: path, configuration: configuration)
          while !stop.isSet {
            try reader.inDatabase { db in
              try db.execute(sql: "BEGIN; SELECT count(*) FROM cycles")
              usleep(3000)
              try db.execute(sql: "COMMIT")
            }
          }
        }
      }
      defer { stop.set() }
      for number in 0..<500 {
        try world.cycle("c-\(number)", at: Double(number), observation: ballast)
        _ = try world.journal.upkeep()
        largest = max(largest, try logBytes(world))
      }
    }
    #expect(largest > 1 << 20 && largest <= Self.logBound, "\(largest)")
  }

  @Test func aReaderThatDoesNotEndIsTold() throws {
    let world = try JournalWorld()
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let reader = try DatabaseQueue(path: world.directory.journal, configuration: configuration)
    try reader.inDatabase { db in try db.execute(sql: "BEGIN; SELECT count(*) FROM cycles") }
    let ballast = JSONValue.string(String(repeating: "x", count: 1 << 20))
    for number in 0..<20 { try world.cycle("c-\(number)", at: Double(number), observation: ballast) }
    let told = try world.journal.upkeep()
    #expect(told?.contains("MiB") == true, "\(told ?? "nothing")")
    try reader.inDatabase { db in try db.execute(sql: "COMMIT") }
    #expect(try world.journal.upkeep() == nil)
    #expect(try logBytes(world) == 0)
  }

  /// Where nothing can be mapped beside the store, which a link to nowhere in the place of the shared memory stands for.
  @Test func withoutSharedMemoryARollbackJournalServes() throws {
    let temporary = try TemporaryDirectory()
    let directory = CoordinationDirectory(path: temporary.path, files: PosixFileSystem())
    try directory.files.makeDirectory(directory.state)
    #expect(symlink("/nowhere/shm", directory.journal + "-shm") == 0)
    let journal = try Journal(directory: directory, access: .readWrite)
    try journal.setState("x", 1)
    #expect(try journal.info()?.mode == .rollback)
    #expect(try directory.files.status(directory.journal + "-wal") == nil)

    let second = try Journal(directory: directory, access: .readWrite)
    try second.setState("x", 2)
    try journal.setState("y", 3)
    let reader = try #require(try Journal.openForReading(directory))
    #expect(try reader.state("x") == 2 && reader.state("y") == 3 && reader.info()?.mode == .rollback)
    try second.setState("x", 4)
    #expect(try reader.state("x") == 4)
    try journal.compact()
    #expect(try journal.upkeep() == nil && journal.check().isEmpty)
  }

  /// A rollback journal's reader has to lock: it must never see half of a transaction.
  @Test func readersInRollbackModeSeeWholeTransactions() async throws {
    let temporary = try TemporaryDirectory()
    let directory = CoordinationDirectory(path: temporary.path, files: PosixFileSystem())
    try directory.files.makeDirectory(directory.state)
    #expect(symlink("/nowhere/shm", directory.journal + "-shm") == 0)
    let journal = try Journal(directory: directory, access: .readWrite)
    let reader = try #require(try Journal.openForReading(directory))
    async let written: Void = {
      for number in 0..<40 {
        try journal.intend(
          [:], id: "d-\(number)", cycle: "c", type: "t", target: "", direction: "",
          steps: Array(repeating: ["a": 1], count: 40), at: Timestamp(seconds: 1))
      }
    }()
    for _ in 0..<20 {
      #expect(try reader.decisions(DecisionFilter(limit: 5)).allSatisfy { $0.steps.count == 40 })
    }
    try await written
    #expect(try reader.decisions(DecisionFilter(limit: 1000)).count == 40)
  }

  @Test func anOrdinaryFileSystemGetsALog() throws {
    let world = try JournalWorld()
    try world.journal.setState("x", 1)
    let info = try #require(try world.journal.info())
    #expect(info.mode == .log && info.schemaVersion == info.knownVersion && info.logBytes > 0)
    #expect(info.rows.first { $0.table == "state" }?.count == 1)
  }
}
