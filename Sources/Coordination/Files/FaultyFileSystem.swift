public import DSLBase
import Glibc
import Synchronization

/// Wraps a file system, counts its operations and lets one or all from one on fail.
///
/// A test that runs once for every n finds what is left behind when the n-th step does not happen: with `.failing` the code
/// sees the error and can tidy up, with `.crashing` nothing more reaches the disk, as after `kill -9`.
public final class FaultyFileSystem: DatabaseWitness {
  /// What goes wrong.
  public enum Fault: Sendable, Equatable {
    /// Nothing; operations are only counted.
    case none
    /// The operation of this number (from 1) fails with an `errno` and does nothing; later ones work.
    case failing(operation: Int, errno: Int32)
    /// The operation of this number and all later ones fail and do nothing.
    case crashing(operation: Int)
  }

  private let base: any FileSystem
  private let fault: Fault
  private let performed = Mutex<[String]>([])

  /// Wraps a file system.
  public init(_ base: any FileSystem, _ fault: Fault = .none) {
    self.base = base
    self.fault = fault
  }

  /// The operations so far, failed ones included, as "name path", in order.
  public var operations: [String] { performed.withLock { $0 } }

  fileprivate func step(_ operation: String, _ path: String) throws(FileError) {
    let number = performed.withLock { log in
      log.append("\(operation) \(path)")
      return log.count
    }
    switch fault {
    case .none: return
    case .failing(let failing, let errno):
      if number == failing { throw Posix.error(operation, path, errno) }
    case .crashing(let first):
      if number >= first { throw Posix.error(operation, path, EIO) }
    }
  }

  /// Counts one operation for the walk and one for each status or read of an entry.
  public func walk(_ directory: String, _ visit: (any WalkEntry) throws -> Void) throws {
    try step("walk", directory)
    try base.walk(directory) { entry in try visit(FaultyWalkEntry(entry, self, directory)) }
  }

  /// Counted, then passed on.
  public func status(_ path: String) throws(FileError) -> FileStatus? {
    try step("status", path)
    return try base.status(path)
  }

  /// Counted, then passed on.
  public func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    try step("read", path)
    return try base.read(path, limit: limit)
  }

  /// Two operations: creating the file, then writing into it, so that a fault between them leaves an empty file.
  public func write(_ path: String, _ content: [UInt8], exclusive: Bool) throws(FileError) {
    try step("create", path)
    try base.write(path, [], exclusive: exclusive)
    try step("write", path)
    try base.write(path, content, exclusive: false)
  }

  /// Counted, then passed on.
  public func append(_ path: String, _ content: [UInt8]) throws(FileError) {
    try step("append", path)
    try base.append(path, content)
  }

  /// Counted, then passed on.
  public func adoptAttributes(of existing: String, on path: String) throws(FileError) {
    try step("chmod", path)
    try base.adoptAttributes(of: existing, on: path)
  }

  /// Counted, then passed on.
  public func sync(file path: String) throws(FileError) {
    try step("fsync", path)
    try base.sync(file: path)
  }

  /// Counted, then passed on.
  public func sync(directory path: String) throws(FileError) {
    try step("fsync", path)
    try base.sync(directory: path)
  }

  /// Counted, then passed on.
  public func rename(_ from: String, to: String) throws(FileError) {
    try step("rename", from)
    try base.rename(from, to: to)
  }

  /// Counted, then passed on.
  public func renameExclusively(_ from: String, to: String) throws(FileError) {
    try step("renameat2", to)
    try base.renameExclusively(from, to: to)
  }

  /// Counted, then passed on.
  public func remove(_ path: String) throws(FileError) {
    try step("unlink", path)
    try base.remove(path)
  }

  /// Counted, then passed on.
  public func makeDirectory(_ path: String) throws(FileError) {
    try step("mkdir", path)
    try base.makeDirectory(path)
  }

  /// Counted, then passed on.
  public func lock(_ path: String, exclusive: Bool, wait: Bool) throws(FileError) -> (any FileLock)? {
    try step("flock", path)
    return try base.lock(path, exclusive: exclusive, wait: wait)
  }

  /// Counted, then passed on.
  public func read(_ path: String, at offset: Int64, count: Int) throws(FileError) -> [UInt8] {
    try step("read", path)
    return try base.read(path, at: offset, count: count)
  }

  /// Counted, then passed on.
  public func link(_ from: String, to: String) throws(FileError) {
    try step("link", to)
    try base.link(from, to: to)
  }

  /// Counted, then passed on.
  public func exchange(_ first: String, _ second: String) throws(FileError) {
    try step("renameat2", second)
    try base.exchange(first, second)
  }

  /// Counted, then passed on.
  public func setAttributes(_ path: String, _ attributes: FileAttributes) throws(FileError) {
    try step("chmod", path)
    try base.setAttributes(path, attributes)
  }

  /// Counted, then passed on.
  public func removeDirectory(_ path: String) throws(FileError) {
    try step("rmdir", path)
    try base.removeDirectory(path)
  }

  /// Passed on without being counted: nothing is done yet.
  package func willWrite(_ database: String) throws(FileError) {
    try (base as? any DatabaseWitness)?.willWrite(database)
  }

  /// Counted, then passed on: a commit of a database is one operation.
  package func willCommit(_ database: String) throws(FileError) {
    try step("commit", database)
    try (base as? any DatabaseWitness)?.willCommit(database)
  }

  /// Passed on.
  package func didWrite(_ database: String, committed: Bool, durable: Bool) {
    (base as? any DatabaseWitness)?.didWrite(database, committed: committed, durable: durable)
  }

  /// Passed on without being counted: it cannot fail.
  public func isWritable(_ directory: String) -> Bool { base.isWritable(directory) }
}

private final class FaultyWalkEntry: WalkEntry {
  private let base: any WalkEntry
  private let owner: FaultyFileSystem
  private let directory: String

  init(_ base: any WalkEntry, _ owner: FaultyFileSystem, _ directory: String) {
    self.base = base
    self.owner = owner
    self.directory = directory
  }

  var name: UnsafeBufferPointer<UInt8> { base.name }

  func status() throws(FileError) -> FileStatus {
    try owner.step("status", path)
    return try base.status()
  }

  func read(into buffer: inout [UInt8], limit: Int) throws(FileError) {
    try owner.step("read", path)
    try base.read(into: &buffer, limit: limit)
  }

  private var path: String { "\(directory)/\(String(decoding: name, as: UTF8.self))" }
}
