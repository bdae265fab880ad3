import DSLBase
import Glibc

/// The Python package's tuning, as a child process: Optuna's.
enum PythonTuning {
  /// A Python that has Optuna and the package; nil where there is none.
  ///
  /// - Parameter wanted: the interpreter that was asked for; `python3` on PATH without it.
  static func interpreter(_ wanted: String?) throws -> String? {
    let python = wanted ?? "python3"
    let found = try? run(python, ["-c", "import optuna, resonetics.tune"], quiet: true)
    return found?.status == 0 ? python : nil
  }

  /// Runs a program to its end. Its stderr is ours, so that its progress is seen, and signals of a terminal reach it.
  ///
  /// - Returns: what it wrote to stdout, and its exit status; 128 and the signal where one ended it.
  /// - Throws: `unsupported` where it cannot be started.
  static func run(_ program: String, _ arguments: [String], quiet: Bool = false) throws
    -> (output: [UInt8], status: Int32)
  {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw DSLError(.io, "no pipe to \(program)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    if quiet { posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) }
    var words = ([program] + arguments).map { strdup($0) }
    defer { for word in words { free(word) } }
    words.append(nil)
    var pid: pid_t = 0
    let refused = posix_spawnp(&pid, program, &actions, nil, words, environ)
    close(ends[1])
    defer { close(ends[0]) }
    guard refused == 0 else {
      throw DSLError(
        .unsupported, "cannot start \(program)", cause: String(cString: strerror(refused)),
        fix: "give an interpreter to --python")
    }
    let output = rest(of: ends[0])
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return (output, status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F)
  }

  private static func rest(of descriptor: Int32) -> [UInt8] {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return output }
      output += buffer[..<count]
    }
  }
}
