import DSLBase
import FoundationEssentials
import Glibc
import Synchronization

/// A directory of its own for one test, removed with everything in it at the end.
final class Scratch: Sendable {
  let path: String

  init() throws {
    var template = Array((FileManager.default.temporaryDirectory.path + "/dsl-test-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw DSLError(.io, "mkdtemp failed with \(errno)") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }
}

/// Runs a program to its end.
enum Child {
  /// Runs `arguments[0]` with its input and output in files.
  ///
  /// - Returns: the exit status, or 128 + the signal that ended it.
  static func run(_ arguments: [String], input: String, output: String) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var pid: pid_t = 0
    let failure = posix_spawnp(&pid, arguments[0], &actions, nil, pointers, environ)
    guard failure == 0 else { throw DSLError(.io, "cannot run \(arguments[0])") }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1, errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  /// An interpreter that has a module: that of `ci/setup`, or the system's.
  static func python(with module: String) -> String? {
    let candidates = [Repository.path(".build/venv/bin/python3"), "python3"]
    return candidates.first { candidate in
      let probe = [candidate, "-c", "import \(module)"]
      return (try? run(probe, input: "/dev/null", output: "/dev/null")) == 0
    }
  }
}

/// Places in the repository, from where this file is.
enum Repository {
  static func path(_ relative: String) -> String {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/") + "/" + relative
  }
}
