import CLinux
import DSLBase
import Glibc

/// Processes of this machine, by `posix_spawn` and /proc.
///
/// swift-subprocess waits for what it starts; an agent must outlive the engine, so it is spawned here, in its own
/// session, with its log as output and nothing else open.
package struct SystemProcesses: ProcessControl {
  private let bootID: String

  /// - Parameter bootID: the kernel's boot id (`TimeSource.monotonicOrigin`).
  package init(bootID: String) { self.bootID = bootID }

  package func start(_ request: ProcessRequest) throws -> ProcessIdentity {
    let pid = try spawn(request.command, request.environment, log: request.log)
    // The child exists until we reap it, so its start time is there to be read.
    guard let stat = Self.stat(of: pid) else {
      throw DSLError(.io, "process \(pid) of \"\(request.command)\" vanished while it was started")
    }
    return ProcessIdentity(pid: pid, startTicks: stat.startTicks, bootID: bootID)
  }

  package func isRunning(_ process: ProcessIdentity) -> Bool {
    reap(process.pid)
    guard process.bootID == bootID, let stat = Self.stat(of: process.pid) else { return false }
    return stat.startTicks == process.startTicks && stat.state != "Z" && stat.state != "X"
  }

  package func signal(_ process: ProcessIdentity, _ signal: Int32) {
    guard isRunning(process) else { return }
    // What we start leads a group of its own: a shell that did not `exec` its command takes it along.
    _ = kill(getpgid(process.pid) == process.pid ? -process.pid : process.pid, signal)
  }

  package func run(_ command: String, environment: [(String, String)], timeout: Double) throws -> Int32? {
    let pid = try spawn(command, environment, log: "/dev/null")
    let limit = Int(timeout * 100)
    for _ in 0...max(1, limit) {
      var status: Int32 = 0
      let done = waitpid(pid, &status, WNOHANG)
      if done == pid { return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F) }
      usleep(10_000)
    }
    // The command is its own session, so its group has its number.
    _ = kill(-pid, SIGKILL)
    _ = waitpid(pid, nil, 0)
    return nil
  }

  /// Collects an ended child of ours, so that it does not linger as a zombie. Not ours: nothing happens.
  private func reap(_ pid: Int32) { _ = waitpid(pid, nil, WNOHANG) }

  private func spawn(_ command: String, _ environment: [(String, String)], log: String) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o640)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // What the engine's own caller left open: a lock or a pipe that an agent held would outlive the engine.
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    var allSignals = sigset_t()
    sigemptyset(&noSignals)
    sigfillset(&allSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setsigdefault(&attributes, &allSignals)
    let flags = POSIX_SPAWN_SETSID_FLAG | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var pid: pid_t = 0
    let result = Self.withCStrings(["/bin/sh", "-c", command]) { arguments in
      Self.withCStrings(Self.merged(environment)) { variables in
        posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, variables)
      }
    }
    guard result == 0 else {
      throw DSLError(.io, "cannot start \"\(command)\"", cause: String(cString: strerror(result)))
    }
    return pid
  }

  /// This process' environment with `additions` in place of variables of the same name.
  private static func merged(_ additions: [(String, String)]) -> [String] {
    let names = additions.map(\.0)
    var result: [String] = []
    var entry = environ
    while let pointer = entry.pointee {
      let text = String(cString: pointer)
      if !names.contains(where: { text.hasPrefix($0 + "=") }) { result.append(text) }
      entry += 1
    }
    return result + additions.map { "\($0.0)=\($0.1)" }
  }

  private static func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
  }

  /// State letter and start time of a process.
  package static func stat(of pid: Int32) -> (state: Character, startTicks: UInt64)? {
    let file = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 1024)
    let count = read(file, &buffer, buffer.count)
    guard count > 0 else { return nil }
    let text = String(decoding: buffer[..<count], as: UTF8.self)
    // The command name stands in parentheses and may hold spaces and parentheses itself.
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let state = fields[0].first, let ticks = UInt64(fields[19]) else { return nil }
    return (state, ticks)
  }
}

/// glibc defines `POSIX_SPAWN_SETSID` in <spawn.h> only under `_GNU_SOURCE`, which the Swift overlay does not set.
private let POSIX_SPAWN_SETSID_FLAG: Int32 = 0x80
