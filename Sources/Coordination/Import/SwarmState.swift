package import DSLBase

/// A SwarmSH coordination directory, its files joined by `work_item_id`. Pure: made from texts, changes nothing.
///
/// SwarmSH writes an item to one file and its progress to another, and throws some away: the fast path's claims never
/// become completed there, while the log holds their completion. So of several records of an item the later file's
/// members win, but an end (completed, failed) is never taken back by a record that does not know of it.
package struct SwarmState: Sendable, Equatable {
  /// What a source file may hold, in the order in which it is read: the least telling first.
  package enum Kind: Int, Sendable, CaseIterable {
    case backup, archive, claims, fastClaims, queue, log, agents, spans
  }

  /// A part of a source that was not taken over.
  package struct Dropped: Sendable, Equatable {
    package var file: String
    /// Where it begins in the file, bytes.
    package var offset: Int
    package var reason: String
  }

  /// What a file gave.
  package struct Source: Sendable, Equatable {
    package var file: String
    package var objects = 0
    package var dropped = 0
  }

  /// An item with everything that is known of it.
  package struct Item: Sendable, Equatable {
    package var id: String
    package var members: JSONObject
    package var status: WorkStatus
  }

  package private(set) var items: [Item] = []
  /// Agents by id, each as the last record has it.
  package private(set) var agents: [(id: String, members: JSONObject)] = []
  /// Span objects in the order of the files.
  package private(set) var spans: [JSONObject] = []
  package private(set) var sources: [Source] = []
  package private(set) var dropped: [Dropped] = []
  /// Records that were joined into one of the same id.
  package private(set) var joined = 0
  private var itemPlaces: [String: Int] = [:]
  private var agentPlaces: [String: Int] = [:]

  package init() {}

  package static func == (one: Self, other: Self) -> Bool {
    one.items == other.items && one.spans == other.spans && one.sources == other.sources
      && one.dropped == other.dropped && one.joined == other.joined
      && one.agents.elementsEqual(other.agents) { $0.id == $1.id && $0.members == $1.members }
  }

  /// What a file's name says that it holds; `nil` for files that are not taken over.
  package static func kind(of name: String) -> Kind? {
    switch name {
    case "work_claims.json": .claims
    case "work_claims_fast.jsonl": .fastClaims
    case "coordination_log.json": .log
    case "agent_status.json": .agents
    case "real_work_queue.json": .queue
    case "telemetry_spans.jsonl", "phoenix_telemetry_events.jsonl": .spans
    default:
      if !name.hasSuffix(".json") {
        nil
      } else if name.hasPrefix("completed_claims_") || name.hasPrefix("completed_work_") {
        .archive
      } else if name.hasPrefix("work_claims_") {
        .backup
      } else {
        nil
      }
    }
  }

  /// Adds a file. Files are to be added in the order of `Kind`, those of one kind by name.
  package mutating func add(_ file: String, _ kind: Kind, _ bytes: [UInt8]) {
    let (objects, broken) = JSONFragments.read(bytes)
    let before = dropped.count
    for part in broken {
      dropped.append(
        Dropped(file: file, offset: part.offset, reason: "\(part.reason); \(part.length) bytes passed over"))
    }
    var seen: [String: JSONObject] = [:]
    for (offset, object) in objects {
      switch kind {
      case .spans: spans.append(object)
      case .agents: addAgent(object, file, offset)
      case .queue:
        for item in object["work_items"]?.array?.compactMap(\.object) ?? [object] {
          addItem(item, file, offset, kind, &seen)
        }
      default: addItem(object, file, offset, kind, &seen)
      }
    }
    sources.append(Source(file: file, objects: objects.count, dropped: dropped.count - before))
  }

  private mutating func addAgent(_ object: JSONObject, _ file: String, _ offset: Int) {
    guard let id = object["agent_id"]?.string, CoordinationDirectory.isSafe(id: id),
      !RecordName.isReserved(.agent, id: id)
    else { return drop(file, offset, "an agent without a usable agent_id") }
    guard let place = agentPlaces[id] else {
      agentPlaces[id] = agents.count
      return agents.append((id, object))
    }
    joined += 1
    for member in object { agents[place].members[member.key] = member.value }
  }

  private mutating func addItem(
    _ object: JSONObject, _ file: String, _ offset: Int, _ kind: Kind, _ seen: inout [String: JSONObject]
  ) {
    guard var id = object["work_item_id"]?.string ?? object["work_id"]?.string,
      CoordinationDirectory.isSafe(id: id), !RecordName.isReserved(.work, id: id)
    else { return drop(file, offset, "an item without a usable work_item_id") }
    // Ids are the time in nanoseconds: two claims of one instant get the same. Two in one file that differ in what was
    // claimed are two items.
    if kind != .log, let other = seen[id], Self.areTwo(other, object) {
      id += "~2"
      drop(file, offset, "its id is taken by another item of the file: kept as \(id)")
    }
    seen[id] = object
    var status = object["status"]?.string.map { WorkStatus($0) } ?? .pending
    if kind == .log { status = .done }
    guard let place = itemPlaces[id] else {
      itemPlaces[id] = items.count
      return items.append(Item(id: id, members: object, status: status))
    }
    joined += 1
    let wasEnded = !items[place].status.isLive
    for member in object where !(member.key == "status" && wasEnded && status.isLive) {
      items[place].members[member.key] = member.value
    }
    if !wasEnded || !status.isLive { items[place].status = status }
  }

  private static func areTwo(_ one: JSONObject, _ other: JSONObject) -> Bool {
    one["claimed_at"] != other["claimed_at"] && one["description"] != other["description"]
      || one["agent_id"] != other["agent_id"] && one["work_type"] != other["work_type"]
  }

  private mutating func drop(_ file: String, _ offset: Int, _ reason: String) {
    dropped.append(Dropped(file: file, offset: offset, reason: reason))
  }
}
