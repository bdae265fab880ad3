package import DSLBase
import GRDB
import Glibc
import Synchronization

/// How long a connection waits for others, in tries of at most 10 ms.
final class Patience: Sendable {
  /// About half a minute: what a change may wait for.
  static let usual = 3_000
  /// About a second: what upkeep, which can be done another time, may wait for.
  static let short = 100

  private let limit = Atomic<Int>(Patience.usual)

  /// Waits a little.
  ///
  /// - Returns: whether it is worth another try.
  func wait(_ tries: Int) -> Bool {
    usleep(UInt32(min(10_000, 100 << min(tries, 7))))
    return tries < limit.load(ordering: .relaxed)
  }

  /// Waits less while the body runs.
  func shortened<Result>(_ body: () throws(DSLError) -> Result) throws(DSLError) -> Result {
    limit.store(Self.short, ordering: .relaxed)
    defer { limit.store(Self.usual, ordering: .relaxed) }
    return try body()
  }
}

/// A store's file in numbers.
package struct StoreInfo: Sendable, Equatable {
  package var path: String
  /// Of the file and of its write-ahead log, bytes.
  package var bytes: Int64
  package var logBytes: Int64
  /// Bytes in the file that hold nothing.
  package var freeBytes: Int64
  package var schemaVersion: Int
  /// The schema version that this program writes.
  package var knownVersion: Int
  package var mode: StoreMode
  /// Rows by table, in order of name.
  package var rows: [(table: String, count: Int)]

  package init(
    path: String, bytes: Int64, logBytes: Int64, freeBytes: Int64, schemaVersion: Int, knownVersion: Int,
    mode: StoreMode, rows: [(table: String, count: Int)]
  ) {
    self.path = path
    self.bytes = bytes
    self.logBytes = logBytes
    self.freeBytes = freeBytes
    self.schemaVersion = schemaVersion
    self.knownVersion = knownVersion
    self.mode = mode
    self.rows = rows
  }

  package static func == (one: Self, other: Self) -> Bool {
    one.path == other.path && one.bytes == other.bytes && one.logBytes == other.logBytes
      && one.freeBytes == other.freeBytes && one.schemaVersion == other.schemaVersion
      && one.mode == other.mode && one.rows.elementsEqual(other.rows, by: ==)
  }
}

extension StateDatabase {
  /// Pages given back to the file system in one go, 4 MiB: some milliseconds.
  private static let pagesAtOnce = 1024

  /// Empties the write-ahead log when readers have kept it from being emptied until it outgrew its limit.
  ///
  /// SQLite reuses the log only when nobody reads; with readers that always overlap it would grow for ever. Waits about a
  /// second at most.
  ///
  /// - Returns: the log's size afterwards, bytes: above `WriteAheadLog.sizeLimit` when a reader does not let go.
  package func boundLog() throws(DSLError) -> Int64 {
    guard isWritable, Self.size(path + "-wal") > WriteAheadLog.sizeLimit else {
      return Self.size(path + "-wal")
    }
    try patience.shortened { () throws(DSLError) in try checkpoint() }
    return Self.size(path + "-wal")
  }

  /// Gives unused pages back to the file system, as many as take some milliseconds.
  package func shrink() throws(DSLError) {
    try outsideTransaction { db in
      guard try Int.fetchOne(db, sql: "PRAGMA auto_vacuum") == 2 else { return }
      try db.execute(sql: "PRAGMA incremental_vacuum(\(Self.pagesAtOnce))")
    }
  }

  /// Writes the file anew without unused pages, and empties the log.
  ///
  /// One whose tables were made before pages could be given back in parts is made able to.
  ///
  /// - Throws: `locked` when somebody else is using it all the time; `io` when there is no room for the copy.
  func compact() throws(DSLError) {
    try outsideTransaction { db in
      if givesBack { try db.execute(sql: "PRAGMA auto_vacuum=INCREMENTAL") }
      try db.execute(sql: "VACUUM")
    }
    try checkpoint()
  }

  /// The file in numbers; `nil` when there is none.
  package func info() throws(DSLError) -> StoreInfo? {
    try read { db in
      let page = try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 0
      let free = try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
      let tables = try String.fetchAll(
        db,
        sql: """
          SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'grdb_%'
          ORDER BY name
          """)
      return StoreInfo(
        path: path, bytes: Self.size(path), logBytes: Self.size(path + "-wal"), freeBytes: page * free,
        schemaVersion: try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0, knownVersion: knownVersion,
        mode: StoreMode.of(path),
        rows: try tables.map { table in
          (table, try Int.fetchOne(db, sql: "SELECT count(*) FROM \"\(table)\"") ?? 0)
        })
    }
  }

  /// What SQLite finds wrong with the file, at most `limit` lines.
  func damage(limit: Int) throws(DSLError) -> [String] {
    try read { db in
      try String.fetchAll(db, sql: "PRAGMA integrity_check(\(limit))").filter { $0 != "ok" }
    } ?? []
  }

  package static func size(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }
}
