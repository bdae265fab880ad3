import CLinux
import Foundation
import Glibc
import Testing

/// A program that runs beside the test, in the directory of a shell, with its output in files.
///
/// Not Foundation's `Process`: that takes a child for running as long as any descendant has inherited its socket, and
/// agents outlive their engine.
final class Program {
  private let files: [URL]
  let pid: pid_t
  private var status: Int32?

  /// Starts a script. It is replaced by its last command when that begins with `exec`, whose process `pid` then is.
  init(_ shell: Shell, _ script: String, _ environment: [String: String] = [:]) throws {
    files = ["out", "err"].map { shell.directory.appendingPathComponent(".\($0)-\(UUID().uuidString)") }
    let binaries = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    let variables = [
      "PATH": binaries + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": shell.directory.path,
      "LC_ALL": "C.UTF-8",
    ].merging(environment) { $1 }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addchdir_np(&actions, shell.directory.path)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (descriptor, file) in zip([1, 2] as [Int32], files) {
      posix_spawn_file_actions_addopen(&actions, descriptor, file.path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    let arguments = Self.pointers(["sh", "-c", script])
    let environment = Self.pointers(variables.map { "\($0.key)=\($0.value)" })
    defer { for pointer in arguments + environment { free(pointer) } }
    var pid: pid_t = 0
    let refusal = posix_spawn(&pid, "/bin/sh", &actions, nil, arguments, environment)
    try #require(refusal == 0)
    self.pid = pid
  }

  deinit {
    guard isRunning else { return }
    signal(SIGCONT)
    signal(SIGKILL)
    _ = Moment.wait { !isRunning }
  }

  var isRunning: Bool {
    guard status == nil else { return false }
    var found: Int32 = 0
    if waitpid(pid, &found, WNOHANG) == pid { status = found }
    return status == nil
  }

  var out: String { Program.text(files[0]) }
  var err: String { Program.text(files[1]) }
  /// What it has printed so far, each line an object.
  var objects: [[String: Any]] {
    out.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  /// Its whole output as one object.
  func json() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(out.utf8)) as? [String: Any], "\(err)")
  }

  /// Does nothing when it has ended.
  func signal(_ signal: Int32) { if isRunning { kill(pid, signal) } }

  /// Waits for its end.
  ///
  /// - Parameter seconds: for how long; shorter than usual only where a bound is promised.
  /// - Returns: the exit status, or 128 + the signal that ended it.
  func end(within seconds: Double = Moment.patience) throws -> Int32 {
    try #require(Moment.wait(seconds) { !isRunning }, "it ends within \(seconds) s: \(err)")
    let status = try #require(status)
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  private static func pointers(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
    strings.map { strdup($0) } + [nil]
  }

  private static func text(_ file: URL) -> String {
    String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
  }
}

/// Waiting for what other processes do.
enum Moment {
  /// How long something may take that should come true, in seconds: so long that only a hang takes it, however busy the machine.
  static let patience = 90.0

  /// Looks every 10 ms whether something has come true.
  ///
  /// - Returns: whether it did within the time.
  static func wait(_ seconds: Double = patience, until isTrue: () throws -> Bool) rethrows -> Bool {
    let limit = now + seconds
    while true {
      if try isTrue() { return true }
      guard now < limit else { return false }
      usleep(10_000)
    }
  }

  /// Seconds on a clock that is never set.
  static var now: Double { ProcessInfo.processInfo.systemUptime }
}

extension Shell {
  /// The processes that were started in or for this directory, by what stands in their environment: agents that
  /// outlived who started them included.
  var processes: [pid_t] {
    let mark = Data(directory.path.utf8)
    return ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
      .filter { pid in
        guard let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else {
          return false
        }
        return environment.range(of: mark) != nil
      }.sorted()
  }

  /// Ends what is left of this directory's processes, by their ids.
  func endProcesses() {
    for pid in processes {
      kill(pid, SIGCONT)
      kill(pid, SIGKILL)
    }
    _ = Moment.wait { processes.isEmpty }
  }

  /// A record of the coordination directory.
  func record(_ name: String) throws -> [String: Any] {
    let data = try Data(contentsOf: directory.appendingPathComponent("coordination/\(name).json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// Names of records that begin so, without `.json`, sorted.
  func records(_ prefix: String) throws -> [String] {
    let path = directory.appendingPathComponent("coordination").path
    return try FileManager.default.contentsOfDirectory(atPath: path)
      .filter { $0.hasPrefix(prefix) && $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
  }

  /// The lines of a file below the directory; none when there is no such file.
  func lines(_ path: String) -> [[String]] {
    let data = FileManager.default.contents(atPath: directory.appendingPathComponent(path).path) ?? Data()
    return String(decoding: data, as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: " ").map(String.init) }
  }

  /// Makes the coordination directory, with settings behind the commented ones.
  func makeQueue(_ settings: String = "", items: Int = 0) throws {
    let made = try self("dsl init coordination")
    try #require(made.status == 0, "\(made.err)")
    try write("coordination/dsl.yaml", Array(settings.utf8))
    if items > 0 { try addItems(1...items) }
  }

  /// Adds items `i1`, `i2`, ….
  func addItems(_ range: ClosedRange<Int>) throws {
    let lines = range.map { #"{"id":"i\#($0)","n":\#($0)}"# + "\n" }.joined()
    let outcome = try self("dsl work add -", input: lines)
    try #require(outcome.status == 0, "\(outcome.err)")
  }

  /// What `dsl auto history` has of a decision, newest first.
  func history(_ arguments: String = "--limit 1000") throws -> [[String: Any]] {
    let data = try self("dsl --json auto history \(arguments)").json()["data"] as? [String: Any]
    return try #require(data?["decisions"] as? [[String: Any]])
  }
}
