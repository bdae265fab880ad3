import DSLBase
import GRDB
import Glibc

/// Looking at a store without leaving a trace: nothing on disk changes, not even the shared memory beside the file.
///
/// Whoever looks takes no part in the locks that writers agree on, so that a writer may open, close or die in between. What
/// the files were when they were opened is compared with what they are afterwards, and one that was overtaken looks again.
extension StateDatabase {
  /// Looks before giving up; between two of them the files have changed.
  private static let lookLimit = 20
  /// Looks that wait for a writer which is just opening or closing, rather than to copy what it may be about to change.
  private static let patientLooks = 3

  /// Runs queries through a connection of their own.
  ///
  /// - Returns: `nil` when there is no store.
  func readBeside<Result>(_ body: (Database) throws -> Result) throws -> Result? {
    try lookBeside { connection in
      try connection.inDatabase { db in try Self.transaction(db, begin: "BEGIN", body) }
    }
  }

  /// Hands out a connection for reading, to be used in the call alone; perhaps another one again.
  ///
  /// - Returns: `nil` when there is no store.
  func lookBeside<Result>(_ body: (DatabaseQueue) throws -> Result) throws -> Result? {
    for look in 1... {
      let files = StoreFiles(path)
      guard files.store != nil else { return nil }
      let way = files.way
      if way == .copy, look <= Self.patientLooks {
        usleep(5_000)
        continue
      }
      do {
        let result = try connected(way, files, body)
        // Nothing is locked where nobody writes: somebody may have begun to.
        guard way == .alone, StoreFiles(path).store != files.store else { return result }
      } catch let error as DatabaseError where Self.needsCopy(error) && way != .copy {
        do {
          return try connected(.copy, files, body)
        } catch is Overtaken {}
      } catch is Overtaken {
      } catch {
        guard StoreFiles(path) != files, look < Self.lookLimit else { throw error }
      }
      guard look < Self.lookLimit else { break }
    }
    throw DSLError(
      .locked, "the \(name) \(path) changed all the time while it was read", fix: "try again later")
  }

  /// Opens the store in one of the ways, brought up to date in memory where an older program wrote it.
  ///
  /// - Returns: `nil` when there is nothing in it yet.
  private func connected<Result>(
    _ way: StoreFiles.Way, _ files: StoreFiles, _ body: (DatabaseQueue) throws -> Result
  ) throws -> Result? {
    let configuration = Self.configuration(readOnly: true, patience)
    let connection =
      way == .copy
      ? try copy(of: files)
      : try DatabaseQueue(
        path: "file:\(Self.escaped(path))?mode=ro" + way.parameter, configuration: configuration)
    let found = try connection.inDatabase { db in try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0 }
    guard found != 0 else { return nil }
    let known = knownVersion
    guard found <= known else { throw Self.newer(found, known, name: name, path: path) }
    return try body(found == known ? connection : try Self.upgradedCopy(of: connection, migrations))
  }

  /// A store of an older program, brought up to date in memory: whoever only looks need not wait for a writer to upgrade
  /// the file.
  private static func upgradedCopy(
    of original: DatabaseQueue, _ migrations: DatabaseMigrator
  ) throws -> DatabaseQueue {
    let copy = try DatabaseQueue(configuration: configuration(readOnly: false, Patience()))
    try original.backup(to: copy)
    try migrations.migrate(copy)
    return copy
  }

  /// The store in memory, with what a dead writer's log holds, or without what its rollback journal takes back: SQLite does
  /// either only where it may write, so it does it to a copy in a temporary folder.
  ///
  /// - Throws: `Overtaken` when the files changed meanwhile.
  private func copy(of files: StoreFiles) throws -> DatabaseQueue {
    let beside = try StoreCopy(of: path)
    guard StoreFiles(path) == files else { throw Overtaken() }
    let copy = try DatabaseQueue(configuration: Self.configuration(readOnly: false, Patience()))
    let configuration = Self.configuration(readOnly: false, Patience())
    try DatabaseQueue(path: beside.path, configuration: configuration).backup(to: copy)
    return copy
  }

  /// Whether SQLite would have to write before it can read: there is a dead writer's transaction to take back, or the log
  /// cannot be read for want of shared memory.
  private static func needsCopy(_ error: DatabaseError) -> Bool {
    error.resultCode == .SQLITE_READONLY || StoreMode.lacksSharedMemory(error)
  }

  /// A path as it stands in a `file:` URI.
  private static func escaped(_ path: String) -> String {
    var result = ""
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39,
        UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return result
  }
}

/// The files changed while they were copied.
private struct Overtaken: Error {}
