package import DSLBase
import Synchronization

/// Wraps a file system and writes down, in order, everything that changes it: what a crash sweep is made of.
///
/// `crashes` then tells every state in which a power failure during or after these operations may leave the disk. Commits
/// of the stores are part of the record, each with a copy of the database as it then was. Only what lies below `root` is
/// recorded, and only what succeeded. Locks leave no trace: a lock file's presence means nothing.
package final class RecordingFileSystem: DatabaseWitness {
  /// Something that changed the disk, or was said meanwhile.
  package enum Operation: Sendable, Equatable {
    /// A file got a name, without content.
    case create(String)
    /// A file's whole content was replaced.
    case write(String, [UInt8])
    /// `fsync` of a file.
    case syncFile(String)
    /// `fsync` of a directory.
    case syncDirectory(String)
    /// What has the first path has the second from now on.
    case rename(String, to: String)
    /// What has the first path has the second too.
    case link(String, to: String)
    /// What has one of the paths has the other from now on.
    case exchange(String, String)
    /// A file lost a name, or an empty directory its own.
    case remove(String)
    /// A directory was made.
    case makeDirectory(String)
    /// A transaction of a database was committed; `durable` unless a power failure may take it back.
    case commit(String, DatabaseImage, durable: Bool)
    /// Somebody was told something, which must be true from now on.
    case tell(String)
  }

  /// A database's files at the end of a transaction.
  package struct DatabaseImage: Sendable, Equatable {
    /// The database.
    package var main: [UInt8]
    /// Its write-ahead log; `nil` without one.
    package var log: [UInt8]?
  }

  package let root: String
  private let base: any FileSystem
  private let record: Mutex<[Operation]>
  /// The number of operations before each transaction that goes on.
  private let begun = Mutex<[String: Int]>([:])
  private static let largest = 1 << 28

  /// Wraps a file system.
  ///
  /// - Parameter root: the directory below which changes are recorded.
  package init(_ base: any FileSystem, root: String) {
    self.base = base
    self.root = root
    record = Mutex([])
  }

  /// What happened so far.
  package var operations: [Operation] { record.withLock { $0 } }

  /// Notes that somebody was told that something is done.
  package func tell(_ what: String) { note(.tell(what)) }

  private func note(_ operation: Operation) { record.withLock { $0.append(operation) } }

  private func isRecorded(_ path: String) -> Bool { path.hasPrefix(root + "/") || path == root }

  // MARK: Changes

  /// Recorded as a creation, where the file is new, and a write.
  package func write(_ path: String, _ content: [UInt8], exclusive: Bool) throws(FileError) {
    guard isRecorded(path) else { return try base.write(path, content, exclusive: exclusive) }
    var isNew = exclusive
    if !isNew { isNew = try base.status(path) == nil }
    if isNew {
      try base.write(path, [], exclusive: exclusive)
      note(.create(path))
      if content.isEmpty { return }
    }
    try base.write(path, content, exclusive: false)
    note(.write(path, content))
  }

  /// Recorded as a creation, where the file is new, and a write of all there is then.
  package func append(_ path: String, _ content: [UInt8]) throws(FileError) {
    guard isRecorded(path) else { return try base.append(path, content) }
    let isNew = try base.status(path) == nil
    try base.append(path, content)
    if isNew { note(.create(path)) }
    note(.write(path, try base.read(path, limit: Self.largest)))
  }

  /// Recorded.
  package func sync(file path: String) throws(FileError) {
    try base.sync(file: path)
    if isRecorded(path) { note(.syncFile(path)) }
  }

  /// Recorded.
  package func sync(directory path: String) throws(FileError) {
    try base.sync(directory: path)
    if isRecorded(path) { note(.syncDirectory(path)) }
  }

  /// Recorded.
  package func rename(_ from: String, to: String) throws(FileError) {
    try base.rename(from, to: to)
    if isRecorded(from) || isRecorded(to) { note(.rename(from, to: to)) }
  }

  /// Recorded as the rename it is.
  package func renameExclusively(_ from: String, to: String) throws(FileError) {
    try base.renameExclusively(from, to: to)
    if isRecorded(from) || isRecorded(to) { note(.rename(from, to: to)) }
  }

  /// Recorded.
  package func remove(_ path: String) throws(FileError) {
    try base.remove(path)
    if isRecorded(path) { note(.remove(path)) }
  }

  /// Recorded.
  package func link(_ from: String, to: String) throws(FileError) {
    try base.link(from, to: to)
    if isRecorded(to) { note(.link(from, to: to)) }
  }

  /// Recorded.
  package func exchange(_ first: String, _ second: String) throws(FileError) {
    try base.exchange(first, second)
    if isRecorded(first) || isRecorded(second) { note(.exchange(first, second)) }
  }

  /// Recorded.
  package func removeDirectory(_ path: String) throws(FileError) {
    try base.removeDirectory(path)
    if isRecorded(path) { note(.remove(path)) }
  }

  /// Recorded where it was not there.
  package func makeDirectory(_ path: String) throws(FileError) {
    let isNew = try base.status(path) == nil
    try base.makeDirectory(path)
    if isNew, isRecorded(path) { note(.makeDirectory(path)) }
  }

  // MARK: Databases

  /// Noted, for what is moved during the transaction.
  package func willWrite(_ database: String) throws(FileError) {
    begun.withLock { $0[database] = operations.count }
  }

  /// Nothing yet.
  package func willCommit(_ database: String) throws(FileError) {}

  /// Recorded with a copy of the files: a write-ahead log and what it is about are at rest after a commit.
  package func didWrite(_ database: String, committed: Bool, durable: Bool) {
    let first = begun.withLock { $0.removeValue(forKey: database) }
    let path = Self.place(of: database, after: operations.dropFirst(first ?? .max))
    guard committed, isRecorded(path), let image = Self.image(path, base) else { return }
    note(.commit(path, image, durable: durable))
  }

  /// Where a path leads after operations: a restore moves the tree whose queue it has begun to change.
  private static func place(of path: String, after operations: ArraySlice<Operation>) -> String {
    var path = path
    func follow(_ from: String, _ to: String) -> Bool {
      guard path.hasPrefix(from + "/") else { return false }
      path = to + path.dropFirst(from.count)
      return true
    }
    for operation in operations {
      switch operation {
      case .rename(let from, let to): _ = follow(from, to)
      case .exchange(let one, let other): if !follow(one, other) { _ = follow(other, one) }
      default: break
      }
    }
    return path
  }

  static func image(_ database: String, _ files: any FileSystem) -> DatabaseImage? {
    guard let main = try? files.read(database, limit: largest) else { return nil }
    return DatabaseImage(main: main, log: try? files.read(database + "-wal", limit: largest))
  }

  // MARK: Passed on

  /// Passed on.
  package func walk(_ directory: String, _ visit: (any WalkEntry) throws -> Void) throws {
    try base.walk(directory, visit)
  }

  /// Passed on.
  package func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }

  /// Passed on.
  package func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    try base.read(path, limit: limit)
  }

  /// Passed on.
  package func read(_ path: String, at offset: Int64, count: Int) throws(FileError) -> [UInt8] {
    try base.read(path, at: offset, count: count)
  }

  /// Passed on: permissions and times are not part of the states.
  package func setAttributes(_ path: String, _ attributes: FileAttributes) throws(FileError) {
    try base.setAttributes(path, attributes)
  }

  /// Passed on: permissions are not part of the states.
  package func adoptAttributes(of existing: String, on path: String) throws(FileError) {
    try base.adoptAttributes(of: existing, on: path)
  }

  /// Passed on.
  package func lock(_ path: String, exclusive: Bool, wait: Bool) throws(FileError) -> (any FileLock)? {
    try base.lock(path, exclusive: exclusive, wait: wait)
  }

  /// Passed on.
  package func isWritable(_ directory: String) -> Bool { base.isWritable(directory) }
}
