package import DSLBase

extension AgentRecord {
  /// What became of reading a file named like an agent's.
  enum Reading {
    case agent(AgentRecord)
    /// A collection of agents, or another program's state.
    case lookalike
  }

  /// Reads a record.
  ///
  /// - Parameters:
  ///   - bytes: the file's content.
  ///   - fallbackID: the id to use when the record has none (`RecordName.id`).
  ///   - assumedOffset: seconds east of UTC for times without a zone.
  /// - Throws: `invalidInput` naming the record when the text is not one JSON object with distinct names.
  package init(_ bytes: [UInt8], fallbackID: String, assumedOffset: Int = 0) throws(DSLError) {
    let name = FileName.shown(fallbackID)
    let fix = "correct the file or move it out of the directory"
    do throws(JSONError) {
      let reading = try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in
        try Self.read(buffer, fallbackID: fallbackID, assumedOffset: assumedOffset)
      }
      guard case .agent(let record) = reading else { throw JSONError("it holds a collection", at: 0) }
      self = record
    } catch {
      throw DSLError(.invalidInput, "agent record \(name) cannot be read", cause: error.description, fix: fix)
    }
  }

  static func read(
    _ bytes: UnsafeBufferPointer<UInt8>, fallbackID: String, assumedOffset: Int
  ) throws(JSONError) -> Reading {
    var record = AgentRecord(id: fallbackID, status: .active)
    record.statusText = nil
    var shape = RecordShape()
    var ranks = (id: Int.max, created: Int.max, heartbeat: Int.max)
    var text = RecordText()
    let found = try text.forEachMember(bytes) { name, value in
      shape.note(name, value)
      if name.spells("id") || (name.spells("agent_id") && ranks.id > 0) {
        guard let id = WorkRecord.identifier(value) else { return }
        ranks.id = name.spells("id") ? 0 : 1
        record.id = id
      } else if let rank = TimeMember.heartbeat(name) {
        guard rank < ranks.heartbeat, let read = value.time(assumedOffset: assumedOffset) else { return }
        ranks.heartbeat = rank
        record.heartbeat = read.time
        record.heartbeatZoneAssumed = read.source == .assumedZone
      } else if let rank = TimeMember.created(name) {
        guard rank < ranks.created, let read = value.time(assumedOffset: assumedOffset) else { return }
        ranks.created = rank
        record.created = read.time
      } else {
        record.take(name, value, assumedOffset)
      }
    }
    return found == .array || shape.isCollection ? .lookalike : .agent(record)
  }

  private mutating func take(_ name: UnsafeBufferPointer<UInt8>, _ value: RawValue, _ assumedOffset: Int) {
    if name.spells("status") {
      statusText = value.string
    } else if name.spells("state") {
      statusText = statusText ?? value.string
    } else if name.spells("heartbeat_limit_s") {
      heartbeatLimitSeconds = value.double.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    } else if name.spells("pid") {
      pid = value.int.flatMap { Int32(exactly: $0) }.flatMap { $0 > 0 ? $0 : nil }
    } else if name.spells("process_start") {
      processStart = value.int
    } else if name.spells("boot_id") {
      bootID = value.string
    } else if name.spells("host") {
      host = value.string
    } else if name.spells("concurrency") {
      concurrency = max(1, value.int ?? 1)
    } else if name.spells("started_by") {
      startedBy = value.string
    } else if name.spells("drain") {
      drain = value.bool ?? false
    } else if name.spells("last_active") {
      lastActive = value.time(assumedOffset: assumedOffset)?.time
    }
  }

  /// The record as JSON text, ready for its file.
  ///
  /// - Parameter existing: the file's present content; members that differ from this record are set in it and every other
  ///   byte is kept. Without it the record is written anew.
  /// - Throws: `invalidInput` when `existing` is not an agent's record.
  package func encoded(over existing: [UInt8]? = nil) throws(DSLError) -> [UInt8] {
    guard let existing else {
      var object = JSONObject()
      for (key, value) in members { object[key] = value }
      return JSONValue.object(object).serialized(.pretty) + [0x0A]
    }
    let present = try AgentRecord(existing, fallbackID: id).members
    let changes = zip(members, present).compactMap { wanted, present in
      wanted.value == present.value ? nil : (key: wanted.key, value: wanted.value)
    }
    do {
      return try JSONEdit.apply(changes, to: existing)
    } catch {
      throw DSLError(.invalidInput, "agent record \(FileName.shown(id)) cannot be edited", cause: "\(error)")
    }
  }

  /// All members in the order in which they are written; always the same names.
  private var members: [(key: String, value: JSONValue?)] {
    func time(_ time: Timestamp?) -> JSONValue? { time.map { .string($0.description) } }
    return [
      ("id", .string(id)), ("status", statusText.map(JSONValue.string)), ("created", time(created)),
      ("last_heartbeat", time(heartbeat)), ("heartbeat_limit_s", heartbeatLimitSeconds.map(JSONValue.double)),
      ("pid", pid.map { .int($0) }), ("process_start", processStart.map { .int($0) }),
      ("boot_id", bootID.map(JSONValue.string)), ("host", host.map(JSONValue.string)),
      ("concurrency", .int(concurrency)), ("started_by", startedBy.map(JSONValue.string)),
      ("drain", .bool(drain)),
      ("last_active", time(lastActive)),
    ]
  }
}
