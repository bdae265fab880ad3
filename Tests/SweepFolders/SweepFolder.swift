import DSLBase
import Glibc

/// A directory of its own for one state of a sweep, in memory where the machine offers that: what is proved does not need a
/// disk, and one would take most of the time. Removed at the end.
package final class SweepFolder: Sendable {
  package let path: String

  /// - Throws: `io` when there is no place for one.
  package init() throws {
    let base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(base)/dsl-sweep-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
      throw DSLError(.io, "there is no place for a directory below \(base)", fix: "make room there")
    }
    path = String(cString: made)
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    if let directory = opendir(path) {
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard name != ".", name != ".." else { continue }
        if unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
      }
      closedir(directory)
    }
    rmdir(path)
  }
}
