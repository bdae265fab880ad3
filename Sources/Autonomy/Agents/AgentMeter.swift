import Coordination
import DSLBase

/// What an agent measures of its own work, since the last telemetry record.
struct AgentMeter: Sendable {
  private var items = 0
  private var failures = 0
  private var milliseconds = 0.0
  /// Records written so far.
  private var written = 0

  /// Notes the end of an attempt.
  mutating func note(_ end: CommandEnd) {
    items += 1
    if !end.isSuccess { failures += 1 }
    milliseconds += end.seconds * 1000
  }

  /// The next record, and begins anew.
  ///
  /// - Parameter keep: how many records there are in the ring.
  /// - Returns: its id and content. Without an attempt it says only that there was none.
  mutating func take(agent: String, keep: Int, now: Timestamp) -> (id: String, content: [UInt8]) {
    let id = "\(agent)-\(written % max(1, keep))"
    var metrics: JSONObject = ["items": .int(items)]
    if items > 0 {
      metrics["response_time_ms"] = .double(milliseconds / Double(items))
      metrics["success_rate"] = .double(Double(items - failures) / Double(items))
    }
    let record: JSONValue = [
      "id": .string(id), "timestamp": .string(now.description), "agent_id": .string(agent),
      "metrics": .object(metrics),
    ]
    (items, failures, milliseconds) = (0, 0, 0)
    written += 1
    return (id, record.serialized(.pretty) + [0x0A])
  }
}
