import DSLBase
import Glibc

/// Python programs that tests compare with.
enum OtherPrograms {
  /// The repository, from where this file is.
  static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  /// An interpreter that has a module: that of `ci/setup`, or the system's.
  static func python(with module: String) -> String? {
    ["\(root)/.build/venv/bin/python3", "python3"].first { candidate in
      (try? run([candidate, "-c", "import \(module)"], output: "/dev/null")) == 0
    }
  }

  /// Runs a script that stands beside the tests.
  ///
  /// - Returns: the exit status; what it printed is in `FOLDER/log`.
  static func run(_ python: String, _ script: String, _ folder: String) throws -> Int32 {
    try run(
      [python, "-W", "ignore", "\(root)/Tests/SignalStoreTests/\(script)", folder], output: folder + "/log")
  }

  private static func run(_ arguments: [String], output: String) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var pid: pid_t = 0
    guard posix_spawnp(&pid, arguments[0], &actions, nil, pointers, environ) == 0 else {
      throw DSLError(.io, "cannot run \(arguments[0])")
    }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1, errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }
}
