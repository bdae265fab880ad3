import DSLBase
import Glibc
import Synchronization

/// The Python package's tuning, as a child process: Optuna's.
enum PythonTuning {
  /// A Python that has Optuna and the package; nil where there is none.
  ///
  /// - Parameter wanted: the interpreter that was asked for; `python3` on PATH without it.
  /// - Throws: `cancelled` after a signal.
  static func interpreter(_ wanted: String?) throws -> String? {
    let python = wanted ?? "python3"
    do {
      return try run(python, ["-c", "import optuna, resonetics.tune"], quiet: true).status == 0 ? python : nil
    } catch let error as DSLError where error.code == .unsupported {
      return nil
    }
  }

  /// The program that runs; 0 for none.
  private static let child = Atomic<pid_t>(0)
  /// The signal that was to end us; 0 for none.
  private static let received = Atomic<Int32>(0)

  /// Has SIGTERM and SIGINT end the program and not us, so that it can note what it was at. What comes from a terminal reaches
  /// it without us.
  private static func passOnSignals() {
    // Made before a handler looks at them.
    _ = (child.load(ordering: .relaxed), received.load(ordering: .relaxed))
    var action = sigaction()
    action.sa_flags = SA_SIGINFO | SA_RESTART
    action.__sigaction_handler.sa_sigaction = { number, info, _ in
      PythonTuning.received.store(number, ordering: .sequentiallyConsistent)
      let pid = PythonTuning.child.load(ordering: .sequentiallyConsistent)
      if pid > 0, info?.pointee.si_code ?? 0 <= 0 { kill(pid, number) }
    }
    for number in [SIGTERM, SIGINT] { sigaction(number, &action, nil) }
  }

  /// Runs a program to its end. Its stderr is ours, so that its progress is seen; signals that we get go to it.
  ///
  /// - Returns: what it wrote to stdout, and its exit status; 128 and the signal where one ended it.
  /// - Throws: `unsupported` where it cannot be started; `cancelled` after a signal, when it has ended.
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
    passOnSignals()
    defer { for number in [SIGTERM, SIGINT] { signal(number, SIG_DFL) } }
    var pid: pid_t = 0
    let refused = posix_spawnp(&pid, program, &actions, nil, words, environ)
    close(ends[1])
    defer { close(ends[0]) }
    guard refused == 0 else {
      throw DSLError(
        .unsupported, "cannot start \(program)", cause: String(cString: strerror(refused)),
        fix: "give an interpreter to --python")
    }
    child.store(pid, ordering: .sequentiallyConsistent)
    let early = received.load(ordering: .sequentiallyConsistent)
    if early != 0 { kill(pid, early) }
    let output = rest(of: ends[0])
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    child.store(0, ordering: .sequentiallyConsistent)
    guard received.load(ordering: .relaxed) == 0 else {
      throw DSLError(.cancelled, "stopped on request", fix: "the same call goes on")
    }
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
