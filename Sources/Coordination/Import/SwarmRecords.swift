import DSLBase

/// Turns what SwarmSH had into records of ours. Members that we do not know are kept.
struct SwarmRecords {
  /// Seconds of silence after which an agent does not count as up.
  let heartbeatLimit: Double
  let now: Timestamp

  /// A record and the name of its file.
  typealias File = (name: String, bytes: [UInt8])

  func file(_ item: SwarmState.Item) -> File {
    switch item.status {
    case .done: ("completed_\(item.id).json", finished(item, "completed"))
    case .failed: ("failed_\(item.id).json", finished(item, "failed"))
    default: ("work_\(item.id).json", Self.text(work(item)))
    }
  }

  /// An agent as it is now: one that was silent for too long is down, whatever it last said.
  func file(_ agent: (id: String, members: JSONObject)) -> File {
    var record = AgentRecord(id: agent.id, status: .active)
    record.heartbeat = agent.members["last_heartbeat"].flatMap { Timestamp.parse($0)?.time }
    let said = agent.members["status"]?.string.map { AgentRecord.Status(word: $0) } ?? .active
    let isHeard = record.heartbeat.map { abs(now.seconds(since: $0)) <= heartbeatLimit } ?? false
    record.status = isHeard ? said : .stopped
    var object: JSONObject = ["id": .string(agent.id), "status": .string(record.status.rawValue)]
    if let heartbeat = record.heartbeat { object["last_heartbeat"] = heartbeat.json }
    for member in agent.members where object[member.key] == nil && member.key != "agent_id" {
      object[member.key] = member.value
    }
    object["swarmsh"] = ["status": agent.members["status"] ?? .null]
    return ("agent_\(agent.id).json", Self.text(object))
  }

  private func work(_ item: SwarmState.Item) -> JSONObject {
    let members = item.members
    var object: JSONObject = [
      "id": .string(item.id), "status": "pending",
      "priority": members["priority"].map(Self.priority) ?? .int(WorkPriority.standard),
    ]
    let made = members["claimed_at"] ?? members["created_at"]
    if let created = made.flatMap({ Timestamp.parse($0)?.time }) { object["created"] = created.json }
    for member in members where object[member.key] == nil { object[member.key] = member.value }
    object["swarmsh"] = ["status": members["status"] ?? .null, "priority": members["priority"] ?? .null]
    return object
  }

  /// A finished item around its work record, as the queue writes them.
  private func finished(_ item: SwarmState.Item, _ word: String) -> [UInt8] {
    let members = item.members
    var object: JSONObject = [
      "id": .string("\(word)_\(item.id)"), "work_id": .string(item.id), "status": .string(word),
    ]
    let result = members["result"] ?? .null
    object[word == "completed" ? "result" : "error"] =
      word == "completed" ? result : .string(result.string ?? "failed")
    if let end = (members["completed_at"] ?? members["last_update"]).flatMap({ Timestamp.parse($0)?.time }) {
      object["finished"] = end.json
    }
    if let agent = members["agent_id"] { object["agent_id"] = agent }
    object["work"] = .object(work(item))
    return Self.text(object)
  }

  /// critical 100, high 75, medium 50, low 25; a number as it is.
  private static func priority(_ value: JSONValue) -> JSONValue {
    if value.int != nil { return value }
    return .int(value.string.flatMap(WorkPriority.named) ?? WorkPriority.standard)
  }

  private static func text(_ object: JSONObject) -> [UInt8] {
    JSONValue.object(object).serialized(.pretty) + [0x0A]
  }
}
