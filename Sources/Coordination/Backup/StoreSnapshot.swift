import DSLBase
import GRDB

/// One state of a SQLite store, kept readable while others go on writing, until it is copied or dropped.
///
/// A read transaction on a connection of its own; in WAL mode it keeps nobody from anything.
final class StoreSnapshot {
  private let connection: DatabaseQueue
  private let name: String
  private let path: String

  /// Takes hold of the state that is committed now.
  ///
  /// - Throws: `corrupt`, `io`, `locked`.
  init(_ name: String, path: String) throws(DSLError) {
    self.name = name
    self.path = path
    var configuration = Configuration()
    configuration.readonly = true
    configuration.allowsUnsafeTransactions = true
    configuration.busyMode = .timeout(10)
    do {
      connection = try DatabaseQueue(path: path, configuration: configuration)
      try connection.inDatabase { db in
        try db.execute(sql: "BEGIN")
        // The transaction begins with the first read.
        _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master")
      }
    } catch {
      throw StateDatabase.error(error, name: name, path: path)
    }
  }

  /// Reads from that state.
  func read<Result>(_ body: (Database) throws -> Result) throws(DSLError) -> Result {
    do {
      return try connection.inDatabase(body)
    } catch {
      throw StateDatabase.error(error, name: name, path: path)
    }
  }

  /// Copies that state to a new file (SQLite's online backup), and looks whether the copy is sound.
  ///
  /// - Returns: what is wrong with it; `nil` when it is sound.
  func copy(to target: String) throws(DSLError) -> String? {
    do {
      let copy = try DatabaseQueue(path: target)
      try connection.inDatabase { source in
        try copy.inDatabase { db in try source.backup(to: db) }
      }
      let finding = try copy.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA quick_check(1)") }
      try copy.close()
      return finding == "ok" ? nil : finding ?? "no answer"
    } catch {
      throw StateDatabase.error(error, name: name, path: path)
    }
  }

  /// What SQLite finds wrong with a database file that nobody uses; `nil` when it is sound.
  static func integrity(of path: String) -> String? {
    do {
      let connection = try DatabaseQueue(path: path)
      let finding = try connection.inDatabase { db in
        try String.fetchOne(db, sql: "PRAGMA integrity_check(1)")
      }
      try connection.close()
      return finding == "ok" ? nil : finding ?? "no answer"
    } catch {
      return (error as? DatabaseError)?.message ?? "\(error)"
    }
  }
}
