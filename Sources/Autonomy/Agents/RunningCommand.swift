import CLinux
import DSLBase
import Glibc
import Synchronization

/// A command that runs in a process group of its own, with its input in memory and its output read as it
/// comes.
///
/// Not swift-subprocess: it ends when the output does, and a command that leaves a background process behind
/// would hold its item for as long as that lives. Here the end of the command's own process counts; what it
/// leaves in its group is killed.
final class RunningCommand: Sendable {
  private struct State {
    var isGone = false
    var status: Int32 = 0
  }

  /// The process, which is also the number of its group.
  let pid: pid_t
  private let request: CommandRequest
  private let output: OwnedDescriptor
  private let errors: OwnedDescriptor
  private let process: OwnedDescriptor?
  private let time: any TimeSource
  private let started: Double
  private let state = Mutex(State())

  /// Starts a command.
  ///
  /// - Throws: `DSLError` `.io` when the operating system refuses.
  init(_ request: CommandRequest, time: any TimeSource) throws(DSLError) {
    self.request = request
    self.time = time
    let input = try OwnedDescriptor.memory(request.input)
    let output = try OwnedDescriptor.pipe()
    let errors = try OwnedDescriptor.pipe()
    started = time.monotonicSeconds
    pid = try Self.spawn(request, input: input, output: output.write, errors: errors.write)
    self.output = output.read
    self.errors = errors.read
    process = OwnedDescriptor(dsl_pidfd_open(pid))
  }

  /// Sends a signal to all of its processes; does nothing when it has ended.
  func signal(_ signal: Int32) {
    state.withLock { state in
      if !state.isGone { _ = kill(-pid, signal) }
    }
  }

  /// Waits for its end, on a thread of its own.
  func end() async -> CommandEnd {
    await withCheckedContinuation { continuation in
      Thread.start { continuation.resume(returning: self.collect()) }
    }
  }

  private func collect() -> CommandEnd {
    var kept = CommandEnd(cause: .exit(0))
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var (askedAt, killed): (Double?, Bool) = (nil, false)
    while true {
      let isGone = hasEnded()
      read(&kept, &buffer)
      if isGone { break }
      let now = time.monotonicSeconds - started
      if let limit = request.timeoutSeconds, now >= limit, askedAt == nil {
        askedAt = now
        signal(SIGTERM)
      } else if let asked = askedAt, now >= asked + request.graceSeconds, !killed {
        killed = true
        signal(SIGKILL)
      }
      wait(now, askedAt, killed)
    }
    kept.seconds = max(0, time.monotonicSeconds - started)
    let status = state.withLock { $0.status }
    if askedAt != nil, let limit = request.timeoutSeconds {
      kept.cause = .timeout(limit)
    } else {
      kept.cause = status & 0x7F == 0 ? .exit((status >> 8) & 0xFF) : .signal(status & 0x7F)
    }
    return kept
  }

  /// Whether its process has ended; if so, kills what it left in its group and collects it.
  ///
  /// The group is killed while the ended process still holds its number, so that nobody else's can be meant.
  private func hasEnded() -> Bool {
    var info = siginfo_t()
    let answer = waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT)
    guard answer == -1 && errno != EINTR || answer == 0 && info.si_signo == SIGCHLD else { return false }
    state.withLock { state in
      _ = kill(-pid, SIGKILL)
      _ = waitpid(pid, &state.status, 0)
      state.isGone = true
    }
    return true
  }

  private func read(_ kept: inout CommandEnd, _ buffer: inout [UInt8]) {
    output.readAll(&buffer) { bytes in
      kept.outputTotal += bytes.count
      kept.output += bytes.prefix(max(0, request.outputBytes - kept.output.count))
    }
    errors.readAll(&buffer) { bytes in
      kept.errors += bytes
      if kept.errors.count > request.errorBytes {
        kept.errors.removeFirst(kept.errors.count - request.errorBytes)
      }
    }
  }

  /// Sleeps until there is something to read, the process has ended, or the next time limit.
  private func wait(_ now: Double, _ askedAt: Double?, _ killed: Bool) {
    let limit =
      askedAt.map { killed ? .infinity : $0 + request.graceSeconds } ?? request.timeoutSeconds ?? .infinity
    // Without a descriptor of the process (a kernel before 5.3) its end is looked for every 10 ms.
    let longest = process == nil ? 0.01 : 60
    let milliseconds = max(0, min(longest, limit - now)) * 1000
    var polled = [output, errors, process].compactMap { descriptor in
      descriptor.flatMap { $0.hasEnded ? nil : pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
    }
    _ = poll(&polled, nfds_t(polled.count), Int32(milliseconds.rounded(.up)))
  }

  private static func spawn(
    _ request: CommandRequest, input: borrowing OwnedDescriptor, output: OwnedDescriptor,
    errors: OwnedDescriptor
  ) throws(DSLError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (from, to) in [(input.number, 0), (output.number, 1), (errors.number, 2)] as [(Int32, Int32)] {
      posix_spawn_file_actions_adddup2(&actions, from, to)
    }
    if request.program != nil { posix_spawn_file_actions_addclosefrom_np(&actions, 3) }
    if let directory = request.directory { posix_spawn_file_actions_addchdir_np(&actions, directory) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var pid: pid_t = 0
    let result = withCStrings(arguments(request)) { arguments in
      withCStrings(request.environment) { posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, $0) }
    }
    guard result == 0 else {
      throw DSLError(.io, "cannot start \"\(request.command)\"", cause: String(cString: strerror(result)))
    }
    return pid
  }

  /// `posix_spawn` sets no limits, and one that is set from outside comes after the program has begun. So a shell sets
  /// them on itself and becomes the program; it is given the program's words as parameters and reads none of them.
  private static func arguments(_ request: CommandRequest) -> [String] {
    guard let program = request.program else { return ["/bin/sh", "-c", request.command] }
    let kibibytes = request.memoryBytes.map { String(max(1, $0 >> 10)) } ?? "unlimited"
    return ["/bin/sh", "-c", "ulimit -c 0; ulimit -v \"$0\" && exec \"$@\"", kibibytes] + program
  }

  private static func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
  }
}

/// A thread that runs one function. A command is waited for in a blocking call, which would starve the tasks'
/// own threads.
private enum Thread {
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  static func start(_ body: @escaping @Sendable () -> Void) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 256 << 10)
    defer { pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    let boxed = Unmanaged.passRetained(Body(body))
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, boxed.toOpaque())
    if result != 0 { boxed.takeRetainedValue().run() }
  }
}
