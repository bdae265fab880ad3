package import DSLBase

/// What an approval is for: the state that led to a decision, and the steps that carry it out.
///
/// Bound are what the rule and the plan rest on, and nothing else, so that an approval is neither void with each
/// heartbeat nor blind to a world that changed:
/// - exactly: the policy's text, the rule, type, target and parameters of the decision, the health state, for each agent
///   that a step is about its state, concurrency and whether it is ours, and what else the backend tells of a target;
/// - within a share (`drift`): the numbers that the rule compares or computes with, but ages in seconds, which only have
///   to keep the rule matching;
/// - the steps in their order, with what they replace. What is named after the decision's id, as new agents are, counts
///   as the same.
package struct ApprovalBinding: Sendable, Equatable {
  /// What has to be equal.
  package var facts: JSONObject
  /// The numbers that may drift, in the order of their names.
  package var numbers: JSONObject
  /// The steps, without what comes from the decision's id.
  package var plan: JSONValue

  package init(facts: JSONObject, numbers: JSONObject, plan: JSONValue) {
    self.facts = facts
    self.numbers = numbers
    self.plan = plan
  }

  /// SHA-256 of the canonical JSON of everything bound, 64 hexadecimal digits.
  package var hash: String {
    let all: JSONValue = ["facts": .object(facts), "numbers": .object(numbers), "plan": plan]
    return SHA256.hex(of: all.canonical.serialized())
  }

  /// This binding with each number that moved by at most `drift` of the earlier one, or not at all, as it was then: equal
  /// to the earlier binding exactly when that still holds.
  func held(to earlier: ApprovalBinding, drift: Double) -> ApprovalBinding {
    var copy = self
    for member in earlier.numbers {
      guard let old = member.value.double, let new = numbers[member.key]?.double else { continue }
      if (new - old).magnitude <= drift * old.magnitude { copy.numbers[member.key] = member.value }
    }
    return copy
  }

  /// What differs from an earlier binding beyond the drift, as a phrase; `nil` when nothing does.
  func difference(from earlier: ApprovalBinding, drift: Double) -> String? {
    let now = held(to: earlier, drift: drift)
    guard now.hash != earlier.hash else { return nil }
    for (old, new) in [(earlier.numbers, now.numbers), (earlier.facts, now.facts)] {
      for member in old where new[member.key]?.canonical != member.value.canonical {
        return "\(member.key) was \(member.value.text()), is \(new[member.key]?.text() ?? "unknown")"
      }
      for member in new where old[member.key] == nil { return "\(member.key) is now \(member.value.text())" }
    }
    let (old, new) = (earlier.plan.array ?? [], now.plan.array ?? [])
    return "the plan was \(old.count.counted("step")) and is \(new.count)"
      + (old.count == new.count ? " others" : "")
  }

  package var json: JSONValue {
    [
      "hash": .string(hash), "facts": .object(facts), "numbers": .object(numbers), "plan": plan,
    ]
  }

  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(json: JSONValue?) throws(DSLError) {
    let fields = try JSONFields(json, "binding of an approval")
    self.init(
      facts: try fields.object("facts"), numbers: try fields.object("numbers"),
      plan: .array(try fields.array("plan")))
  }
}

extension DecisionEngine {
  /// What an approval of a decision binds.
  ///
  /// - Parameters:
  ///   - observation: scored.
  ///   - steps: the plan.
  ///   - marks: what the backend tells of the targets of steps, by the number of the step.
  package func binding(
    of decision: Decision, _ observation: Observation, steps: [EffectStep], marks: [Int: String] = [:]
  ) -> ApprovalBinding {
    var facts: JSONObject = [
      "policy": .string(SHA256.hex(of: Array(policy.source.utf8))), "rule": .string(decision.rule),
      "type": .string(decision.type.rawValue), "target": .string(decision.target),
      "parameters": .object(decision.parameters),
      "health_state": .string(observation.metrics.healthState.rawValue),
    ]
    for (number, step) in steps.enumerated() {
      if let agent = observation.agents.first(where: { $0.id == step.target }) {
        facts["agent \(agent.id)"] = [
          "state": .string(agent.state.rawValue), "concurrency": .int(agent.concurrency),
          "managed": .bool(agent.managed),
        ]
      }
      if let mark = marks[number] { facts["\(step.action) \(step.target)"] = .string(mark) }
    }
    var numbers = JSONObject()
    let scope = Scope(observation, limits: limits, thresholds: health.thresholds)
    for name in askedNames(decision.rule) {
      guard MetricCatalog.standard[MetricName(rawValue: name)]?.unit != "s", let value = scope[name] else {
        continue
      }
      numbers[name] = Int(exactly: value).map { .int($0) } ?? .double(value)
    }
    let plan = JSONValue.array(steps.map { Self.withoutID($0.json, decision.id) })
    return ApprovalBinding(facts: facts, numbers: numbers, plan: plan)
  }

  /// The names of what a rule compares or computes with, sorted; those of the score for what comes from no rule.
  private func askedNames(_ name: String) -> [String] {
    guard let rule = policy.rules.first(where: { $0.name == name }) else {
      return health.terms.map(\.metric.rawValue).sorted()
    }
    let bound = policy.bindings + rule.bindings
    var names: Set<String> = []
    var open = rule.when.names
    for parameter in rule.parameters {
      if case .formula(let expression) = parameter.value { open += expression.names }
    }
    while let next = open.popLast() {
      if let binding = bound.last(where: { $0.name == next }) {
        open += binding.expression.names.filter { $0 != next }
      } else {
        names.insert(next)
      }
    }
    return names.sorted()
  }

  /// A step without what a planner takes from the decision's id: that differs in each cycle.
  private static func withoutID(_ step: JSONValue, _ id: String) -> JSONValue {
    let unique = id.split(separator: "-").last.map(String.init) ?? id
    // Planners shorten ids, but never below 12 digits.
    let parts = [id, unique, String(unique.prefix(12))].filter { $0.count >= 12 }
    func cleaned(_ text: String) -> String {
      parts.reduce(text) { $0.replacing($1, with: "ID") }
    }
    func walk(_ value: JSONValue) -> JSONValue {
      switch value {
      case .string(let text): return .string(cleaned(text))
      case .array(let elements): return .array(elements.map(walk))
      case .object(let object):
        var copy = JSONObject()
        for member in object { copy[cleaned(member.key)] = walk(member.value) }
        return .object(copy)
      case .null, .bool, .number: return value
      }
    }
    return walk(step)
  }
}
