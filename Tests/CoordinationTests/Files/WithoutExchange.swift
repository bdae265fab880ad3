import Coordination
import DSLBase

/// A file system that cannot exchange two names, as NFS, FUSE and old kernels: the rest is the real one's.
struct WithoutExchange: FileSystem {
  let base = PosixFileSystem()

  func walk(_ directory: String, _ visit: (any WalkEntry) throws -> Void) throws {
    try base.walk(directory, visit)
  }
  func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }
  func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] { try base.read(path, limit: limit) }
  func read(_ path: String, at offset: Int64, count: Int) throws(FileError) -> [UInt8] {
    try base.read(path, at: offset, count: count)
  }
  func write(_ path: String, _ content: [UInt8], exclusive: Bool) throws(FileError) {
    try base.write(path, content, exclusive: exclusive)
  }
  func append(_ path: String, _ content: [UInt8]) throws(FileError) { try base.append(path, content) }
  func adoptAttributes(of existing: String, on path: String) throws(FileError) {
    try base.adoptAttributes(of: existing, on: path)
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
  func link(_ from: String, to: String) throws(FileError) { try base.link(from, to: to) }
  func setAttributes(_ path: String, _ attributes: FileAttributes) throws(FileError) {
    try base.setAttributes(path, attributes)
  }
  func removeDirectory(_ path: String) throws(FileError) { try base.removeDirectory(path) }
}
