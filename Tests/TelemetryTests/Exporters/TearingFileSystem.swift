import Coordination
import DSLBase
import Glibc
import Synchronization

/// A file system in memory on which one append writes half of its bytes and then fails, as a full disk does.
final class TearingFileSystem: FileSystem {
  private let base = InMemoryFileSystem()
  private let tearing = Mutex(false)

  /// Makes the next append fail half-way.
  func tear() { tearing.withLock { $0 = true } }

  func append(_ path: String, _ content: [UInt8]) throws(FileError) {
    let tear = tearing.withLock { tearing in
      // The lock file is made by an append of nothing.
      defer { if !content.isEmpty { tearing = false } }
      return tearing && !content.isEmpty
    }
    try base.append(path, tear ? Array(content.prefix(content.count / 2)) : content)
    if tear { throw FileError("write", path, errno: ENOSPC, reason: "No space left on device") }
  }

  func walk(_ directory: String, _ visit: (any WalkEntry) throws -> Void) throws {
    try base.walk(directory, visit)
  }
  func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }
  func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] { try base.read(path, limit: limit) }
  func write(_ path: String, _ content: [UInt8], exclusive: Bool) throws(FileError) {
    try base.write(path, content, exclusive: exclusive)
  }
  func sync(file path: String) throws(FileError) { try base.sync(file: path) }
  func sync(directory path: String) throws(FileError) { try base.sync(directory: path) }
  func rename(_ from: String, to: String) throws(FileError) { try base.rename(from, to: to) }
  func renameExclusively(_ from: String, to: String) throws(FileError) {
    try base.renameExclusively(from, to: to)
  }
  func remove(_ path: String) throws(FileError) { try base.remove(path) }
  func makeDirectory(_ path: String) throws(FileError) { try base.makeDirectory(path) }
  func lock(_ path: String, exclusive: Bool, wait: Bool) throws(FileError) -> (any FileLock)? {
    try base.lock(path, exclusive: exclusive, wait: wait)
  }
  func isWritable(_ directory: String) -> Bool { base.isWritable(directory) }
}
