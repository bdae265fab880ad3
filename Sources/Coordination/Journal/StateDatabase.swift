package import DSLBase
package import GRDB
import GRDBSQLite
import Glibc
import Synchronization

/// How a store of ours is opened.
package enum StateAccess: Sendable {
  /// Created when it does not exist; changes are durable.
  case readWrite
  /// Nothing is created, written or locked; works on a read-only file system and without `.dsl`.
  case readOnly
}

/// How sure a commit is to outlive a power failure.
package enum Durability: String, Sendable {
  /// The write-ahead log reaches the disk before the commit returns.
  case full = "FULL"
  /// The log is written, and reaches the disk with the next full commit or checkpoint. Never corrupts; for what may be
  /// lost with the power because everything it is about is lost with it, or can be found out again.
  case normal = "NORMAL"
}

/// One SQLite file of ours: opening, schema, transactions and errors, the same for the journal and the queue.
///
/// Writing holds one connection for the life of the object. Reading only opens one for each call, so that no snapshot
/// grows old and a store that appears later is seen.
package final class StateDatabase: Sendable {
  /// The file.
  package let path: String
  /// What it is called in messages: "journal", "queue".
  let name: String
  private let connection: DatabaseQueue?
  /// How long this object waits for other processes.
  let patience = Patience()
  /// How changes are kept; what a writer found when it opened.
  private let mode: StoreMode
  /// What the connection is set to.
  private let durability = Mutex<Durability?>(nil)
  /// The write-ahead log of a store that is written.
  private let log: WriteAheadLog
  /// All versions of its schema, oldest first.
  let migrations: DatabaseMigrator
  /// Whether unused pages can be given back in small parts.
  let givesBack: Bool
  /// The schema version that this program knows.
  var knownVersion: Int { migrations.migrations.count }
  /// Who wants to know of transactions that write.
  private let witness: (any DatabaseWitness)?

  /// Opens a store, creating or upgrading it when it may be written.
  ///
  /// - Parameters:
  ///   - directory: the coordination directory it belongs to.
  ///   - migrations: all versions of its schema, oldest first; append-only.
  ///   - givesBack: whether unused pages can be given back in small parts (`shrink`), which costs a little with each page.
  /// - Throws: `unsupported` when a newer program wrote it; `corrupt`, `io`, `locked`.
  package init(
    _ name: String, path: String, directory: CoordinationDirectory, access: StateAccess,
    migrations: DatabaseMigrator, givesBack: Bool = false
  ) throws(DSLError) {
    self.path = path
    self.name = name
    let log = WriteAheadLog(path: path + "-wal")
    self.log = log
    self.migrations = migrations
    self.givesBack = givesBack
    witness = directory.files as? any DatabaseWitness
    guard access == .readWrite else {
      connection = nil
      mode = StoreMode.of(path)
      return
    }
    do {
      try AtomicFile.makeDirectory(directory.files, directory.state)
      var connection = try Self.opened(path, patience)
      let settle = { [patience] (connection: inout DatabaseQueue, isNew: Bool) in
        try StoreMode.settle(
          &connection, path, Self.configuration(readOnly: false, patience), isNew: isNew)
      }
      try Self.migrate(&connection, migrations, directory, name: name, path: path) { connection, isNew in
        if isNew, givesBack {
          // Before the first page is written; later only `compact` can change it.
          try connection.inDatabase { db in try db.execute(sql: "PRAGMA auto_vacuum=INCREMENTAL") }
        }
        _ = try settle(&connection, isNew)
      }
      mode = try settle(&connection, false)
      connection.inDatabase { db in log.watch(db) }
      self.connection = connection
    } catch {
      throw Self.error(error, name: name, path: path)
    }
  }

  /// Opens the file. One that needs shared memory where there is none is taken out of that mode first.
  private static func opened(_ path: String, _ patience: Patience) throws -> DatabaseQueue {
    let configuration = configuration(readOnly: false, patience)
    do {
      return try DatabaseQueue(path: path, configuration: configuration)
    } catch {
      guard StoreMode.lacksSharedMemory(error) else { throw error }
      try StoreMode.leaveLog(path, configuration)
      return try DatabaseQueue(path: path, configuration: configuration)
    }
  }

  private init(name: String, path: String, connection: DatabaseQueue, migrations: DatabaseMigrator) {
    self.name = name
    self.path = path
    log = WriteAheadLog(path: path + "-wal")
    mode = .log
    givesBack = false
    witness = nil
    self.connection = connection
    self.migrations = migrations
  }

  /// Whether this object may write.
  package var isWritable: Bool { connection != nil }

  /// Runs a transaction that takes the write lock at once; what `body` throws rolls it back.
  ///
  /// - Throws: what `body` throws; `invalidState` on a store opened for reading.
  package func write<Result>(
    _ durability: Durability, _ body: (Database) throws -> Result
  ) throws(DSLError) -> Result {
    guard let connection else {
      throw DSLError(.invalidState, "the \(name) was opened for reading only", cause: path)
    }
    do {
      // Without a log a commit that is not synced may leave the file torn.
      let durability = mode == .rollback ? .full : durability
      try witness?.willWrite(path)
      var committed = false
      defer { witness?.didWrite(path, committed: committed, durable: durability == .full) }
      let result = try connection.inDatabase { db in
        try requirePlace(db)
        if self.durability.withLock({ $0 }) != durability {
          try db.execute(sql: "PRAGMA synchronous=\(durability.rawValue)")
          self.durability.withLock { $0 = durability }
        }
        return try Self.transaction(db, begin: "BEGIN IMMEDIATE") { db in
          log.reserve()
          let result = try body(db)
          try witness?.willCommit(path)
          return result
        }
      }
      committed = true
      return result
    } catch {
      throw Self.error(error, name: name, path: path)
    }
  }

  /// Runs statements that SQLite does not take within a transaction; nothing on a store opened for reading.
  func outsideTransaction(_ body: (Database) throws -> Void) throws(DSLError) {
    do {
      try connection?.inDatabase(body)
    } catch {
      throw Self.error(error, name: name, path: path)
    }
  }

  /// Whether the file that is open is still the one at the path. One that was moved away or removed, with its directory or
  /// without, is written no more: whoever finds it again would not expect it to have changed.
  ///
  /// - Throws: `gone`.
  private func requirePlace(_ db: Database) throws {
    var moved: Int32 = 0
    guard sqlite3_file_control(db.sqliteConnection, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK,
      moved != 0
    else { return }
    throw DSLError(
      .gone, "the \(name) \(path) was moved or removed while it was open",
      fix: "open it again where it is now; a loop and an agent do so by themselves")
  }

  /// Runs queries on one consistent snapshot.
  ///
  /// - Parameter body: may run more than once, and only its last result counts.
  /// - Returns: `nil` when the store does not exist.
  /// - Throws: what `body` throws; `corrupt`, `io`, `locked`.
  package func read<Result>(_ body: (Database) throws -> Result) throws(DSLError) -> Result? {
    do {
      guard let connection else { return try readBeside(body) }
      return try connection.inDatabase { db in
        try requirePlace(db)
        return try Self.transaction(db, begin: "BEGIN", body)
      }
    } catch {
      throw Self.error(error, name: name, path: path)
    }
  }

  /// A transaction by prepared statements; GRDB's own are compiled anew each time.
  static func transaction<Result>(
    _ db: Database, begin: String, _ body: (Database) throws -> Result
  ) throws -> Result {
    try db.run(begin)
    do {
      let result = try body(db)
      try db.run("COMMIT")
      return result
    } catch {
      // SQLite itself may have ended it, and what went wrong first is what counts.
      if db.isInsideTransaction { try? db.run("ROLLBACK") }
      throw error
    }
  }

  /// Moves what the write-ahead log holds into the file and empties the log, unless somebody is reading.
  func checkpoint() throws(DSLError) {
    guard let connection else { return }
    do {
      try connection.inDatabase { db in _ = try db.checkpoint(.truncate) }
      log.emptied()
    } catch {
      if let error = error as? DatabaseError, error.resultCode == .SQLITE_BUSY { return }
      throw Self.error(error, name: name, path: path)
    }
  }

  static func newer(_ found: Int, _ known: Int, name: String, path: String) -> DSLError {
    DSLError(
      .unsupported, "the \(name) \(path) was written by a newer program",
      cause: "its schema has version \(found); this program, dsl \(DSLVersion.current), knows \(known)",
      fix:
        "use the newer program, or move the file away together with its -wal and -shm files to begin a new one"
    )
  }

  static func configuration(readOnly: Bool, _ patience: Patience) -> Configuration {
    var configuration = Configuration()
    configuration.readonly = readOnly
    configuration.foreignKeysEnabled = false
    configuration.busyMode = .callback { tries in patience.wait(tries) }
    guard !readOnly else { return configuration }
    configuration.prepareDatabase { db in
      try db.execute(
        sql: "PRAGMA journal_size_limit=\(WriteAheadLog.sizeLimit)")
    }
    return configuration
  }

  /// How long another process may take to change the schema before it is not waited for any more, in seconds.
  private static var schemaPatience: Double { 60 }

  /// Brings the schema up to date. `user_version` counts the migrations, so that opening an up-to-date store costs one
  /// look; a lock keeps processes that open a new store at the same time apart.
  ///
  /// - Parameter prepare: runs before the first change of the schema; told whether the store is new.
  private static func migrate(
    _ connection: inout DatabaseQueue, _ migrations: DatabaseMigrator, _ directory: CoordinationDirectory,
    name: String, path: String, prepare: (inout DatabaseQueue, Bool) throws -> Void
  ) throws {
    func version() throws -> Int {
      try connection.inDatabase { db in try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0 }
    }
    let wanted = migrations.migrations.count
    guard try version() != wanted else { return }
    let schema = directory.state + "/schema.lock"
    guard let lock = try directory.files.lock(schema, exclusive: true, within: schemaPatience) else {
      throw DSLError.held(schema, "the tables of the \(name)", seconds: schemaPatience)
    }
    defer { lock.unlock() }
    let found = try version()
    guard found <= wanted else { throw newer(found, wanted, name: name, path: path) }
    try prepare(&connection, found == 0)
    try migrations.migrate(connection)
    try connection.inDatabase { db in try db.execute(sql: "PRAGMA user_version=\(wanted)") }
  }

  /// What users see of an error from below.
  static func error(_ error: any Error, name: String, path: String) -> DSLError {
    switch error {
    case let error as DSLError: return error
    case let error as FileError: return error.asDSLError
    case let error as DatabaseError:
      let cause = "SQLite: \(error.message ?? "error") (\(error.extendedResultCode.rawValue))"
      switch error.resultCode {
      case .SQLITE_CORRUPT, .SQLITE_NOTADB:
        return DSLError(
          .corrupt, "the \(name) \(path) is damaged", cause: cause,
          fix: "move it away together with its -wal and -shm files, or restore it from a backup")
      case .SQLITE_BUSY, .SQLITE_LOCKED:
        return DSLError(
          .locked, "the \(name) \(path) is in use by another process", cause: cause, fix: "try again later")
      case .SQLITE_CONSTRAINT where error.extendedResultCode == .SQLITE_CONSTRAINT_TRIGGER:
        return DSLError(
          .invalidState, "the \(name) takes no changes: \(error.message ?? "a trigger refuses them")",
          fix: "start the program again, so that it works on the directory that is there now")
      case .SQLITE_FULL:
        return DSLError(.io, "no space left for the \(name) \(path)", cause: cause, fix: "free some space")
      case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
        return DSLError(
          .io, "cannot write the \(name) \(path)", cause: cause,
          fix: "make the directory writable for this user, or use a command that only reads")
      case .SQLITE_IOERR:
        return DSLError(.io, "cannot use the \(name) \(path)", cause: cause, fix: "check the disk")
      default: return DSLError(.internalError, "the \(name) \(path) failed", cause: cause)
      }
    default: return DSLError(.internalError, "the \(name) \(path) failed", cause: "\(error)")
    }
  }
}

extension StateDatabase {
  /// A copy in memory of a store as it is now, that may be changed without anybody seeing it; an empty one when there is
  /// no store.
  ///
  /// - Throws: `corrupt`, `io`, `unsupported`.
  convenience init(copying original: StateDatabase, migrations: DatabaseMigrator) throws(DSLError) {
    do {
      let copy = try DatabaseQueue(configuration: Self.configuration(readOnly: false, Patience()))
      let found: Void? = try original.lookBeside { source in try source.backup(to: copy) }
      if found == nil { try migrations.migrate(copy) }
      self.init(name: original.name, path: original.path, connection: copy, migrations: migrations)
    } catch {
      throw Self.error(error, name: original.name, path: original.path)
    }
  }
}
