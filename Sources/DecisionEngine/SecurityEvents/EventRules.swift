package import DSLBase

/// The rules that telemetry is held against: the standard ones, with what a file changes about them.
package struct EventRules: Sendable, Equatable {
  /// One line of a file.
  package enum Entry: Sendable, Equatable {
    /// In place of the rule of that name, or beside the others.
    case rule(EventRule)
    /// The rule of that name does not hold.
    case off(String)

    var name: String {
      switch self {
      case .rule(let rule): rule.name
      case .off(let name): name
      }
    }
  }

  /// Rules that a file may have.
  private static let limit = 64

  /// What the file says, in its order.
  package private(set) var entries: [Entry] = []

  /// The standard rules.
  package init() {}

  /// Reads a list of rules, noting what is wrong at its place.
  package init?(_ node: YAMLNode, _ reader: YAMLReader) {
    guard let elements = reader.list(node) else { return nil }
    guard elements.count <= Self.limit else {
      reader.report("more than \(Self.limit) rules", at: node)
      return nil
    }
    var isWhole = true
    for element in elements {
      guard let entry = EventRule.read(element, reader) else {
        isWhole = false
        continue
      }
      if entries.contains(where: { $0.name == entry.name }) {
        reader.report("a second rule \(entry.name)", at: element)
        isWhole = false
      }
      if case .off(let name) = entry, !EventRule.standard.contains(where: { $0.name == name }) {
        let names = EventRule.standard.map(\.name)
        reader.report(
          "there is no standard rule \"\(name)\"" + NearestSpelling.hint(for: name, among: names), at: element
        )
        isWhole = false
      }
      entries.append(entry)
    }
    guard isWhole else { return nil }
  }

  /// The rules that hold: standard ones first, then those that the file adds.
  package var inForce: [EventRule] {
    var rules: [EventRule] = []
    for standard in EventRule.standard {
      switch entries.first(where: { $0.name == standard.name }) {
      case nil: rules.append(standard)
      case .rule(let rule): rules.append(rule)
      case .off: break
      }
    }
    let names = EventRule.standard.map(\.name)
    for case .rule(let rule) in entries where !names.contains(rule.name) { rules.append(rule) }
    return rules
  }

  /// What the file says, as it stands there.
  package var json: JSONValue {
    .array(
      entries.map { entry in
        switch entry {
        case .rule(let rule): rule.json
        case .off(let name): ["name": .string(name), "off": true]
        }
      })
  }
}
