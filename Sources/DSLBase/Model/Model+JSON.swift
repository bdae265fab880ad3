extension Timestamp {
  /// The RFC 3339 text.
  public var json: JSONValue { .string(description) }
}

extension SystemMetrics {
  /// Score, state, then every measured value by name.
  public var json: JSONValue {
    var object: JSONObject = [
      "health_score": .optional(healthScore), "health_state": .string(healthState.rawValue),
    ]
    for name in values.keys.sorted() {
      guard let value = values[name] else { continue }
      object[name.rawValue] = Int(exactly: value).map { .int($0) } ?? .double(value)
    }
    return .object(object)
  }

  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(json: JSONValue?) throws(DSLError) {
    let fields = try JSONFields(json, "metrics")
    self.init()
    healthScore = fields["health_score"]?.double
    healthState = try fields.word("health_state", HealthState.self)
    for member in json?.object ?? [:] where !member.key.hasPrefix("health_") {
      guard let value = member.value.double else { continue }
      values[MetricName(rawValue: member.key)] = value
    }
  }
}

extension SourceEvidence {
  /// All fields; ages in seconds.
  public var json: JSONValue {
    [
      "source": .string(source), "status": .string(status.rawValue), "records": .int(records),
      "unreadable": .int(unreadable), "newest_age_s": .optional(newestAgeSeconds),
      "oldest_age_s": .optional(oldestAgeSeconds), "limit_s": .optional(limitSeconds),
      "notes": .strings(notes),
    ]
  }

  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "evidence")
    self.init(
      source: try fields.string("source"), status: try fields.word("status", EvidenceStatus.self),
      records: try fields.int("records"), unreadable: try fields.int("unreadable"),
      newestAgeSeconds: fields["newest_age_s"]?.double, oldestAgeSeconds: fields["oldest_age_s"]?.double,
      limitSeconds: fields["limit_s"]?.double,
      notes: try fields.strings("notes"))
  }
}

extension AgentView {
  /// All fields; ages in seconds.
  public var json: JSONValue {
    [
      "id": .string(id), "state": .string(state.rawValue), "claims": .int(claims),
      "concurrency": .int(concurrency),
      "pid": pid.map { .int($0) } ?? .null, "heartbeat_age_s": .optional(heartbeatAgeSeconds),
      "idle_s": .optional(idleSeconds), "managed": .bool(managed),
      "running": running.map { .bool($0) } ?? .null,
    ]
  }

  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "agent view")
    self.init(
      id: try fields.string("id"), state: try fields.word("state", State.self),
      claims: try fields.int("claims"),
      concurrency: try fields.int("concurrency"), pid: fields["pid"]?.int.flatMap { Int32(exactly: $0) },
      heartbeatAgeSeconds: fields["heartbeat_age_s"]?.double, idleSeconds: fields["idle_s"]?.double,
      managed: try fields.bool("managed"), running: fields["running"]?.bool)
  }
}

extension Observation {
  /// All fields. Reading it back gives an equal observation, to the last bit of every number.
  public var json: JSONValue {
    [
      "at": at.json, "at_ns": .int(at.nanoseconds), "backend": .string(backend), "metrics": metrics.json,
      "evidence": .array(evidence.map(\.json)), "agents": .array(agents.map(\.json)),
      "blind": .optional(blind),
    ]
  }

  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(json: JSONValue?) throws(DSLError) {
    let fields = try JSONFields(json, "observation")
    self.init(
      at: Timestamp(nanoseconds: Int64(try fields.int("at_ns"))), backend: try fields.string("backend"),
      metrics: try SystemMetrics(json: fields["metrics"]),
      evidence: try fields.array("evidence").map { (value) throws(DSLError) in try SourceEvidence(json: value)
      },
      agents: try fields.array("agents").map { (value) throws(DSLError) in try AgentView(json: value) },
      blind: fields["blind"]?.string)
  }
}

extension Decision {
  /// All fields; `assessment` only where there is one.
  public var json: JSONValue {
    var object: JSONObject = [
      "id": .string(id), "type": .string(type.rawValue), "priority": .int(priority),
      "description": .string(description), "rationale": .string(rationale), "parameters": .object(parameters),
      "confidence": .double(confidence), "target": .string(target), "created_at": createdAt.json,
      "rule": .string(rule),
    ]
    if let assessment { object["assessment"] = assessment.json }
    return .object(object)
  }

  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(json: JSONValue?) throws(DSLError) {
    let fields = try JSONFields(json, "decision")
    self.init(
      id: try fields.string("id"), type: DecisionType(rawValue: try fields.string("type")),
      priority: try fields.int("priority"), description: try fields.string("description"),
      rationale: try fields.string("rationale"), parameters: try fields.object("parameters"),
      confidence: try fields.double("confidence"), target: try fields.string("target"),
      createdAt: try fields.time("created_at"), rule: try fields.string("rule"))
    if let json = fields["assessment"] { assessment = try ConfidenceAssessment(json: json) }
  }
}

extension EffectStep {
  /// All fields.
  public var json: JSONValue {
    [
      "action": .string(action), "target": .string(target), "parameters": .object(parameters),
      "before": before,
    ]
  }

  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "effect step")
    self.init(
      action: try fields.string("action"), target: try fields.string("target"),
      parameters: try fields.object("parameters"), before: fields["before"] ?? .null)
  }
}
