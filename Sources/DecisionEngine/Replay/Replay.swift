package import DSLBase

/// Derives the decisions of a journaled cycle once more, and compares.
package enum Replay {
  /// What became of one decision.
  package enum Difference: Sendable, Equatable {
    /// The journal does not have it.
    case added(Decision)
    /// It was not derived again; the journal's form.
    case dropped(JSONValue)
    /// The first field that differs, as the journal has it and as it was derived; `null` is absent.
    case changed(rule: String, field: String, journaled: JSONValue, derived: JSONValue)
  }

  /// Compares what an engine decides on an observation with what the journal has.
  ///
  /// Decisions are compared bit for bit in their JSON form, by id where the rules are the same; `byRule` joins them by
  /// rule or else by type and target, for another policy, whose ids differ by nature and are passed over.
  ///
  /// - Parameters:
  ///   - observation: as journaled, scored or not.
  ///   - journaled: the cycle's decisions in any order.
  ///   - strategies: what strategies answered in that cycle (`AnsweredStrategy.all`).
  /// - Returns: differences in the order of derived decisions, then those dropped in the order given.
  package static func compare(
    _ engine: DecisionEngine, _ observation: Observation, cycle: String, journaled: [JSONValue],
    byRule: Bool = false, strategies: [any DecisionStrategy] = []
  ) -> [Difference] {
    let derived = engine.decide(engine.assess(observation), cycle: cycle, strategies: strategies).decisions
    var rest = journaled
    var differences: [Difference] = []
    for decision in derived {
      let json = decision.json
      guard let place = place(of: json, in: rest, byRule: byRule) else {
        differences.append(.added(decision))
        continue
      }
      let found = rest.remove(at: place)
      let passedOver = byRule ? ["id", "rule", "description", "rationale"] : []
      if let (field, old, new) = firstDifference(found, json, path: "", passingOver: passedOver) {
        differences.append(.changed(rule: decision.rule, field: field, journaled: old, derived: new))
      }
    }
    return differences + rest.map(Difference.dropped)
  }

  private static func place(of json: JSONValue, in rest: [JSONValue], byRule: Bool) -> Int? {
    func index(_ keys: [String]) -> Int? {
      rest.firstIndex { entry in keys.allSatisfy { entry[$0] == json[$0] } }
    }
    if byRule { return index(["rule", "type", "target"]) ?? index(["type", "target"]) }
    return index(["id"]) ?? index(["rule", "type", "target"])
  }

  /// The first field in which two values differ, in the order in which the first has them: `parameters.target_agents`,
  /// `cycles[3].silence`.
  package static func firstDifference(
    _ a: JSONValue, _ b: JSONValue, path: String, passingOver: [String] = []
  ) -> (String, JSONValue, JSONValue)? {
    if case .array(let x) = a, case .array(let y) = b {
      for place in 0..<max(x.count, y.count) {
        let inner = "\(path)[\(place)]"
        guard place < x.count else { return (inner, .null, y[place]) }
        guard place < y.count else { return (inner, x[place], .null) }
        if let found = firstDifference(x[place], y[place], path: inner) { return found }
      }
      return nil
    }
    guard case .object(let x) = a, case .object(let y) = b else {
      return a.text() == b.text() ? nil : (path, a, b)
    }
    var names: [String] = []
    for member in x { names.append(member.key) }
    for member in y where x[member.key] == nil { names.append(member.key) }
    for name in names where !passingOver.contains(name) {
      let inner = path.isEmpty ? name : path + "." + name
      guard let old = x[name], let new = y[name] else { return (inner, x[name] ?? .null, y[name] ?? .null) }
      if let found = firstDifference(old, new, path: inner) { return found }
    }
    return nil
  }
}

extension Replay.Difference {
  /// `added`, `dropped` or `changed`.
  package var kind: String {
    switch self {
    case .added: "added"
    case .dropped: "dropped"
    case .changed: "changed"
    }
  }

  /// The rule it is about.
  package var rule: String {
    switch self {
    case .added(let decision): decision.rule
    case .dropped(let json): json["rule"]?.string ?? "unknown"
    case .changed(let rule, _, _, _): rule
    }
  }

  /// What differs, as a phrase.
  package var text: String {
    switch self {
    case .added(let decision): "added \(decision.type) by rule \(decision.rule): \(decision.description)"
    case .dropped(let json):
      "dropped \(json["type"]?.string ?? "a decision") of rule \(rule): \(json["description"]?.string ?? "")"
    case .changed(let rule, let field, let old, let new):
      "changed \(rule): \(field) is \(old.text()) in the journal and \(new.text()) now"
    }
  }

  /// All fields.
  package var json: JSONValue {
    var object: JSONObject = ["kind": .string(kind), "rule": .string(rule)]
    switch self {
    case .added(let decision): object["decision"] = decision.json
    case .dropped(let json): object["decision"] = json
    case .changed(_, let field, let old, let new):
      object["field"] = .string(field)
      object["journaled"] = old
      object["derived"] = new
    }
    return .object(object)
  }
}
