import DSLBase

extension PolicyReader {
  private static let groups = ["all", "any", "not"]
  private static let maxDepth = 20

  /// Reads a condition: a mapping whose members must all hold, or a list of such.
  func condition(_ node: YAMLNode, depth: Int = 1) -> Condition? {
    guard depth <= Self.maxDepth else {
      reader.report("conditions nested deeper than \(Self.maxDepth)", at: node)
      return nil
    }
    if case .sequence = node.content { return conditions(node, depth).map(Condition.all) }
    guard let map = reader.mapping(node, keys: nil) else { return nil }
    if map.members.isEmpty {
      reader.report("a condition is expected", at: node)
      return nil
    }
    let parts = map.members.map { member(of: $0, depth) }
    let found = parts.compactMap { $0 }
    guard found.count == parts.count else { return nil }
    return found.count == 1 ? found.first : .all(found)
  }

  private func conditions(_ node: YAMLNode, _ depth: Int) -> [Condition]? {
    guard let elements = reader.list(node) else { return nil }
    if elements.isEmpty { reader.report("at least one condition is expected", at: node) }
    let found = elements.compactMap { condition($0, depth: depth + 1) }
    return found.count == elements.count ? found : nil
  }

  private func member(of member: YAMLMember, _ depth: Int) -> Condition? {
    switch member.key {
    case "all": return conditions(member.value, depth).map(Condition.all)
    case "any": return conditions(member.value, depth).map(Condition.any)
    case "not": return condition(member.value, depth: depth + 1).map(Condition.not)
    case Scope.stateName:
      let words = HealthState.allCases.map(\.rawValue)
      let nodes = reader.oneOrMore(member.value)
      let states = nodes.compactMap { reader.choice($0, of: words).flatMap(HealthState.init(rawValue:)) }
      return states.count == nodes.count && !states.isEmpty ? .state(states) : nil
    default:
      guard known.contains(member.key) else {
        let all = known + [Scope.stateName] + Self.groups
        reader.report(
          "unknown metric \"\(member.key)\"" + NearestSpelling.hint(for: member.key, among: all),
          line: member.line,
          column: member.column, path: member.value.path)
        return nil
      }
      return comparisons(of: member.key, member.value)
    }
  }

  private func comparisons(of name: String, _ node: YAMLNode) -> Condition? {
    if case .scalar = node.content { return comparison(name, .eq, node) }
    let words = Condition.Comparison.allCases.map(\.rawValue)
    guard let map = reader.mapping(node, keys: words) else { return nil }
    if map.members.isEmpty {
      reader.report("a comparison is expected: \(words.joined(separator: ", "))", at: node)
    }
    let found = map.members.compactMap { member in
      Condition.Comparison(rawValue: member.key).flatMap { comparison(name, $0, member.value) }
    }
    guard found.count == map.members.count, let first = found.first else { return nil }
    return found.count == 1 ? first : .all(found)
  }

  private func comparison(_ name: String, _ op: Condition.Comparison, _ node: YAMLNode) -> Condition? {
    guard let expression = expression(node), case .scalar(let scalar) = node.content else { return nil }
    return .compare(name: name, op, expression, text: scalar.text)
  }

  /// Reads an expression, noting names that nobody knows.
  ///
  /// - Parameter dropping: characters before the expression, such as the `=` of a parameter.
  func expression(_ node: YAMLNode, dropping: Int = 0) -> Expression? {
    guard let text = reader.string(node) else { return nil }
    do {
      let expression = try ExpressionParser.parse(String(text.dropFirst(dropping)))
      return check(expression.names, node) ? expression : nil
    } catch {
      reader.report("\(error.reason) at character \(error.offset + dropping + 1) of \"\(text)\"", at: node)
      return nil
    }
  }

  /// Reads a sentence with holes, noting names that nobody knows.
  func template(_ node: YAMLNode) -> Template? {
    guard let text = reader.string(node) else { return nil }
    do {
      let template = try Template(text)
      return check(template.names.filter { $0 != Scope.stateName }, node) ? template : nil
    } catch {
      reader.report("\(error.reason) at character \(error.offset + 1)", at: node)
      return nil
    }
  }

  private func check(_ names: [String], _ node: YAMLNode) -> Bool {
    let unknown = names.filter { !known.contains($0) }
    for name in unknown {
      reader.report("unknown metric \"\(name)\"" + NearestSpelling.hint(for: name, among: known), at: node)
    }
    return unknown.isEmpty
  }
}
