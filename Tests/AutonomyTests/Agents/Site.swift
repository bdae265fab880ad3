@testable import Autonomy
import Coordination
import DSLBase
import FoundationEssentials
import Glibc
import Synchronization
import Telemetry
import Testing

/// A coordination directory of its own for one test, removed at the end, and an agent to run in it.
final class Site: Sendable {
  let path: String
  let files = PosixFileSystem()
  let directory: CoordinationDirectory
  let queue: WorkQueue
  let time = SystemTime()
  private let exporter = InMemoryExporter()

  init() throws {
    var template = Array((FileManager.default.temporaryDirectory.path + "/dsl-agent-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw DSLError(.io, "mkdtemp failed with \(errno)") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    directory = CoordinationDirectory(path: path, files: files)
    queue = try WorkQueue(directory: directory, time: time, seed: 7, access: .readWrite)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func add(_ items: [JSONObject]) throws {
    _ = try queue.add(
      items.map { item in
        var fields = item
        fields["id"] = nil
        return NewWorkItem(id: item["id"]?.string, fields: fields)
      })
  }

  /// Runs an agent until it is idle for a moment.
  func run(
    _ command: String, _ signals: Signals = Signals(), inDirectory: Bool = false,
    _ change: (inout AgentOptions) -> Void = { _ in }
  ) async throws -> AgentReport {
    var options = AgentOptions(id: "agent", command: (inDirectory ? "cd '\(path)'; " : "") + command)
    options.untilIdleSeconds = 0.3
    change(&options)
    let tracer = SpanRecorder(serviceName: "agent", exporter: exporter, time: time, seed: 11)
    let world = AgentRunner.World(
      directory: directory, queue: queue, processes: SystemProcesses(bootID: time.monotonicOrigin),
      tracer: tracer,
      time: time, environment: ["PATH": "/usr/bin:/bin"], host: "here", warn: { _ in })
    return try await AgentRunner(options, world: world).run(stop: signals.stream)
  }

  /// Waits until something is so; gives up after a minute, which only a hang takes.
  func wait(_ isSo: () throws -> Bool) async throws {
    for _ in 0..<6000 {
      if try isSo() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw DSLError(.timeout, "it never became so")
  }

  func exists(_ name: String) -> Bool { (try? files.status(path + "/" + name)) != nil }

  func text(_ name: String) throws -> String {
    String(decoding: try files.read(path + "/" + name, limit: 1 << 20), as: UTF8.self)
  }

  func json(_ name: String) throws -> JSONValue { try JSONParser.parse(try text(name)) }

  /// The names in the directory, sorted, without hidden ones.
  func names() throws -> [String] {
    var names: [String] = []
    try files.walk(path) { names.append(String(decoding: $0.name, as: UTF8.self)) }
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }

  func spans() -> [ArchivedSpan] { exporter.lines.compactMap { ArchivedSpan.spans(line: $0) }.flatMap { $0 } }
}

/// Signals that a test sends to an agent.
struct Signals: Sendable {
  let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  func send() { continuation.yield() }
}
