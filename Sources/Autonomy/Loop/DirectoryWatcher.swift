import DSLBase
import Glibc

/// Tells which entries of a directory changed since it was last asked (inotify), without waiting.
///
/// Used from one task only: the loop's.
package final class DirectoryWatcher {
  private let descriptor: Int32
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)

  /// - Throws: `io` when the kernel grants no watch: none left, or no such directory.
  package init(_ path: String) throws {
    descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    guard descriptor >= 0 else { throw Self.failure(path) }
    let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE)
    guard inotify_add_watch(descriptor, path, events) >= 0 else {
      let error = Self.failure(path)
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  private static func failure(_ path: String) -> DSLError {
    DSLError(
      .io, "\(path) cannot be watched", cause: String(cString: strerror(errno)),
      fix: "run without --watch, or raise fs.inotify.max_user_watches and max_user_instances")
  }

  /// The names that changed since the last call; `nil` when there were too many to tell.
  package func changes() -> [String]? {
    var names: [String] = []
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return names }
      var offset = 0
      while offset + MemoryLayout<inotify_event>.size <= count {
        let header = buffer.withUnsafeBytes {
          $0.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
        }
        if header.mask & UInt32(IN_Q_OVERFLOW) != 0 { return nil }
        let start = offset + MemoryLayout<inotify_event>.size
        let name = buffer[start..<start + Int(header.len)].prefix { $0 != 0 }
        names.append(String(decoding: name, as: UTF8.self))
        offset = start + Int(header.len)
      }
    }
  }
}
