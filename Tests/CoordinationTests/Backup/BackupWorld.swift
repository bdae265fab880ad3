import DSLBase
import Foundation
import Testing

@testable import Coordination

/// A coordination directory with some of everything, and a place for what is packed and unpacked.
final class BackupWorld: Sendable {
  let owner: TemporaryDirectory
  let time = ManualTime()
  let root: String
  let path: String

  init() throws {
    owner = try TemporaryDirectory()
    root = owner.path
    path = root + "/coordination"
    try PosixFileSystem().makeDirectory(path)
  }

  func directory(_ files: any FileSystem = PosixFileSystem(), at path: String? = nil) -> CoordinationDirectory
  {
    CoordinationDirectory(path: path ?? self.path, files: files)
  }

  func queue(_ seed: UInt64 = 1, at path: String? = nil) throws -> WorkQueue {
    try WorkQueue(directory: directory(at: path), time: time, seed: seed, access: .readWrite)
  }

  func write(_ name: String, _ text: String) throws {
    try PosixFileSystem().write("\(path)/\(name)", Array(text.utf8), exclusive: false)
  }

  /// Items in every state, an agent, telemetry, a configuration and a decision in the journal.
  func fill() throws {
    let queue = try queue()
    _ = try queue.add((1...8).map { NewWorkItem(id: "i\($0)", fields: [:]) })
    let claims = try queue.claim(agent: "a", leaseSeconds: 30, count: 4)
    for claim in claims[..<2] { try queue.complete(claim) }
    _ = try queue.fail(
      claims[2].reference, error: "no", retry: RetryPolicy(maxAttempts: 1))
    _ = try queue.quarantine(["i8"], reason: "old")
    try queue.flush()
    try write("agent_a.json", #"{ "id": "a", "status": "active",   "pid": 4194304, "odd": 1.50 }"#)
    try write("telemetry_1.json", #"{"id": "1", "success_rate": 0.9}"#)
    try write("dsl.yaml", "limits:\n  max_agents: 4\n")
    try decide("d-1")
  }

  /// Journals a decision that was carried out.
  func decide(_ id: String) throws {
    let journal = try Journal(directory: directory(), access: .readWrite)
    try journal.intend(
      ["id": .string(id)], id: id, cycle: "c", type: "monitor", target: "fleet", direction: "none", steps: [],
      at: time.now)
    try journal.finish(decision: id, outcome: .executed, message: "", durationMs: 1, at: time.now)
  }

  @discardableResult func backup(
    _ files: any FileSystem = PosixFileSystem(), to destination: Backup.Destination? = nil
  ) throws -> Backup.Report {
    try Backup.create(
      directory(files), to: destination ?? .directory(path + "/.dsl/backups"), time: time, seed: 7)
  }

  /// Every file below a directory with its content, but for what changes by looking.
  func content(of path: String) throws -> [String: Data] {
    var result: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
      let full = path + "/" + name
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: full, isDirectory: &isDirectory), !isDirectory.boolValue
      else {
        continue
      }
      result[name] = FileManager.default.contents(atPath: full)
    }
    return result
  }

  /// Where every item of a directory is, found by what the queue says of it.
  func places(at path: String) throws -> [String: [WorkState]] {
    let queue = try queue(9, at: path)
    try queue.flush()
    var places: [String: [WorkState]] = [:]
    for view in try queue.list(WorkFilter(limit: 100_000)) { places[view.id, default: []].append(view.state) }
    return places
  }

  /// Runs a program.
  @discardableResult static func run(_ program: String, _ arguments: [String]) throws -> (
    status: Int32, out: String
  ) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let out = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: out, as: UTF8.self))
  }

  static let tar = "/bin/tar"
}
