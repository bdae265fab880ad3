import Coordination
import DSLBase
import DecisionEngine

extension RemedyHandler {
  /// Names that mean every agent: what the original calls a service that it does not know.
  static let everyAgent = ["fleet", "agents", "unknown"]

  /// The agents of a service that are up: those whose record names it as `service`, and the one of that id.
  static func members(
    of service: String, _ observation: Observation, _ agents: AgentStore
  ) throws(DSLError) -> [AgentView] {
    var found: [AgentView] = []
    for view in observation.agents where [.busy, .idle].contains(view.state) {
      if everyAgent.contains(service) || view.id == service {
        found.append(view)
      } else if try agents.read(view.id)?["service"]?.string == service {
        found.append(view)
      }
    }
    return found
  }

  private func members(_ service: String, _ observation: Observation) throws(DSLError) -> [AgentView] {
    try Self.members(of: service, observation, backend.agents)
  }

  /// One agent started for each one drained; the new ones first, so that there are never fewer.
  func restart(_ decision: Decision, _ service: String, _ observation: Observation) throws -> EffectPlan {
    let limit = decision.parameters["limit"]?.int ?? 10
    let old = try members(service, observation).prefix(max(1, limit))
    guard !old.isEmpty else { return .nothing(reason: "no agent of \(service) is up") }
    let unique = decision.id.split(separator: "-").last ?? Substring(decision.id)
    let by = backend.options.command == nil ? "supervisor" : "engine"
    let new = old.indices.map {
      EffectStep(
        action: "start_agent", target: "a-\(unique.prefix(12))-\($0 + 1)", parameters: ["by": .string(by)])
    }
    let drained = old.map {
      EffectStep(action: "drain_agent", target: $0.id, before: ["draining": false])
    }
    return .steps(new + drained)
  }

  /// A lower concurrency for each agent that works on more than one item at once.
  func throttle(_ decision: Decision, _ service: String, _ observation: Observation) throws -> EffectPlan {
    let percent = min(99, max(1, decision.parameters["percent"]?.int ?? 50))
    let agents = try members(service, observation)
    let steps = agents.compactMap { agent -> EffectStep? in
      let lower = max(1, agent.concurrency * (100 - percent) / 100)
      guard lower < agent.concurrency else { return nil }
      return EffectStep(
        action: "set_concurrency", target: agent.id,
        parameters: ["concurrency": .int(lower), "reason": .string("\(decision.rule)")],
        before: ["concurrency": .int(agent.concurrency)])
    }
    guard steps.isEmpty else { return .steps(steps) }
    return .nothing(
      reason: agents.isEmpty
        ? "no agent of \(service) is up" : "every agent of \(service) works on one item at a time already")
  }

  /// The end of one agent's process, if this engine started it.
  func kill(_ decision: Decision) throws -> EffectPlan {
    guard let id = decision.parameters["agent"]?.string, CoordinationDirectory.isSafe(id: id) else {
      throw DSLError(.invalidInput, "kill_process: parameter agent is no agent's id")
    }
    guard let record = try backend.agents.read(id)?.record else {
      throw DSLError(.notFound, "kill_process: there is no agent \(id)", fix: "dsl agent list")
    }
    guard record.startedBy == FilesBackend.starter else {
      throw DSLError(
        .invalidState,
        "kill_process: agent \(id) was not started by this engine, so its process is not ended",
        fix: "ask it to stop: dsl agent drain \(id)")
    }
    guard backend.isRunning(record) == true else {
      return .nothing(reason: "no process of agent \(id) runs here")
    }
    return .steps([EffectStep(action: "retire_agent", target: id)])
  }
}
