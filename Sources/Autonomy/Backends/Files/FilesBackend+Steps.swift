import Coordination
package import DSLBase

extension FilesBackend {
  package func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    traced(try await performed(step, for: decision), step)
  }

  /// The receipt with the trace that the agent was started in or that the item belongs to, so that the effect's span can
  /// be linked to it.
  private func traced(_ receipt: JSONValue, _ step: EffectStep) -> JSONValue {
    // An agent that is being started has no trace yet but the effect's own.
    guard step.action != "start_agent", case .object(var object) = receipt else { return receipt }
    let trace: JSONValue?
    if step.action.hasSuffix("_item") {
      let record = try? queue?.show(step.target).record
      trace = record.flatMap { try? JSONParser.parse($0) }?[Member.trace]
    } else {
      trace = (try? agents.read(step.target))?[Member.trace]
    }
    object[Member.trace] = trace?.string.map(JSONValue.string)
    return .object(object)
  }

  private func performed(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    switch step.action {
    case "start_agent": try startAgent(step, for: decision)
    case "drain_agent": try drainAgent(step)
    case "retire_agent": try await retireAgent(step)
    case "probe_agent": try probeAgent(step)
    case "set_concurrency": try setConcurrency(step)
    case "set_sampling": try setSampling(step)
    case "reclaim_item": try reclaimItem(step)
    case "quarantine_item": try quarantineItem(step)
    case "spread_items": try spreadItems(step)
    default: throw DSLError(.unsupported, "backend files does not know the step \"\(step.action)\"")
    }
  }

  package func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    switch step.action {
    case "start_agent": try await stopStarted(step, receipt)
    case "drain_agent": try undrainAgent(step)
    case "retire_agent": try unretireAgent(step, receipt)
    case "probe_agent": .reverted("nothing to restore: a probe changes nothing but its own note")
    case "set_concurrency": try resetConcurrency(step)
    case "set_sampling": try resetSampling(step)
    case "reclaim_item": .reverted("nothing to restore: the claim had run out by itself")
    case "quarantine_item": try releaseItem(step)
    case "spread_items": try unspreadItems(step)
    default: .refused("backend files does not know the step \"\(step.action)\"")
    }
  }

  /// As reverting, but that no process is started for an agent whose drain came to its end.
  package func withdraw(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    guard step.action == "drain_agent" else { return try await revert(step, receipt: receipt) }
    return try undrainAgent(step, mayStart: false)
  }

  package func inspect(_ step: EffectStep) async throws -> StepTrace {
    switch step.action {
    case "reclaim_item", "quarantine_item", "spread_items": try inspectWork(step)
    default: try inspectAgent(step)
    }
  }
}
