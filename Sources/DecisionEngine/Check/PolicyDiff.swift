package import DSLBase

/// Where two policies decide differently, over a grid of states.
///
/// Decisions are compared by type, target, priority, the confidence written in the rule, and parameters.
package struct PolicyDiff: Sendable, Equatable {
  /// States in which the one set of rules decides and then the other.
  package struct Change: Sendable, Equatable {
    /// The rules that decide in each, best ranked first; empty where nothing is decided.
    package var before: [String]
    package var after: [String]
    package var states: Int
    /// The smallest such state.
    package var example: CheckState
  }

  /// States compared.
  package var compared: Int
  /// States that differ.
  package var differing: Int
  /// By frequency, then by the names of the rules.
  package var changes: [Change]

  /// Compares two engines.
  ///
  /// - Complexity: O(states of the grid · size of the policies).
  package init(_ a: DecisionEngine, _ b: DecisionEngine, grid: CheckGrid = .documented) {
    let (first, second) = (PolicyMachine(a), PolicyMachine(b))
    var found: [[[Int]]: GridCensus.Tally] = [:]
    var comparison = RuleComparison(first, second)
    grid.forEach(signature: { first.signature($0) + second.signature($0) }) { state, situations in
      first.ask(state)
      second.ask(state)
      guard comparison.differ() else { return }
      let key = [first.answer.chosen, second.answer.chosen]
      found[key, default: GridCensus.Tally()].add(state, times: situations.count)
    }
    compared = grid.count * grid.situations.count
    differing = found.values.map(\.count).reduce(0, +)
    let (names, others) = (a.policy.ruleNames, b.policy.ruleNames)
    let changes = found.compactMap { key, tally in
      tally.smallest.map {
        Change(
          before: key[0].map { names[$0] }, after: key[1].map { others[$0] }, states: tally.count, example: $0
        )
      }
    }
    self.changes = changes.sorted { x, y in
      if x.states != y.states { return x.states > y.states }
      return (x.before + ["\u{1F}"] + x.after).lexicographicallyPrecedes(y.before + ["\u{1F}"] + y.after)
    }
  }

  /// All fields.
  package var json: JSONValue {
    [
      "compared": .int(compared), "differing": .int(differing),
      "changes": .array(
        changes.map { change in
          [
            "before": .strings(change.before), "after": .strings(change.after), "states": .int(change.states),
            "example": change.example.json,
          ]
        }),
    ]
  }
}

/// Compares the decisions of two policies in the state that both were asked about last.
private struct RuleComparison {
  /// How the parameters of two rules are compared.
  private struct Parameters {
    /// Whether they differ in every state: in names, or in what is written down.
    var isDifferent = false
    /// Computed ones of the same name, by their numbers.
    var computed: [(Int, Int)] = []
    /// One that is computed in the first, and written down in the second, and the other way round.
    var first: [(Int, Double)] = []
    var second: [(Int, Double)] = []
  }

  private let a: PolicyMachine
  private let b: PolicyMachine
  private var pairs: [[Int]: Parameters] = [:]

  init(_ a: PolicyMachine, _ b: PolicyMachine) {
    self.a = a
    self.b = b
  }

  mutating func differ() -> Bool {
    guard a.answer.chosen.count == b.answer.chosen.count else { return true }
    for (x, y) in zip(a.answer.chosen, b.answer.chosen) {
      let (rule, other) = (a.engine.policy.rules[x], b.engine.policy.rules[y])
      guard rule.priority == other.priority, rule.confidence == other.confidence, rule.type == other.type,
        rule.target == other.target, !parametersDiffer(x, y)
      else { return true }
    }
    return false
  }

  private mutating func parametersDiffer(_ x: Int, _ y: Int) -> Bool {
    let pair = pairs[[x, y]] ?? parameters(x, y)
    pairs[[x, y]] = pair
    return pair.isDifferent
      || pair.computed.contains { a.parameter($0.0, of: x) != b.parameter($0.1, of: y) }
      || pair.first.contains { a.parameter($0.0, of: x) != $0.1 }
      || pair.second.contains { b.parameter($0.0, of: y) != $0.1 }
  }

  private func parameters(_ x: Int, _ y: Int) -> Parameters {
    let (mine, others) = (a.engine.policy.rules[x].parameters, b.engine.policy.rules[y].parameters)
    var result = Parameters()
    result.isDifferent = mine.map(\.name).sorted() != others.map(\.name).sorted()
    for parameter in mine {
      guard let other = others.first(where: { $0.name == parameter.name }) else { continue }
      let place = a.parameterNames(x).firstIndex(of: parameter.name) ?? 0
      let otherPlace = b.parameterNames(y).firstIndex(of: parameter.name) ?? 0
      switch (parameter.value, other.value) {
      case (.formula, .formula): result.computed.append((place, otherPlace))
      case (.constant(let one), .constant(let two)): if one != two { result.isDifferent = true }
      case (.formula, .constant(let value)): result.first.append((place, value.double ?? .nan))
      case (.constant(let value), .formula): result.second.append((otherPlace, value.double ?? .nan))
      }
    }
    return result
  }
}
