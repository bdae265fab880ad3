/// Reads typed values out of located nodes and collects what is wrong instead of stopping at the first.
///
/// Each accessor returns `nil` after noting a problem, so a file is read to its end and its author sees
/// everything at once. Call `finish()` before using what was read.
package final class YAMLReader {
  /// The name that problems carry.
  package let file: String
  /// What was found wrong so far, at most `limit` of it.
  package private(set) var problems: [YAMLProblem] = []
  private let limit = 200

  /// A reader of a file.
  package init(file: String) { self.file = file }

  /// Notes a problem at a node.
  package func report(_ reason: String, at node: YAMLNode) {
    report(reason, line: node.line, column: node.column, path: node.path)
  }

  /// Notes a problem at a place.
  package func report(_ reason: String, line: Int, column: Int, path: String) {
    guard problems.count < limit else { return }
    problems.append(YAMLProblem(file: file, line: line, column: column, path: path, reason: reason))
  }

  /// Ends reading.
  ///
  /// - Throws: `DSLError` (`invalid_input`) with every problem in the order of the file, if there is one.
  package func finish() throws {
    guard !problems.isEmpty else { return }
    throw DSLError(sortedProblems)
  }

  /// The problems in the order of the file.
  package var sortedProblems: [YAMLProblem] {
    problems.enumerated().sorted {
      ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
    }.map(\.element)
  }

  /// A mapping, after noting every key that is not among `keys`, with the nearest known spelling.
  ///
  /// - Parameter keys: what may stand here; `nil` allows anything.
  package func mapping(_ node: YAMLNode, keys: [String]?) -> YAMLMapping? {
    guard case .mapping(let members) = node.content else {
      report("expected a mapping, found \(node.kind)", at: node)
      return nil
    }
    if let keys {
      for member in members where !keys.contains(member.key) {
        report(
          "unknown key \"\(member.key)\"" + NearestSpelling.hint(for: member.key, among: keys),
          line: member.line,
          column: member.column, path: node.path)
      }
    }
    return YAMLMapping(node: node, members: members)
  }

  /// The elements of a list.
  package func list(_ node: YAMLNode) -> [YAMLNode]? {
    guard case .sequence(let elements) = node.content else {
      report("expected a list, found \(node.kind)", at: node)
      return nil
    }
    return elements
  }

  /// The elements of a list, or the value itself where a list of one was written without brackets.
  package func oneOrMore(_ node: YAMLNode) -> [YAMLNode] {
    if case .sequence(let elements) = node.content { elements } else { [node] }
  }

  /// The value of a key that must be there; its absence is noted at the mapping.
  package func required(_ key: String, in mapping: YAMLMapping) -> YAMLNode? {
    if let value = mapping[key] { return value }
    report("\"\(key)\" is missing", at: mapping.node)
    return nil
  }
}

/// A mapping that was checked for unknown keys.
package struct YAMLMapping {
  /// The node it was read from.
  package let node: YAMLNode
  /// Its members in the order of the file.
  package let members: [YAMLMember]

  /// The value of a key, or `nil` when it is absent or has no value at all.
  package subscript(key: String) -> YAMLNode? {
    members.first { $0.key.utf8.elementsEqual(key.utf8) && !$0.value.isNull }?.value
  }
}
