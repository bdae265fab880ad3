import Foundation
import Testing

/// What a command left behind.
struct Outcome {
  var status: Int32
  var out: String
  var err: String

  /// The output as JSON, as Foundation reads it: a second opinion on our own writer.
  func json() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(out.utf8)) as? [String: Any])
  }
}

/// A directory of its own in which the built binary is run.
final class Shell {
  let directory: URL
  private let binaries: URL

  init() throws {
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("dsl-cli-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    binaries = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    try #require(
      FileManager.default.isExecutableFile(atPath: binaries.appendingPathComponent("dsl").path),
      "the dsl binary stands beside the tests")
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  /// The root of the package.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The Python that `ci/setup` made, if it has this module.
  static func python(with module: String) -> String? {
    let path = root.appendingPathComponent(".build/venv/bin/python3").path
    guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
    let check = Process()
    check.executableURL = URL(fileURLWithPath: path)
    check.arguments = ["-c", "import \(module)"]
    check.standardError = FileHandle.nullDevice
    guard (try? check.run()) != nil else { return nil }
    check.waitUntilExit()
    return check.terminationStatus == 0 ? path : nil
  }

  /// Whether a program is on PATH.
  static func has(_ program: String) -> Bool {
    ["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin"].contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
    }
  }

  /// Runs a script with `dsl` on PATH, in the directory, with an environment that holds nothing else of ours.
  @discardableResult
  func callAsFunction(
    _ script: String, _ environment: [String: String] = [:], input: String = ""
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", script]
    process.currentDirectoryURL = directory
    process.environment = [
      "PATH": binaries.path + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": directory.path,
      "LC_ALL": "C.UTF-8",
    ].merging(environment) { $1 }
    let files = ["in", "out", "err"].map {
      FileManager.default.temporaryDirectory.appendingPathComponent("dsl-\($0)-\(UUID().uuidString)")
    }
    defer { for file in files { try? FileManager.default.removeItem(at: file) } }
    try Data(input.utf8).write(to: files[0])
    for file in files.dropFirst() { try Data().write(to: file) }
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    func text(_ file: URL) throws -> String { String(decoding: try Data(contentsOf: file), as: UTF8.self) }
    return Outcome(status: process.terminationStatus, out: try text(files[1]), err: try text(files[2]))
  }

  /// Puts the well-known sample into `coordination`.
  func copySample() throws {
    try FileManager.default.copyItem(
      at: Shell.root.appendingPathComponent("coordination"),
      to: directory.appendingPathComponent("coordination"))
    try? FileManager.default.removeItem(at: directory.appendingPathComponent("coordination/.dsl"))
  }

  /// Writes a file below the directory.
  func write(_ path: String, _ content: some DataProtocol) throws {
    let file = directory.appendingPathComponent(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(content).write(to: file)
  }

  /// Every file below a directory with its content: what must be the same when nothing was to be changed.
  func content(of path: String) throws -> [String: Data] {
    let base = directory.appendingPathComponent(path)
    var result: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: base.path) {
      result[name] = FileManager.default.contents(atPath: base.appendingPathComponent(name).path) ?? Data()
    }
    return result
  }
}
