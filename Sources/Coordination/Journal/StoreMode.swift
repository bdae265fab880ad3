import DSLBase
import GRDB
import Glibc

/// How a store keeps a change until it is whole.
package enum StoreMode: String, Sendable {
  /// In a write-ahead log beside the file: readers and a writer do not wait for each other. Needs memory that processes
  /// share through the file system.
  case log = "wal"
  /// In a rollback journal: for file systems without shared memory. Readers and writers wait for each other.
  case rollback

  /// The mode of the store at a path, by the rollback journal that stands beside it (`hold`).
  ///
  /// The store itself is not opened for it: closing it would end every lock that this process has on it
  /// (https://sqlite.org/howtocorrupt.html, section 2.2).
  static func of(_ path: String) -> StoreMode { access(path + "-journal", F_OK) == 0 ? .rollback : .log }

  /// Brings a connection into the best mode that there is.
  ///
  /// - Parameters:
  ///   - connection: replaced where it could not go on.
  ///   - isNew: whether nobody else has the store yet, so that any failure to make a log may mean that there can be none.
  static func settle(
    _ connection: inout DatabaseQueue, _ path: String, _ configuration: Configuration, isNew: Bool
  ) throws -> StoreMode {
    func set(_ mode: String) throws -> String? {
      try connection.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA journal_mode\(mode)") }
    }
    if try set("") == log.rawValue { return .log }
    if of(path) == .log {
      do {
        if try set("=WAL") == log.rawValue {
          // The shared memory is made by the first look, not by the change of mode.
          try connection.inDatabase { db in _ = try Row.fetchOne(db, sql: "SELECT 1 FROM sqlite_master") }
          return .log
        }
      } catch {
        guard lacksSharedMemory(error, isNew: isNew) else { throw error }
        try connection.close()
        try leaveLog(path, configuration)
        connection = try DatabaseQueue(path: path, configuration: configuration)
      }
    }
    _ = try set("=TRUNCATE")
    hold(path)
    return .rollback
  }

  /// Whether an error says that there is no shared memory to be had on that file system.
  static func lacksSharedMemory(_ error: any Error, isNew: Bool = false) -> Bool {
    guard let error = error as? DatabaseError else { return false }
    switch error.extendedResultCode {
    case .SQLITE_IOERR_SHMOPEN, .SQLITE_IOERR_SHMMAP, .SQLITE_IOERR_SHMLOCK: return true
    default: return isNew && error.resultCode == .SQLITE_CANTOPEN
    }
  }

  /// Takes a store out of the mode that needs shared memory, what its log holds included.
  ///
  /// With exclusive locking SQLite keeps the log's index in its own memory (https://sqlite.org/wal.html#noshm). Another
  /// process that has the store open makes this fail.
  static func leaveLog(_ path: String, _ configuration: Configuration) throws {
    var configuration = configuration
    configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA locking_mode=EXCLUSIVE") }
    let connection = try DatabaseQueue(path: path, configuration: configuration)
    try connection.inDatabase { db in _ = try String.fetchOne(db, sql: "PRAGMA journal_mode=DELETE") }
    try connection.close()
  }

  /// Makes the empty rollback journal that tells readers to lock; writers empty it instead of removing it.
  private static func hold(_ path: String) {
    var status = stat()
    let mode = stat(path, &status) == 0 ? status.st_mode & 0o777 : 0o644
    let file = open(path + "-journal", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode)
    if file >= 0 { close(file) }
  }
}
