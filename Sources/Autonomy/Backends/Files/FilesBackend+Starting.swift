import Coordination
import DSLBase
import Glibc
import Telemetry
import Tracing

extension FilesBackend {
  /// Starts an agent through the configured command, or asks for one in its record.
  ///
  /// The record stands before the process runs, so that an agent which is being started is never asked for twice,
  /// whoever looks; its process is added when it is known.
  func startAgent(_ step: EffectStep, for decision: Decision) throws -> JSONValue {
    let id = step.target
    var record = AgentRecord(
      id: id, status: options.command == nil ? .requested : .starting, created: time.now)
    record.startedBy = options.command == nil ? nil : Self.starter
    let trace = ServiceContext.current?.traceContext?.traceparent
    let members = [
      (Member.requestedBy, JSONValue.string(decision.id)), (Member.trace, trace.map(JSONValue.string)),
      (Member.placement, step.parameters[Member.placement]),
    ]
    if try !agents.create(record, members.map { (key: $0.0, value: $0.1) }) {
      guard let present = try agents.read(id) else {
        throw DSLError(.conflict, "the record of agent \(id) vanished while it was started")
      }
      guard present[Member.requestedBy]?.string == decision.id else {
        throw DSLError(.conflict, "there is already an agent \(id)")
      }
      // Performed before: by this call's own earlier self, or by an engine that died right after it. Only a record
      // without a process says that the engine died in between.
      guard present.record.status == .starting, present.record.pid == nil else {
        return receipt(present.record)
      }
    }
    guard let command = options.command else { return receipt(record) }
    return receipt(try launch(id, command))
  }

  /// Starts the process of an agent whose record stands, and notes it there.
  private func launch(_ id: String, _ command: String) throws -> AgentRecord {
    try AtomicFile.makeDirectory(directory.files, directory.state)
    try directory.files.makeDirectory(directory.logs)
    var environment = agentEnvironment(id) + placementEnvironment(try agents.read(id)?[Member.placement])
    environment += ServiceContext.current?.traceContext?.environment.map { ($0.name, $0.value) } ?? []
    let process: ProcessIdentity
    do {
      let request = ProcessRequest(
        command: command, environment: environment, log: "\(directory.logs)/agent_\(id).log")
      process = try fenced { () throws(DSLError) in Result { try processes.start(request) } }.get()
    } catch {
      try agents.update(id) { (_, record, _) throws(DSLError) in record.status = .stopped }
      throw error
    }
    return try agents.update(id) { (present, record, _) throws(DSLError) in
      // The agent may have registered already, and knows better which of the processes is its own.
      guard present.record.pid == nil || present.record.status == .stopped else { return }
      record.status = .starting
      record.pid = process.pid
      record.processStart = Int(exactly: process.startTicks)
      record.bootID = process.bootID
      record.host = options.host
      record.drain = false
    }.record
  }

  /// What a command about an agent gets to know: who, and which directory. `COORDINATION_DIR` too, so that a `dsl` in it
  /// works on the directory of this engine whatever that was named by.
  func agentEnvironment(_ id: String) -> [(String, String)] {
    [
      ("DSL_AGENT_ID", id), ("DSL_COORDINATION_DIR", directory.path), ("COORDINATION_DIR", directory.path),
    ]
  }

  /// What an agent gets to know of the GPUs that were chosen for it: the node and the GPUs of its first member, and all of
  /// the placement as JSON.
  private func placementEnvironment(_ placement: JSONValue?) -> [(String, String)] {
    guard let placement, let first = placement["bindings"]?.array?.first else { return [] }
    let gpus = (first["gpus"]?.array ?? []).compactMap(\.int).map(String.init).joined(separator: ",")
    return [
      ("DSL_GPU_NODE", first["node"]?.string ?? ""), ("DSL_GPUS", gpus),
      ("DSL_GPU_PLACEMENT", placement.text()),
    ]
  }

  private func receipt(_ record: AgentRecord) -> JSONValue {
    ["agent": .string(record.id), "asked": .string(options.command == nil ? "supervisor" : "process")]
  }

  /// Undoes a start: the agent finishes what it holds and stops. One that was only asked for is withdrawn.
  func stopStarted(_ step: EffectStep, _ receipt: JSONValue) async throws -> Reversal {
    let id = step.target
    guard let present = try agents.read(id) else { return .refused("agent \(id) has no record any more") }
    switch present.record.status {
    case .stopped: return .refused("agent \(id) has stopped already")
    case .requested:
      try agents.update(id) { (_, record, _) throws(DSLError) in record.status = .stopped }
      return .reverted("agent \(id) is no longer asked for")
    default: break
    }
    let running = isRunning(present.record)
    try agents.update(id) { (_, record, _) throws(DSLError) in
      record.drain = true
      if running == false || record.status == .starting { record.status = .stopped }
    }
    // It drains by itself when it reads its record; the signal saves the wait, and ends one that never got that far.
    if running == true, let process = identity(present.record) { processes.signal(process, SIGTERM) }
    return .reverted("agent \(id) stops when it has finished what it holds")
  }

  /// Asks an agent to finish what it holds and stop.
  func drainAgent(_ step: EffectStep) throws -> JSONValue {
    try agents.update(step.target) { (present, record, _) throws(DSLError) in
      guard present.record.status != .stopped else {
        throw DSLError(.conflict, "agent \(step.target) has stopped already")
      }
      record.drain = true
    }
    return ["draining": true]
  }

  /// Undoes a drain: an agent that still runs takes work again; a managed one that has stopped is started anew, if that
  /// may be: an agent has one process under its id for each decision or person that asked for it.
  func undrainAgent(_ step: EffectStep, mayStart: Bool = true) throws -> Reversal {
    let id = step.target
    guard let present = try agents.read(id) else { return .refused("agent \(id) has no record any more") }
    guard present.record.drain else { return .refused("agent \(id) is not draining any more") }
    if present.record.status != .stopped, present.record.status != .draining,
      isRunning(present.record) != false
    {
      try agents.update(id) { (_, record, _) throws(DSLError) in record.drain = false }
      return .reverted("agent \(id) takes work again")
    }
    guard mayStart else {
      return .refused("agent \(id) has stopped; the next cycle decides whether another is needed")
    }
    guard present.record.startedBy == Self.starter, let command = options.command else {
      return .refused(
        "agent \(id) has stopped, and it was not started by this engine; start it where it came from")
    }
    if let process = identity(present.record), isRunning(present.record) == true {
      return .refused("agent \(id) (process \(process.pid)) is just stopping; try again when it has")
    }
    try agents.update(id) { (_, record, _) throws(DSLError) in
      record.status = .starting
      record.drain = false
      record.pid = nil
      record.created = time.now
    }
    _ = try launch(id, command)
    return .reverted("agent \(id) had stopped and was started again")
  }
}
