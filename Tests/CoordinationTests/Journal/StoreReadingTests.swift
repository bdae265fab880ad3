import DSLBase
import GRDB
import Glibc
import Synchronization
import Testing

@testable import Coordination

/// Looking at a store while writers open it, close it, die, or have died.
@Suite struct StoreReadingTests {
  private let world: JournalWorld
  private let other: TemporaryDirectory
  /// Where a state of the store is put that a dead writer left.
  private let left: CoordinationDirectory

  init() throws {
    world = try JournalWorld()
    other = try TemporaryDirectory()
    left = CoordinationDirectory(path: other.path, files: PosixFileSystem())
    try left.files.makeDirectory(left.state)
  }

  /// What a writer would leave that dies now: its files as they are, but for the named ones.
  private func leave(_ suffixes: String...) throws {
    for suffix in suffixes {
      let bytes = try left.files.read(world.directory.journal + suffix, limit: 1 << 24)
      try left.files.write(left.journal + suffix, bytes, exclusive: true)
    }
  }

  private func stamps() -> StoreFiles { StoreFiles(left.journal) }

  @Test func aLogWithoutSharedMemoryIsRead() throws {
    try world.journal.setState("x", 1)
    try leave("", "-wal")
    let before = stamps()
    #expect(before.way == .copy)
    let reader = try #require(try Journal.openForReading(left))
    #expect(try reader.state("x") == 1)
    #expect(try reader.check().isEmpty)
    #expect(stamps() == before && access(left.journal + "-shm", F_OK) != 0, "looking leaves no trace")
  }

  @Test func aDeadWritersTransactionIsNotSeen() throws {
    let path = left.journal
    // A store in rollback mode, as on a file system without shared memory.
    #expect(symlink("/nowhere/shm", path + "-shm") == 0)
    try Journal(directory: left, access: .readWrite).setState("x", 1)
    let writer = try DatabaseQueue(path: path)
    let saved = try TemporaryDirectory()
    let dead = CoordinationDirectory(path: saved.path, files: left.files)
    try dead.files.makeDirectory(dead.state)
    try writer.inDatabase { db in
      // So small a cache that changed pages reach the file before the commit.
      try db.execute(sql: "PRAGMA cache_size=2; PRAGMA journal_mode=TRUNCATE; BEGIN IMMEDIATE")
      try db.execute(sql: "UPDATE state SET value='2' WHERE key='x'")
      for number in 0..<200 {
        try db.execute(
          sql: "INSERT INTO state VALUES (?, ?)",
          arguments: ["k\(number)", String(repeating: "y", count: 3000)])
      }
      for suffix in ["", "-journal"] {
        let bytes = try left.files.read(path + suffix, limit: 1 << 24)
        #expect(bytes.count > 4096)
        try dead.files.write(dead.journal + suffix, bytes, exclusive: true)
      }
      try db.execute(sql: "ROLLBACK")
    }
    let before = StoreFiles(dead.journal)
    let reader = try #require(try Journal.openForReading(dead))
    #expect(try reader.state("x") == 1 && reader.state("k0") == nil)
    #expect(StoreFiles(dead.journal) == before, "taking it back is for the next writer")
  }

  /// Nothing is locked by whoever reads a store that nobody writes. One that begins to write meanwhile moves pages under it.
  @Test func aReaderThatWasOvertakenReadsAgain() throws {
    try world.journal.setState("x", 1)
    try world.journal.checkpoint()
    try leave("")
    let reader = try Journal(directory: left, access: .readOnly)
    var looks = 0
    let seen = try reader.store.read { db in
      looks += 1
      let before = try String.fetchOne(db, sql: "SELECT value FROM state WHERE key='x'")
      if looks == 1 { try Journal(directory: left, access: .readWrite).setState("x", 2) }
      return before
    }
    #expect(looks == 2 && seen == "2")
  }

  /// Processes that come and go: whoever looks meanwhile never gets an error, nor a state that was not.
  @Test func aWriterThatComesAndGoesIsNoHindrance() async throws {
    let left = left
    try world.journal.setState("n", 0)
    try world.journal.checkpoint()
    try leave("")
    let isOver = MutexFlag()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<2 {
        group.addTask {
          var last = 0
          while !isOver.isSet {
            let seen = try #require(try Journal.openForReading(left)?.state("n")?.int)
            #expect(seen >= last, "time goes forward")
            last = seen
          }
        }
      }
      defer { isOver.set() }
      for number in 1...60 {
        try Journal(directory: left, access: .readWrite).setState("n", .int(number))
      }
    }
  }
}

/// Says once and for all that something is over.
private final class MutexFlag: Sendable {
  private let box = Mutex(false)
  var isSet: Bool { box.withLock { $0 } }
  func set() { box.withLock { $0 = true } }
}
