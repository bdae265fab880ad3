package import DSLBase

extension IncidentBook {
  /// All of it, for the journal.
  package var json: JSONValue {
    [
      "open": .array(open.map(\.json)),
      "rising": .array(
        rising.map { ["rule": .string($0.rule), "target": .string($0.target), "cycles": .int($0.cycles)] }),
    ]
  }

  /// - Throws: `DSLError` (`corrupt`) when a member is missing or of the wrong kind.
  package init(json: JSONValue?) throws(DSLError) {
    let fields = try JSONFields(json, "incidents")
    open = try fields.array("open").map { (value) throws(DSLError) in try Incident(json: value) }
    rising = try fields.array("rising").map { (value) throws(DSLError) in
      let entry = try JSONFields(value, "rising incident")
      return Rising(
        rule: try entry.string("rule"), target: try entry.string("target"), cycles: try entry.int("cycles"))
    }
  }
}

extension Incident {
  /// All fields.
  package var json: JSONValue {
    [
      "id": .string(id), "rule": .string(rule), "target": .string(target),
      "severity": .string(severity.rawValue),
      "summary": .string(summary), "opened_ns": .int(openedAt.nanoseconds), "count": .int(count),
      "sequence": .int(sequence), "told": .string(told.rawValue), "told_ns": .int(toldAt.nanoseconds),
      "told_count": .int(toldCount), "last_ns": lastAt.map { .int($0.nanoseconds) } ?? .null,
      "patient": .bool(isPatient), "absent": .int(absent),
    ]
  }

  init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "incident")
    let kind: IncidentSignal.Kind = .holds(patient: try fields.bool("patient"))
    self.init(
      IncidentSignal(
        try fields.string("rule"), try fields.string("target"),
        try fields.word("severity", IncidentSeverity.self), try fields.string("summary"), kind),
      at: Timestamp(nanoseconds: Int64(try fields.int("opened_ns"))))
    id = try fields.string("id")
    count = try fields.int("count")
    sequence = try fields.int("sequence")
    told = try fields.word("told", IncidentSeverity.self)
    toldAt = Timestamp(nanoseconds: Int64(try fields.int("told_ns")))
    toldCount = try fields.int("told_count")
    lastAt = fields["last_ns"]?.int.map { Timestamp(nanoseconds: Int64($0)) }
    absent = try fields.int("absent")
  }
}
