import Coordination
import DSLBase

/// Which directory, and which state below it, stands at a path: another one after it was moved, unmounted or made anew.
struct DirectoryIdentity: Equatable {
  private var parts: [Part?]

  private struct Part: Equatable {
    var device: UInt64
    var inode: UInt64
  }

  /// - Parameter database: the one below it that is open.
  /// - Returns: `nil` when nothing is at the path, or it cannot be reached.
  init?(_ directory: CoordinationDirectory, database: String) {
    let paths = [directory.path + "/.", directory.state, database]
    parts = paths.map { path in
      guard let status = (try? directory.files.status(path)) ?? nil else { return nil }
      return Part(device: status.device, inode: status.inode)
    }
    guard parts[0] != nil else { return nil }
  }
}
