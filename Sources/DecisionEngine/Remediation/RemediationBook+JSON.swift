package import DSLBase

extension RemediationBook {
  /// All entries, as the journal keeps them.
  package var json: JSONValue { ["issues": .array(entries.map(\.json))] }

  /// - Throws: `DSLError` `.corrupt`.
  package init(json: JSONValue, limits: Limits) throws(DSLError) {
    self.init(limits: limits)
    var read: [Entry] = []
    for value in try JSONFields(json, "remediation in the journal").array("issues") {
      read.append(try Entry(json: value))
    }
    entries = read
  }
}

extension RemediationBook.Entry {
  /// The issue, and where it stands: `state` is `queued`, `active` or `parked`.
  package var json: JSONValue {
    var object = issue.json.object ?? [:]
    switch state {
    case .waiting: object["state"] = "queued"
    case .parked: object["state"] = "parked"
    case .active(let decision, let until):
      object["state"] = "active"
      object["decision_id"] = .string(decision)
      object["until"] = until.json
    }
    object["attempts"] = .int(attempts)
    object["seen_at"] = seenAt.json
    object["quiet_since"] = quietSince?.json ?? .null
    object["note"] = .string(note)
    return .object(object)
  }

  /// - Throws: `DSLError` `.corrupt`.
  init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "issue in the journal")
    self.init(issue: try RemediationIssue(json: json), seenAt: try fields.time("seen_at"))
    switch try fields.string("state") {
    case "queued": state = .waiting
    case "parked": state = .parked
    case "active":
      state = .active(decision: try fields.string("decision_id"), until: try fields.time("until"))
    case let word: throw DSLError(.corrupt, "issue in the journal: unknown state \"\(word)\"")
    }
    attempts = try fields.int("attempts")
    quietSince = fields["quiet_since"] == nil ? nil : try fields.time("quiet_since")
    note = try fields.string("note")
  }
}
