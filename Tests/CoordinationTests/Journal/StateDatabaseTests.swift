@testable import Coordination
import DSLBase
import GRDB
import Glibc
import Testing

@Suite struct StateDatabaseTests {
  private let world: TemporaryDirectory
  private let directory: CoordinationDirectory

  init() throws {
    world = try TemporaryDirectory()
    directory = CoordinationDirectory(path: world.path + "/a b%c?", files: PosixFileSystem())
    try directory.files.makeDirectory(directory.path)
  }

  /// Names, sizes and times of everything in `.dsl`.
  private func listing() throws -> [String] {
    guard try directory.files.status(directory.state) != nil else { return [] }
    var entries: [String] = []
    try directory.files.walk(directory.state) { entry in
      let status = try entry.status()
      entries.append(
        "\(String(decoding: entry.name, as: UTF8.self)) \(status.size) \(status.modified) \(status.inode)")
    }
    return entries.sorted()
  }

  @Test func readingCreatesNothing() throws {
    #expect(try Journal.openForReading(directory) == nil)
    let journal = try Journal(directory: directory, access: .readOnly)
    #expect(try journal.unfinished().isEmpty && journal.state("x") == nil)
    #expect(try listing().isEmpty)
    #expect(#expect(throws: DSLError.self) { try journal.setState("x", 1) }?.code == .invalidState)
  }

  @Test func readingAClosedStoreChangesNothing() throws {
    try Journal(directory: directory, access: .readWrite).setState("x", 1)
    let before = try listing()
    #expect(before.count == 2, "the store and the lock of its schema, no log")
    #expect(try Journal.openForReading(directory)?.state("x") == 1)
    #expect(try listing() == before)
  }

  @Test func readingSeesWhatAnOpenWriterHasInItsLog() throws {
    let writer = try Journal(directory: directory, access: .readWrite)
    try writer.setState("x", 1)
    let before = try listing()
    let reader = try #require(try Journal.openForReading(directory))
    #expect(try reader.state("x") == 1)
    #expect(try listing() == before)
    try writer.setState("x", 2)
    #expect(try reader.state("x") == 2, "a reader keeps no old snapshot")
  }

  /// What a writer leaves that died between making the log and its first frame.
  @Test func aLogThatIsAHeaderAloneHoldsNothing() throws {
    try Journal(directory: directory, access: .readWrite).setState("x", 1)
    let header: [UInt8] =
      [0x37, 0x7F, 0x06, 0x82, 0, 0x2D, 0xE2, 0x18, 0, 0, 0x10, 0, 0, 0, 0, 0]
      + [UInt8](repeating: 7, count: 16)
    try directory.files.write(directory.journal + "-wal", header, exclusive: true)
    try directory.files.write(
      directory.journal + "-shm", [UInt8](repeating: 0, count: 32768), exclusive: true)
    let before = try listing()
    #expect(try Journal.openForReading(directory)?.state("x") == 1)
    #expect(try listing() == before)
    // The next writer goes on from there.
    try Journal(directory: directory, access: .readWrite).setState("x", 2)
    #expect(try Journal.openForReading(directory)?.state("x") == 2)
  }

  @Test func aNewerSchemaIsRefused() throws {
    try Journal(directory: directory, access: .readWrite).setState("x", 1)
    try DatabaseQueue(path: directory.journal).inDatabase { db in
      try db.execute(sql: "PRAGMA user_version=99")
    }
    let error = #expect(throws: DSLError.self) { try Journal(directory: directory, access: .readWrite) }
    #expect(error?.code == .unsupported && error?.cause?.contains("99") == true && error?.fix != nil)
    #expect(
      #expect(throws: DSLError.self) { try Journal(directory: directory, access: .readOnly).state("x") }?.code
        == .unsupported)
  }

  /// A journal as the first program wrote it.
  private func makeOldJournal() throws {
    try directory.files.makeDirectory(directory.state)
    let old = try DatabaseQueue(path: directory.journal)
    try JournalSchema.migrations.migrate(
      old, upTo: "1 cycles, decisions, steps, undo, verifications, state")
    try old.inDatabase { db in
      try db.execute(sql: "INSERT INTO state VALUES ('x', '1'); PRAGMA user_version=1")
    }
  }

  @Test func anOlderSchemaIsReadWithoutTouchingIt() throws {
    try makeOldJournal()
    let before = try listing()
    let reader = try #require(try Journal.openForReading(directory))
    #expect(try reader.state("x") == 1)
    #expect(try reader.policyText(hash: "abc") == nil)
    #expect(try listing() == before)
  }

  @Test func aWriterUpgradesAnOlderSchema() throws {
    try makeOldJournal()
    let writer = try Journal(directory: directory, access: .readWrite)
    #expect(try writer.state("x") == 1 && writer.policyText(hash: "abc") == nil)
  }

  @Test func aDamagedStoreIsNamed() throws {
    try directory.files.makeDirectory(directory.state)
    try directory.files.write(directory.journal, Array(repeating: 0x41, count: 8192), exclusive: true)
    let error = #expect(throws: DSLError.self) { try Journal(directory: directory, access: .readWrite) }
    #expect(error?.code == .corrupt && error?.message.contains(directory.journal) == true)
  }

  @Test func processesThatOpenANewStoreTogetherAllGetIt() async throws {
    let directory = directory
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          try Journal(directory: directory, access: .readWrite).setState("k\(number)", .int(number))
        }
      }
      try await group.waitForAll()
    }
    let journal = try Journal(directory: directory, access: .readWrite)
    for number in 0..<8 { #expect(try journal.state("k\(number)") == .int(number)) }
  }

  @Test func theLogIsCutBackByACheckpoint() throws {
    let journal = try Journal(directory: directory, access: .readWrite)
    for number in 0..<50 {
      try journal.setState("k\(number)", .string(String(repeating: "x", count: 10_000)))
    }
    try journal.checkpoint()
    #expect(try directory.files.status(directory.journal + "-wal")?.size == 0)
  }
}
