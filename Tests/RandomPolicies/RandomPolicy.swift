package import DSLBase

/// Policies at random: every kind of condition, expression, parameter and key that the language has. Priorities differ
/// between rules, so that no rank depends on an id.
package struct RandomPolicy {
  private var random: SplitMix64
  private let names: [String]

  /// - Parameter metrics: the names that policies may use beside those that are built in.
  package init(seed: UInt64, metrics: [String]) {
    random = SplitMix64(seed: seed)
    names =
      metrics + [
        "health_score", "degraded_at", "healthy_at", "optimal_at", "min_agents", "max_agents", "scale_factor",
        "unverified_agents", "spare", "share_of_two",
      ]
  }

  private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  private mutating func pick<T>(_ values: [T]) -> T { values[number(0...values.count - 1)] }

  private mutating func expression(_ depth: Int = 0) -> String {
    if depth > 2 || number(0...2) == 0 {
      return Bool.random(using: &random) ? pick(names) : pick(["0", "0.3", "1", "4", "17", "1000000", ".5"])
    }
    let (a, b) = (expression(depth + 1), expression(depth + 1))
    switch number(0...9) {
    case 0: return "(\(a) + \(b))"
    case 1: return "(\(a) - \(b))"
    case 2: return "(\(a) * \(b))"
    case 3: return "(\(a) / \(b))"
    case 4: return pick(["min", "max", "known", "ratio"]) + "(\(a), \(b))"
    case 5: return "clamp(\(a), \(b), 8)"
    case 6: return pick(["ceil", "floor", "round", "abs"]) + "(\(a))"
    case 7: return "-(\(a))"
    case 8: return pick(["min", "max"]) + "(\(a), \(b), \(pick(names)))"
    default: return "known(\(a), \(b))"
    }
  }

  private mutating func comparisons() -> String {
    let words = ["gt", "gte", "lt", "lte", "eq", "ne"]
    switch number(0...3) {
    case 0: return "{\(pick(names)): \"\(expression())\"}"
    case 1:
      return "{\(pick(names)): {gte: \"\(expression())\", \(pick(["lt", "lte", "ne"])): \"\(expression())\"}}"
    default: return "{\(pick(names)): {\(pick(words)): \"\(expression())\"}}"
    }
  }

  private mutating func condition(_ depth: Int = 0) -> String {
    switch number(0...(depth > 2 ? 4 : 8)) {
    case 0: return "{health_state: [\(pick(["critical", "degraded"])), \(pick(["healthy", "optimal"]))]}"
    case 1: return "{health_state: \(pick(["critical", "degraded", "healthy", "optimal", "unknown"]))}"
    case 2...4: return comparisons()
    case 5: return "{all: [\(condition(depth + 1)), \(condition(depth + 1))]}"
    case 6: return "{any: [\(condition(depth + 1)), \(condition(depth + 1))]}"
    case 7: return "[\(condition(depth + 1)), \(condition(depth + 1))]"
    default: return "{not: \(condition(depth + 1))}"
    }
  }

  private mutating func parameters() -> String {
    var members = ["target_agents: \"= \(expression())\""]
    if number(0...3) == 0 { members = ["target_agents: \(number(0...12))"] }
    if Bool.random(using: &random) { members.append("mode: fast") }
    if number(0...2) == 0 { members.append("nested: {list: [1, two, null, 0.5]}") }
    return "{\(members.joined(separator: ", "))}"
  }

  /// The next policy's text.
  ///
  /// - Parameter types: those that rules may have.
  package mutating func text(types: [DecisionType] = DecisionType.all) -> String {
    let priorities = Array(0...10).shuffled(using: &random)
    var lines = [
      "name: random", "description: made up, {not a template}",
      "evidence: {stale: \(pick(["1", "0.9", "50%"])), missing: 0.\(number(0...9)), unverified: 1}", "let:",
      "  spare: \"\(pick(names.dropLast(2))) + 1\"",
      "  share_of_two: \"ratio(spare, \(pick(names.dropLast())))\"",
      "rules:",
    ]
    for rule in 0..<number(1...7) {
      lines += [
        "  - name: r\(rule)", "    type: \(pick(types))", "    priority: \(priorities[rule])",
        "    confidence: \(pick(["0.8", "80%", "0.95", "1", "0.55", "0"]))",
        "    target: \(pick(["fleet", "fleet", "queue"]))", "    let: {own: \"\(expression())\"}",
        "    when: {all: [\(condition()), {own: {ne: \"\(expression())\"}}]}",
        "    parameters: \(parameters())",
        "    description: \"rule {own} of {{braces}}\"",
        "    approval: \(pick(["none", "none", "required", "two_person"]))",
        "    rationale: \"{health_state} at {\(pick(names))}\"",
      ]
    }
    if Bool.random(using: &random) {
      lines += [
        "silence:", "  - {when: \(condition()), say: \"first {spare}\"}",
        "  - {when: \(condition()), say: second}",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
