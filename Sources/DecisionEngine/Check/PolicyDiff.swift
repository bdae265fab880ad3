package import DSLBase

/// Where two policies decide differently, over a grid of states.
///
/// Decisions are compared by type, target, priority, confidence and `target_agents`.
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
    grid.forEach(signature: { first.signature($0) + second.signature($0) }) { state, situations in
      first.ask(state)
      second.ask(state)
      guard Self.differ(first, second) else { return }
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

  private static func differ(_ a: PolicyMachine, _ b: PolicyMachine) -> Bool {
    guard a.answer.chosen.count == b.answer.chosen.count else { return true }
    for (x, y) in zip(a.answer.chosen, b.answer.chosen) {
      let (rule, other) = (a.engine.policy.rules[x], b.engine.policy.rules[y])
      let (target, wanted) = (a.target(x), b.target(y))
      guard rule.priority == other.priority, rule.confidence == other.confidence,
        target == wanted || (target.isNaN && wanted.isNaN), rule.type == other.type,
        rule.target == other.target
      else { return true }
    }
    return false
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
