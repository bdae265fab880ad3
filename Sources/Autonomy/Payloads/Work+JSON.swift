package import Coordination
package import DSLBase

extension WorkItemView {
  /// All that is known of the item; with `record` under that name if wished.
  package func json(withRecord: Bool) -> JSONValue {
    var object: JSONObject = [
      "id": .string(id), "state": .string(state.rawValue), "file": .string(file), "priority": .int(priority),
      "created": created?.json ?? .null, "attempts": .int(attempts), "max_attempts": .optional(maxAttempts),
      "agent": .optional(agent), "epoch": .int(epoch), "lease_until": leaseUntil?.json ?? .null,
      "not_before": notBefore?.json ?? .null, "preferred": .optional(preferred),
      "percent": .optional(percent),
      "note": .optional(note), "finished": finished?.json ?? .null,
    ]
    if withRecord {
      object["record"] = (try? JSONParser.parse(record)) ?? .string(String(decoding: record, as: UTF8.self))
    }
    return .object(object)
  }
}

extension QueueStatistics {
  /// Totals by state, and the claims of each agent.
  package var json: JSONValue {
    [
      "pending": .int(pending), "waiting": .int(waitingForRetry), "claimed": .int(claimed),
      "expired": .int(expired), "failed": .int(failed), "quarantined": .int(quarantined),
      "oldest_pending": oldestPending?.json ?? .null,
      "agents": .array(
        agents.map { ["agent": .string($0.agent), "claims": .int($0.count), "expired": .int($0.expired)] }),
    ]
  }
}
