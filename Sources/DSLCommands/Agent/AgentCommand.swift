import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl agent`: workers, ours and others'.
struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent", abstract: "Run, register and drain agents.",
    subcommands: [
      AgentRunCommand.self, AgentRegisterCommand.self, AgentHeartbeatCommand.self, AgentListCommand.self,
      AgentDrainCommand.self,
    ])
}

/// `dsl agent register`: a record for a worker that is not ours.
struct AgentRegisterCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "register", abstract: "Register an agent that is not run by dsl.",
    discussion:
      "Its record is agent_<id>.json. One that exists is brought up to date; unknown members survive.")
  static let reportName = "agent-register"

  @Argument(help: "The agent's id.")
  var id: String

  @Option(help: "Items it works on at once.")
  var concurrency = 1

  @Option(
    help: ArgumentHelp(
      "Silence after which it is stale. Default: agents.heartbeat_limit.", valueName: "duration"))
  var heartbeatLimit: String?

  @Option(help: "Its process on this machine.")
  var pid: Int32?

  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    guard (1...1024).contains(concurrency) else {
      throw ValidationError("--concurrency must be from 1 to 1024.")
    }
    guard pid ?? 1 > 0 else { throw ValidationError("--pid must be above 0.") }
  }

  func report(_ context: Context) async throws -> Report? {
    let limit = try heartbeatLimit.map { try Input.seconds($0, "--heartbeat-limit") }
    let now = context.time.now
    func fill(_ record: inout AgentRecord) {
      record.status = .active
      record.drain = false
      record.heartbeat = now
      record.concurrency = concurrency
      record.heartbeatLimitSeconds = limit ?? record.heartbeatLimitSeconds
      record.pid = pid ?? record.pid
      record.host = HostName.current
    }
    let store = AgentStore(context.directory)
    var record = AgentRecord(id: id, status: .active, created: now)
    fill(&record)
    let created = try store.create(record)
    if !created { try store.update(id) { _, record, _ in fill(&record) } }
    return Report(Self.reportName, ["id": .string(id), "created": .bool(created)]) { _ in
      "\(created ? "registered" : "updated") \(id)\n"
    }
  }
}

/// `dsl agent heartbeat`: a sign of life.
struct AgentHeartbeatCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "heartbeat", abstract: "Say that an agent is alive.",
    discussion: "Prints `drain` when the agent should finish what it holds and stop, else `go on`.")
  static let reportName = "agent-heartbeat"

  @Argument(help: "The agent's id.")
  var id: String

  @Flag(help: "This is the last sign: the agent has ended.")
  var stopped = false

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let now = context.time.now
    let entry = try AgentStore(context.directory).update(id) { _, record, _ in
      record.heartbeat = now
      if record.status == .requested || record.status == .starting { record.status = .active }
      if stopped { record.status = .stopped }
    }
    let drains = entry.record.isDraining || entry.record.status == .stopped
    return Report(Self.reportName, ["id": .string(id), "drain": .bool(drains), "at": now.json]) { _ in
      drains ? "drain\n" : "go on\n"
    }
  }
}

/// `dsl agent drain`: asks agents to finish and stop.
struct AgentDrainCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Ask agents to finish what they hold and stop.")
  static let reportName = "agent-drain"

  @Argument(help: "The agents' ids.")
  var ids: [String]

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let store = AgentStore(context.directory)
    for id in ids {
      try store.update(id) { _, record, _ in
        record.drain = true
        if record.status == .active || record.status == .idle { record.status = .draining }
      }
    }
    return Report(Self.reportName, ["draining": .strings(ids)]) { _ in
      ids.map { "draining \($0)\n" }.joined()
    }
  }
}
