package import DSLBase
import Synchronization

/// A backend whose world is a value in memory: for tests, for trying out a policy, and as the second implementation
/// that keeps the `Backend` seam honest.
package final class MemoryBackend: Backend {
  package let name = "memory"
  package let supports = FleetPlanner.supports
  private let fleet: Mutex<MemoryFleet>
  private let time: any TimeSource
  private let bounds: FleetPlanner.Bounds

  package init(_ fleet: MemoryFleet, time: any TimeSource, bounds: FleetPlanner.Bounds = .init()) {
    self.fleet = Mutex(fleet)
    self.time = time
    self.bounds = bounds
  }

  /// The world as it is.
  package var current: MemoryFleet { fleet.withLock { $0 } }

  /// Changes the world from outside, as agents and users do.
  package func change(_ body: (inout MemoryFleet) -> Void) { fleet.withLock { body(&$0) } }

  package func observe() async throws -> Observation { current.observation(at: time.now) }

  package func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    try FleetPlanner(observation, current.facts(at: time.now), bounds).plan(decision)
  }

  package func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    let now = time.now
    return try fleet.withLock { fleet in try fleet.perform(step, decision: decision.id, at: now) }
  }

  package func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    let now = time.now
    return fleet.withLock { $0.revert(step, at: now) }
  }

  package func inspect(_ step: EffectStep) async throws -> StepTrace { current.inspect(step) }
}

extension MemoryFleet {
  fileprivate mutating func perform(
    _ step: EffectStep, decision: String, at now: Timestamp
  ) throws(DSLError) -> JSONValue {
    if step.action == "start_agent" {
      if agents[step.target] == nil { agents[step.target] = Agent(state: .starting, heartbeat: now) }
      agents[step.target]?.startedBy = decision
      return ["state": "starting"]
    }
    if step.action == "spread_items" {
      for (item, agent) in step.assignment { items[item]?.preferredAgent = agent }
      return ["items": .int(step.assignment.count)]
    }
    if step.action == "reclaim_item" || step.action == "quarantine_item" {
      guard let item = items[step.target] else { throw gone(step, "item") }
      if step.action == "reclaim_item" {
        if case .claimed(_, let until) = item.state, until <= now { items[step.target]?.state = .pending }
      } else if item.state == .pending {
        items[step.target]?.state = .quarantined
      }
      return [:]
    }
    guard var agent = agents[step.target] else { throw gone(step, "agent") }
    switch step.action {
    case "drain_agent": agent.state = .draining
    case "retire_agent": agent.state = .stopped
    case "probe_agent": agent.probedAt = now
    case "set_sampling": agent.telemetryInterval = step.parameters["telemetry_interval_s"]?.double
    case "set_concurrency":
      let wanted = step.parameters["concurrency"]?.int ?? agent.concurrency
      agent.tuning = ConcurrencyTuner.Step(
        from: step.before["concurrency"]?.int ?? agent.concurrency, to: wanted,
        throughputPerMinute: step.parameters["throughput_per_min"]?.double)
      agent.concurrency = wanted
    default: throw DSLError(.unsupported, "unknown step \"\(step.action)\"")
    }
    agents[step.target] = agent
    return ["state": .string(agent.state.rawValue)]
  }

  private func gone(_ step: EffectStep, _ what: String) -> DSLError {
    DSLError(.conflict, "\(step.action): \(what) \(step.target) is no longer there")
  }

  fileprivate mutating func revert(_ step: EffectStep, at now: Timestamp) -> Reversal {
    switch step.action {
    case "spread_items":
      for (item, agent) in step.assignment where items[item]?.preferredAgent == agent {
        items[item]?.preferredAgent = nil
      }
      return .reverted("the preferences are gone")
    case "reclaim_item": return .reverted("nothing to restore: the claim had run out by itself")
    case "quarantine_item":
      guard items[step.target]?.state == .quarantined else {
        return .refused("it is no longer in quarantine")
      }
      items[step.target]?.state = .pending
      return .reverted("it is pending again")
    default: break
    }
    guard let agent = agents[step.target] else { return .refused("agent \(step.target) is no longer there") }
    switch step.action {
    case "start_agent":
      guard agent.state != .stopped else { return .refused("agent \(step.target) has stopped by itself") }
      let busy = claims(of: step.target, at: now) > 0
      agents[step.target]?.state = busy ? .draining : .stopped
      return .reverted("agent \(step.target) stops when it has finished what it holds")
    case "drain_agent":
      guard agent.state == .draining else {
        return .refused("agent \(step.target) is \(agent.state.rawValue)")
      }
      agents[step.target]?.state = .idle
      return .reverted("agent \(step.target) takes work again")
    case "retire_agent": return revertRetirement(step.target, agent)
    case "probe_agent": return .reverted("nothing to restore: a probe changes nothing")
    case "set_sampling":
      guard agent.telemetryInterval == step.parameters["telemetry_interval_s"]?.double else {
        return .refused("its telemetry interval was changed since")
      }
      agents[step.target]?.telemetryInterval = step.before["telemetry_interval_s"]?.double
      return .reverted("its telemetry interval is as before")
    case "set_concurrency":
      guard agent.concurrency == step.parameters["concurrency"]?.int,
        let before = step.before["concurrency"]?.int
      else { return .refused("its concurrency was changed since") }
      agents[step.target]?.concurrency = before
      agents[step.target]?.tuning = nil
      return .reverted("its concurrency is \(before) again")
    default: return .refused("unknown step \"\(step.action)\"")
    }
  }

  private mutating func revertRetirement(_ id: String, _ agent: Agent) -> Reversal {
    guard agent.state == .stopped else { return .refused("agent \(id) is \(agent.state.rawValue)") }
    agents[id]?.state = .stale
    return .reverted("agent \(id) counts as stale again")
  }

  fileprivate func inspect(_ step: EffectStep) -> StepTrace {
    let done: Bool
    switch step.action {
    case "start_agent": done = agents[step.target] != nil
    case "drain_agent": done = agents[step.target]?.state == .draining
    case "retire_agent": done = agents[step.target]?.state == .stopped
    case "probe_agent": done = agents[step.target]?.probedAt != nil
    case "set_sampling":
      done = agents[step.target]?.telemetryInterval == step.parameters["telemetry_interval_s"]?.double
    case "set_concurrency": done = agents[step.target]?.concurrency == step.parameters["concurrency"]?.int
    case "quarantine_item": done = items[step.target]?.state == .quarantined
    case "reclaim_item": done = items[step.target]?.state == .pending
    case "spread_items": done = step.assignment.allSatisfy { items[$0.item]?.preferredAgent == $0.agent }
    default: return .unclear("unknown step \"\(step.action)\"")
    }
    return done ? .performed(receipt: [:]) : .absent
  }
}

extension EffectStep {
  /// The pairs of a `spread_items` step.
  package var assignment: [(item: String, agent: String)] {
    (parameters["assignment"]?.array ?? []).compactMap { pair in
      guard let item = pair["item"]?.string, let agent = pair["agent"]?.string else { return nil }
      return (item, agent)
    }
  }
}
