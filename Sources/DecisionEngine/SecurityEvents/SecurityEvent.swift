package import DSLBase

/// What kind of attack telemetry shows: the document's four.
package enum SecurityEventType: String, Sendable, Hashable, CaseIterable {
  /// Somebody tries to get in.
  case authFailure = "auth_failure"
  /// Somebody sends code where data is expected.
  case injection
  /// Somebody asks for what they should not know of.
  case suspiciousAccess = "suspicious_access"
  /// Somebody takes more out than anybody should.
  case dataExfiltration = "data_exfiltration"
}

/// How bad an event is, the least first.
package enum SecurityEventLevel: String, Sendable, Hashable, CaseIterable {
  case info, low, medium, high, critical

  /// 0.1, 0.3, 0.5, 0.7, 0.9: what a threat threshold is compared with.
  package var score: Double {
    switch self {
    case .info: 0.1
    case .low: 0.3
    case .medium: 0.5
    case .high: 0.7
    case .critical: 0.9
    }
  }
}

/// One log record or span, as far as security rules look at it.
package struct SecuritySignal: Sendable, Equatable {
  package var at: Timestamp
  package var service: String
  /// A span's name, or empty.
  package var name: String
  /// A log's text, or empty.
  package var body: String
  /// Attributes as text, by key, each once.
  package var attributes: [String: String]
  package var traceID: String?

  package init(
    at: Timestamp, service: String, name: String = "", body: String = "", attributes: [String: String] = [:],
    traceID: String? = nil
  ) {
    self.at = at
    self.service = service
    self.name = name
    self.body = body
    self.attributes = attributes
    self.traceID = traceID
  }

  /// The first of these attributes that is there and not empty.
  func first(_ keys: [String]) -> String? {
    for key in keys { if let value = attributes[key], !value.isEmpty { return value } }
    return nil
  }

  /// Where it came from, by OpenTelemetry's names, the newer before the older ones.
  package var source: String? {
    first([
      "client.address", "source.address", "http.client_ip", "network.peer.address", "net.peer.ip",
      "net.sock.peer.addr", "ip",
    ])
  }

  /// On whose behalf.
  package var user: String? { first(["user.name", "user.id", "enduser.id", "user"]) }
}

/// Something in telemetry that looks like an attack.
package struct SecurityEvent: Sendable, Equatable {
  package var type: SecurityEventType
  package var level: SecurityEventLevel
  /// When the last of what it is made of happened.
  package var at: Timestamp
  package var service: String
  /// The address it came from; `nil` where telemetry does not say.
  package var source: String?
  package var user: String?
  /// The rule that found it.
  package var rule: String
  /// What was counted, in the rule's measure.
  package var count: Double
  /// What was seen, bounded and without secrets.
  package var evidence: String
  package var traceID: String?
  /// Whether it was made up to try the rules out.
  package var isSimulated = false

  package var json: JSONValue {
    [
      "event_type": .string(type.rawValue), "level": .string(level.rawValue), "at": at.json,
      "service": .string(service), "source_ip": .optional(source), "user": .optional(user),
      "rule": .string(rule), "count": .double(count), "evidence": .string(evidence),
      "trace_id": .optional(traceID), "simulated": .bool(isSimulated),
    ]
  }

  /// - Throws: `DSLError` `.corrupt`.
  package init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "security event")
    type = try fields.word("event_type", SecurityEventType.self)
    level = try fields.word("level", SecurityEventLevel.self)
    at = try fields.time("at")
    service = try fields.string("service")
    source = fields["source_ip"]?.string
    user = fields["user"]?.string
    rule = try fields.string("rule")
    count = try fields.double("count")
    evidence = try fields.string("evidence")
    traceID = fields["trace_id"]?.string
    isSimulated = try fields.bool("simulated")
  }

  init(_ type: SecurityEventType, _ level: SecurityEventLevel, _ signal: SecuritySignal, rule: String) {
    self.type = type
    self.level = level
    at = signal.at
    service = signal.service
    source = signal.source.map { Redaction.text($0, limit: 100) }
    user = signal.user.map { Redaction.text($0, limit: 100) }
    self.rule = rule
    count = 1
    evidence = ""
    traceID = signal.traceID
  }
}
