import DSLBase
import FoundationEssentials
import GRDB

/// Keeps the index in `.dsl/index.sqlite`: one row a shard, nothing else.
///
/// SQLite brings atomic replacement of single shards and several processes at once. Nothing in it is precious: it is
/// written without waiting for the disk, and whatever is wrong with it becomes a note and a slower scan.
struct RecordIndexStore {
  /// Marks the file as ours: "dslx".
  private static let applicationID: Int32 = 0x6473_6C78

  let directory: CoordinationDirectory
  let assumedOffset: Int

  /// The index as it was last written; empty when there is none that can be used.
  func load() -> RecordIndex {
    guard isOnDisk(directory.index) else { return RecordIndex() }
    var notes: [String] = []
    var entries: [IndexEntry] = []
    do {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(0.2)
      let database = try DatabaseQueue(path: directory.index, configuration: configuration)
      let unusable = try database.read { db in
        guard try Self.isOurs(db) else { return -1 }
        entries.reserveCapacity(try Self.capacity(db))
        return try readShards(db, into: &entries)
      }
      if unusable < 0 { notes.append("the index was ignored: \(shown) is not one of this program") }
      if unusable > 0 {
        notes.append("\(unusable) parts of the index were ignored: damaged or of another version")
      }
    } catch {
      entries = []
      notes.append("the index was ignored: \(shown): \(Self.reason(error))")
    }
    return RecordIndex(entries, notes: notes)
  }

  /// Writes the shards that changed. A failure becomes a note.
  func save(_ index: inout RecordIndex) {
    let changed = index.changedShards()
    guard !changed.isEmpty else { return }
    do {
      try AtomicFile.makeDirectory(directory.files, directory.state)
      guard isOnDisk(directory.state) else { return }
      do {
        try write(changed)
      } catch let error as DatabaseError where Self.isDamage(error) {
        try directory.files.remove(directory.index)
        try write(changed)
      }
    } catch {
      index.note("the index was not written: \(shown): \(Self.reason(error))")
    }
  }

  // MARK: SQLite

  private func readShards(_ db: Database, into entries: inout [IndexEntry]) throws -> Int {
    var unusable = 0
    let rows = try Row.fetchCursor(db, sql: "SELECT data FROM shard ORDER BY id")
    while let row = try rows.next() {
      let isGood = try row.withUnsafeData(atIndex: 0) { data in
        data?.withUnsafeBytes { IndexShard.unpack($0, assumedOffset: assumedOffset, into: &entries) } ?? false
      }
      if !isGood { unusable += 1 }
    }
    return unusable
  }

  private func write(_ shards: [(shard: Int, entries: [IndexEntry])]) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(0.2)
    configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA synchronous = OFF") }
    let database = try DatabaseQueue(path: directory.index, configuration: configuration)
    try database.writeWithoutTransaction { db in
      try db.inTransaction(.immediate) {
        if try !Self.isOurs(db) {
          guard try Self.isEmpty(db) else { throw DatabaseError(resultCode: .SQLITE_NOTADB) }
          try db.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
          try db.execute(sql: "CREATE TABLE shard (id INTEGER PRIMARY KEY, data BLOB NOT NULL)")
        }
        for (shard, entries) in shards {
          let data = Data(IndexShard.pack(entries, assumedOffset: assumedOffset))
          try db.execute(sql: "INSERT OR REPLACE INTO shard VALUES (?, ?)", arguments: [shard, data])
        }
        return .commit
      }
    }
  }

  private static func isOurs(_ db: Database) throws -> Bool {
    try Int32.fetchOne(db, sql: "PRAGMA application_id") == applicationID
  }

  private static func isEmpty(_ db: Database) throws -> Bool {
    try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
  }

  private static func capacity(_ db: Database) throws -> Int {
    try Int.fetchOne(db, sql: "SELECT sum(length(data)) FROM shard").map { $0 / IndexEntry.size } ?? 0
  }

  private static func isDamage(_ error: DatabaseError) -> Bool {
    error.resultCode == .SQLITE_NOTADB || error.resultCode == .SQLITE_CORRUPT
  }

  private static func reason(_ error: any Error) -> String {
    (error as? DatabaseError).map { $0.message ?? "\($0.resultCode)" } ?? "\(error)"
  }

  private var shown: String { FileName.shown(directory.index) }

  /// Whether a path is on the machine's file system, where SQLite would find it: a directory in memory has no index.
  private func isOnDisk(_ path: String) -> Bool {
    guard let seen = try? directory.files.status(path), let real = try? PosixFileSystem().status(path) else {
      return false
    }
    return seen.inode == real.inode && seen.kind == real.kind
  }
}
