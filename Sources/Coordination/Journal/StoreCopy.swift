import DSLBase
import Glibc

/// A copy of a store's files in a temporary folder, away from everybody's; gone with this object.
struct StoreCopy: ~Copyable {
  private static let suffixes = ["", "-wal", "-journal"]
  private static let part = 1 << 20
  private let folder: String

  /// The copied store.
  var path: String { folder + "/store" }

  /// Copies a store with what stands beside it. Closing the files that were copied ends the locks of this process on them:
  /// none may be open here for writing.
  ///
  /// - Throws: `io`, also when the folder for temporary files (`TMPDIR`) cannot be written.
  init(of path: String) throws(DSLError) { folder = try Self.filled(from: path) }

  deinit { Self.remove(folder) }

  private static func filled(from path: String) throws(DSLError) -> String {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((parent + "/dsl-look-XXXXXX").utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    guard let made else { throw Posix.lastError("mkdtemp", parent).asDSLError }
    do throws(FileError) {
      for suffix in suffixes { try copy(path + suffix, made + "/store" + suffix) }
      return made
    } catch {
      remove(made)
      throw error.asDSLError
    }
  }

  private static func copy(_ from: String, _ to: String) throws(FileError) {
    let files = PosixFileSystem()
    guard try files.status(from) != nil else { return }
    var offset: Int64 = 0
    while true {
      let part = try files.read(from, at: offset, count: part)
      guard !part.isEmpty else { return }
      try files.append(to, part)
      offset += Int64(part.count)
    }
  }

  private static func remove(_ folder: String) {
    for suffix in suffixes + ["-shm"] { unlink(folder + "/store" + suffix) }
    rmdir(folder)
  }
}
