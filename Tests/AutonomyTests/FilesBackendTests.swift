import Autonomy
import Coordination
import DSLBase
import Glibc
import Testing

/// Processes that exist only as entries of a table: nothing is started, and what was asked for can be looked up.
final class PretendProcesses: ProcessControl {
  private let table = MutexBox<[Int32: String]>([:])
  private let next: MutexBox<Int32>
  let requests = MutexBox<[ProcessRequest]>([])
  let bootID: String

  /// - Parameter last: numbers up to it are in use, or were: two of one boot must not give out the same.
  init(bootID: String, last: Int32 = 50_000) {
    self.bootID = bootID
    next = MutexBox(last)
  }

  func start(_ request: ProcessRequest) throws -> ProcessIdentity {
    let pid = next.with { pid in
      pid += 1
      return pid
    }
    table.with { $0[pid] = request.command }
    requests.with { $0.append(request) }
    return ProcessIdentity(pid: pid, startTicks: UInt64(pid) * 10, bootID: bootID)
  }

  func isRunning(_ process: ProcessIdentity) -> Bool { table.with { $0[process.pid] != nil } }
  func signal(_ process: ProcessIdentity, _ signal: Int32) {
    if signal == SIGKILL || signal == SIGTERM { table.with { $0[process.pid] = nil } }
  }
  func run(_ command: String, environment: [(String, String)], timeout: Double) throws -> Int32? { 0 }
}

/// The contract's seed as a real directory on disk, with pretended processes and a manual clock.
struct FilesWorld: ContractWorld {
  let directory: CoordinationDirectory
  let time = ManualTime()
  let processes: PretendProcesses
  let queue: WorkQueue
  let files: FilesBackend
  var backend: any Backend { files }

  init() throws {
    var template = Array("/tmp/dsl-contract-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    directory = CoordinationDirectory(path: path, files: PosixFileSystem())
    processes = PretendProcesses(bootID: time.monotonicOrigin)
    let store = AgentStore(directory)
    for id in ContractSeed.idle + ["busy-1", "stale-1"] {
      var record = AgentRecord(id: id, status: .active, created: time.now.adding(seconds: -60))
      record.heartbeat = time.now.adding(seconds: id == "stale-1" ? -3600 : -1)
      record.lastActive = time.now.adding(seconds: -60)
      _ = try store.create(record)
    }
    queue = try WorkQueue(directory: directory, time: time, seed: 1, access: .readWrite)
    _ = try queue.add([NewWorkItem(id: "held-1", fields: ["priority": 99])])
    try #require(queue.claim(agent: "busy-1", leaseSeconds: 1000, count: 1).map(\.id) == ["held-1"])
    _ = try queue.add([NewWorkItem(id: "expired-1", fields: ["priority": 98])])
    try #require(queue.claim(agent: "gone-1", leaseSeconds: 1, count: 1).map(\.id) == ["expired-1"])
    time.advance(seconds: 2)
    _ = try queue.add(ContractSeed.pending.map { NewWorkItem(id: $0, fields: [:]) })
    var options = FilesBackend.Options()
    options.command = "run-an-agent"
    options.host = "here"
    files = FilesBackend(
      directory, queue: queue, time: time, processes: processes, options: options, index: .none)
  }

  func fingerprint() async throws -> String {
    var names: [String] = []
    try directory.files.walk(directory.path) { names.append(String(decoding: $0.name, as: UTF8.self)) }
    var lines: [String] = []
    for name in names.sorted() where name.hasSuffix(".json") {
      let content = try directory.files.read("\(directory.path)/\(name)", limit: 1 << 20)
      lines.append("\(name): \(String(decoding: content, as: UTF8.self))")
    }
    lines.append(String(describing: try queue.claims()))
    lines.append(String(describing: try queue.preferences()))
    return lines.joined(separator: "\n")
  }

  func stopAgent(_ id: String) async throws {
    try AgentStore(directory).update(id) { (_, record, _) throws(DSLError) in record.status = .stopped }
  }

  func tearDown() async {
    _ = try? processes.run("true", environment: [], timeout: 1)
    _ = try? SystemProcesses(bootID: "").run("rm -rf '\(directory.path)'", environment: [], timeout: 10)
  }
}

@Suite struct FilesBackendTests {
  @Test func keepsTheContract() async throws { try await BackendContract { try FilesWorld() }.run() }

  @Test func aReceiptNamesTheTraceOfWhatWasChanged() async throws {
    let world = try FilesWorld()
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    _ = try world.queue.add([NewWorkItem(id: "traced", fields: ["traceparent": .string(trace)])])
    try AgentStore(world.directory).update("idle-1") { (_, _, members) throws(DSLError) in
      members.append(("traceparent", .string(trace)))
    }
    let decision = BackendContract.decision(.optimize)
    let steps = [
      EffectStep(action: "quarantine_item", target: "traced"),
      EffectStep(action: "drain_agent", target: "idle-1"),
    ]
    for step in steps {
      let receipt = try await world.files.perform(step, for: decision)
      #expect(receipt["traceparent"]?.string == trace, "\(step.action)")
    }
    let plain = try await world.files.perform(
      EffectStep(action: "drain_agent", target: "idle-2"), for: decision)
    #expect(plain["traceparent"] == nil)
    await world.tearDown()
  }
}
