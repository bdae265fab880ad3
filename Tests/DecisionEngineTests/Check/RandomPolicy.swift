import DSLBase

@testable import DecisionEngine

/// Policies at random: every kind of condition, expression and parameter that the language has. Priorities differ
/// where targets are equal, so that no rank depends on an id.
struct RandomPolicy {
  private var random: SplitMix64
  private let names = MetricCatalog.standard.names + Scope.builtIn.map(\.name) + ["spare"]

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  private mutating func pick<T>(_ values: [T]) -> T { values[Int.random(in: values.indices, using: &random)] }

  private mutating func expression(_ depth: Int = 0) -> String {
    if depth > 2 || Int.random(in: 0..<3, using: &random) == 0 {
      return Bool.random(using: &random) ? pick(names) : pick(["0", "0.3", "1", "4", "17"])
    }
    let (a, b) = (expression(depth + 1), expression(depth + 1))
    switch Int.random(in: 0..<9, using: &random) {
    case 0: return "(\(a) + \(b))"
    case 1: return "(\(a) - \(b))"
    case 2: return "(\(a) * \(b))"
    case 3: return "(\(a) / \(b))"
    case 4: return pick(["min", "max", "known", "ratio"]) + "(\(a), \(b))"
    case 5: return "clamp(\(a), \(b), 8)"
    case 6: return pick(["ceil", "floor", "round", "abs"]) + "(\(a))"
    case 7: return "-(\(a))"
    default: return "known(\(a), \(b))"
    }
  }

  private mutating func condition(_ depth: Int = 0) -> String {
    switch Int.random(in: 0..<(depth > 2 ? 4 : 7), using: &random) {
    case 0: return "{health_state: [\(pick(["critical", "degraded"])), \(pick(["healthy", "optimal"]))]}"
    case 1...3:
      return "{\(pick(names)): {\(pick(["gt", "gte", "lt", "lte", "eq", "ne"])): \"\(expression())\"}}"
    case 4: return "{all: [\(condition(depth + 1)), \(condition(depth + 1))]}"
    case 5: return "{any: [\(condition(depth + 1)), \(condition(depth + 1))]}"
    default: return "{not: \(condition(depth + 1))}"
    }
  }

  /// The next policy's text.
  mutating func text() -> String {
    let priorities = Array(0...10).shuffled(using: &random)
    var lines = ["name: random", "let:", "  spare: \"\(pick(names.dropLast())) + 1\"", "rules:"]
    for number in 0..<6 {
      lines += [
        "  - name: r\(number)", "    type: \(pick(DecisionType.all))", "    priority: \(priorities[number])",
        "    confidence: 0.8", "    target: \(pick(["fleet", "queue"]))",
        "    let: {own: \"\(expression())\"}",
        "    when: {all: [\(condition()), {own: {ne: \"\(expression())\"}}]}",
        "    parameters: {target_agents: \"= \(expression())\"}", "    description: d", "    rationale: r",
      ]
    }
    lines += [
      "silence:", "  - {when: \(condition()), say: first}", "  - {when: \(condition()), say: second}",
    ]
    return lines.joined(separator: "\n") + "\n"
  }
}
