package import DSLBase

/// What a policy is to decide in some states: its tests, as a table in YAML (`docs/policies.md`).
package struct PolicyTable: Sendable {
  /// One state, and what is expected of it.
  struct Row: Sendable {
    var name: String
    var line: Int
    var state: CheckState
    /// Metrics that are set beside those that follow from the state.
    var metrics: [(name: MetricName, value: Double)]
    var expected: [Expected]?
    var says: String?
  }

  /// What one decision is to be; what is `nil` may be anything.
  struct Expected: Sendable {
    var rule: String?
    var type: String?
    var priority: Int?
    var target: String?
    var parameters: [(name: String, value: JSONValue)] = []
  }

  /// What became of one row.
  package struct Result: Sendable, Equatable {
    package var name: String
    /// Line of the file.
    package var line: Int
    /// Where the decisions differ from what was expected, a sentence each; empty when they do not.
    package var problems: [String]

    package var passed: Bool { problems.isEmpty }

    /// All fields.
    package var json: JSONValue {
      [
        "name": .string(name), "line": .int(line), "passed": .bool(passed), "problems": .strings(problems),
      ]
    }
  }

  /// The policy that the table is for: a name or a file; `nil` when it names none.
  package let policy: String?
  let rows: [Row]

  /// Asks an engine about every row.
  package func run(_ engine: DecisionEngine) -> [Result] {
    rows.map { row in
      var observation = row.state.observation()
      for metric in row.metrics { observation.metrics[metric.name] = metric.value }
      let set = engine.decide(engine.assess(observation), cycle: "test")
      return Result(
        name: row.name, line: row.line,
        problems: row.unknownRules(engine.policy.ruleNames) + row.problems(set))
    }
  }
}

extension PolicyTable.Row {
  /// Rules that are expected and that the policy does not have.
  fileprivate func unknownRules(_ names: [String]) -> [String] {
    (expected ?? []).compactMap(\.rule).filter { !names.contains($0) }.map { rule in
      "the policy has no rule \"\(rule)\"" + NearestSpelling.hint(for: rule, among: names)
    }
  }

  fileprivate func problems(_ set: DecisionSet) -> [String] {
    var problems: [String] = []
    if let expected {
      let found = set.decisions.map { "\($0.rule) (\($0.type))" }.joined(separator: ", ")
      if expected.count != set.decisions.count {
        let what = found.isEmpty ? "none: \(set.silence ?? "")" : found
        problems.append("expected \(expected.count.counted("decision")), found \(what)")
      }
      for (index, pair) in zip(expected, set.decisions).enumerated() {
        problems += pair.0.problems(pair.1).map { "decision \(index + 1): \($0)" }
      }
    }
    if let says {
      let silence = set.silence ?? ""
      if !silence.contains(says) {
        problems.append("expected it to say \"\(says)\", found \"\(silence)\"")
      }
    }
    return problems
  }
}

extension PolicyTable.Expected {
  fileprivate func problems(_ decision: Decision) -> [String] {
    var problems: [String] = []
    func compare(_ what: String, _ expected: String?, _ found: String) {
      if let expected, expected != found { problems.append("expected \(what) \(expected), found \(found)") }
    }
    compare("rule", rule, decision.rule)
    compare("type", type, decision.type.rawValue)
    compare("priority", priority.map { String($0) }, String(decision.priority))
    compare("target", target, decision.target)
    for parameter in parameters {
      let found = decision.parameters[parameter.name] ?? .null
      let isEqual =
        if let a = parameter.value.double, let b = found.double { a == b } else { parameter.value == found }
      if !isEqual { compare(parameter.name, parameter.value.text(), found.text()) }
    }
    return problems
  }
}
