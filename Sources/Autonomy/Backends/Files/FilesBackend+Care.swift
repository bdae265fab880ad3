import Coordination
import DSLBase
import Glibc

extension FilesBackend {
  /// How long a hung agent gets to end by itself before it is killed, seconds.
  private static let termination = 2.0

  /// Takes a stale agent out of the fleet. Its process is ended when this engine started it; its claims come back by
  /// themselves when their leases run out, and a late result is refused by its epoch.
  func retireAgent(_ step: EffectStep) async throws -> JSONValue {
    let id = step.target
    guard let present = try agents.read(id) else {
      throw DSLError(.conflict, "agent \(id) has no record any more")
    }
    if let receipt = present[Member.retired], present.record.status == .stopped { return receipt }
    var killed = false
    if present.record.startedBy == Self.starter, isRunning(present.record) == true,
      let process = identity(present.record)
    {
      killed = true
      try await end(process)
    }
    let receipt: JSONValue = [
      "status": .optional(present.record.statusText), "process_ended": .bool(killed), "at": time.now.json,
    ]
    try agents.update(id) { (_, record, members) throws(DSLError) in
      record.status = .stopped
      members.append((Member.retired, receipt))
    }
    return receipt
  }

  private func end(_ process: ProcessIdentity) async throws {
    processes.signal(process, SIGTERM)
    let deadline = time.monotonicSeconds + Self.termination
    while processes.isRunning(process), time.monotonicSeconds < deadline {
      try await time.sleep(seconds: 0.02)
    }
    processes.signal(process, SIGKILL)
  }

  /// Undoes a retirement, unless the agent came back or its process was ended.
  func unretireAgent(_ step: EffectStep, _ receipt: JSONValue) throws -> Reversal {
    let id = step.target
    guard let present = try agents.read(id) else { return .refused("agent \(id) has no record any more") }
    guard present.record.status == .stopped, present[Member.retired] != nil else {
      return .refused("agent \(id) is \(present.record.statusText ?? "active") again")
    }
    if receipt["process_ended"]?.bool == true {
      return .refused("the hung process of agent \(id) was ended and cannot be brought back")
    }
    try agents.update(id) { (_, record, members) throws(DSLError) in
      record.statusText = receipt["status"]?.string
      members.append((Member.retired, nil))
    }
    return .reverted("agent \(id) counts as before")
  }

  /// Looks whether an agent is well: its process, its heartbeat, and the configured command; and notes the answer.
  func probeAgent(_ step: EffectStep) throws -> JSONValue {
    let id = step.target
    guard let present = try agents.read(id) else {
      throw DSLError(.conflict, "agent \(id) has no record any more")
    }
    var findings: [String] = []
    var healthy = true
    if let running = isRunning(present.record) {
      healthy = running
      findings.append(running ? "its process runs" : "its process is gone")
    }
    if let age = present.record.heartbeatAge(at: time.now) {
      let silent = present.record.isSilent(at: time.now, limitSeconds: options.heartbeatLimitSeconds)
      healthy = healthy && !silent
      findings.append("last heartbeat \(Int(age)) s ago\(silent ? ", which is too long" : "")")
    }
    if let command = options.healthCommand {
      let status = try processes.run(
        command, environment: agentEnvironment(id), timeout: options.healthTimeoutSeconds)
      healthy = healthy && status == 0
      findings.append(status.map { "the health command exited \($0)" } ?? "the health command took too long")
    }
    if findings.isEmpty {
      healthy = false
      findings.append(
        "nothing tells whether it is up: no process of this machine, no heartbeat, no health command")
    }
    let receipt: JSONValue = ["healthy": .bool(healthy), "findings": .strings(findings)]
    try agents.update(id) { (entry, _, members) throws(DSLError) in
      guard entry[Member.lastProbe]?["decision_result"] != receipt else { return }
      members.append((Member.lastProbe, ["at": time.now.json, "decision_result": receipt]))
    }
    return receipt
  }

  /// Changes how many items an agent works on at once, and notes from where, for the next step of the climb.
  func setConcurrency(_ step: EffectStep) throws -> JSONValue {
    guard let wanted = step.parameters["concurrency"]?.int, wanted > 0 else {
      throw DSLError(.invalidInput, "set_concurrency \(step.target): concurrency is not a positive number")
    }
    let tuning = ConcurrencyTuner.Step(
      from: step.before["concurrency"]?.int ?? wanted, to: wanted,
      throughputPerMinute: step.parameters["throughput_per_min"]?.double)
    try agents.update(step.target) { (_, record, members) throws(DSLError) in
      record.concurrency = wanted
      members.append((Member.tuning, tuning.json))
    }
    return ["concurrency": .int(wanted)]
  }

  func resetConcurrency(_ step: EffectStep) throws -> Reversal {
    guard let present = try agents.read(step.target) else {
      return .refused("agent \(step.target) has no record")
    }
    guard let before = step.before["concurrency"]?.int,
      present.record.concurrency == step.parameters["concurrency"]?.int
    else { return .refused("the concurrency of agent \(step.target) was changed since") }
    try agents.update(step.target) { (_, record, members) throws(DSLError) in
      record.concurrency = before
      members.append((Member.tuning, nil))
    }
    return .reverted("the concurrency of agent \(step.target) is \(before) again")
  }

  /// Changes how often an agent writes telemetry.
  func setSampling(_ step: EffectStep) throws -> JSONValue {
    let wanted = step.parameters[Member.telemetryInterval]
    try agents.update(step.target) { (_, _, members) throws(DSLError) in
      members.append((Member.telemetryInterval, wanted))
    }
    return [Member.telemetryInterval: wanted ?? .null]
  }

  func resetSampling(_ step: EffectStep) throws -> Reversal {
    guard let present = try agents.read(step.target) else {
      return .refused("agent \(step.target) has no record")
    }
    guard present[Member.telemetryInterval]?.double == step.parameters[Member.telemetryInterval]?.double
    else {
      return .refused("the telemetry interval of agent \(step.target) was changed since")
    }
    let before = step.before[Member.telemetryInterval]?.double.map(JSONValue.double)
    try agents.update(step.target) { (_, _, members) throws(DSLError) in
      members.append((Member.telemetryInterval, before))
    }
    return .reverted("the telemetry interval of agent \(step.target) is as before")
  }

  /// Whether a step on an agent's record was done.
  func inspectAgent(_ step: EffectStep) throws -> StepTrace {
    guard let present = try agents.read(step.target) else { return .absent }
    let done: Bool
    switch step.action {
    case "start_agent":
      // A start that is over has left nothing that could be undone.
      if present.record.status == .stopped { return .absent }
      guard present.record.status != .starting || present.record.pid != nil else {
        return .unclear("its record was made, but whether its process was started was not noted")
      }
      done = true
    case "drain_agent": done = present.record.drain
    case "retire_agent":
      guard let receipt = present[Member.retired] else { return .absent }
      return .performed(receipt: receipt)
    case "probe_agent": done = present[Member.lastProbe] != nil
    case "set_concurrency": done = present.record.concurrency == step.parameters["concurrency"]?.int
    case "set_sampling":
      done = present[Member.telemetryInterval]?.double == step.parameters[Member.telemetryInterval]?.double
    default: return .unclear("unknown step \(step.action)")
    }
    return done ? .performed(receipt: [:]) : .absent
  }
}
