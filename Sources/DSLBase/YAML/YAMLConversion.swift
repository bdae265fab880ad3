import Yams

/// Turns composed nodes into located ones within limits: aliases are written out and counted, merge keys
/// (`<<`) followed, keys that are no scalars or come twice refused.
struct YAMLConversion {
  let file: String
  let limits: YAMLLimits
  private var nodes = 0

  init(file: String, limits: YAMLLimits) {
    self.file = file
    self.limits = limits
  }

  mutating func convert(_ node: Node, path: String, depth: Int) throws -> YAMLNode {
    nodes += 1
    let mark = node.mark
    guard nodes <= limits.nodes else {
      throw problem("more than \(limits.nodes) values once aliases are written out", mark, path)
    }
    guard depth <= limits.depth else { throw problem("nested deeper than \(limits.depth)", mark, path) }
    let content: YAMLNode.Content
    switch node {
    case .scalar(let scalar):
      content = .scalar(
        YAMLScalar(text: scalar.string, isPlain: scalar.style == .plain && scalar.tag.isImplicit))
    case .sequence(let sequence):
      var elements: [YAMLNode] = []
      for element in sequence {
        elements.append(try convert(element, path: "\(path)[\(elements.count)]", depth: depth + 1))
      }
      content = .sequence(elements)
    case .mapping(let mapping): content = .mapping(try members(of: mapping, path: path, depth: depth))
    case .alias: throw problem("an alias without an anchor", mark, path)
    }
    return YAMLNode(content: content, line: mark?.line ?? 1, column: mark?.column ?? 1, path: path)
  }

  private mutating func members(of mapping: Node.Mapping, path: String, depth: Int) throws -> [YAMLMember] {
    var members: [YAMLMember] = []
    var taken: Set<[UInt8]> = []
    var merged: [YAMLMember] = []
    for (keyNode, valueNode) in mapping {
      guard case .scalar(let key) = keyNode else {
        throw problem("a key must be a plain word, not a list or mapping", keyNode.mark, path)
      }
      let value = try convert(valueNode, path: YAMLNode.path(path, key: key.string), depth: depth + 1)
      if key.string == "<<", key.style == .plain {
        merged += try mergedMembers(value)
        continue
      }
      guard taken.insert(Array(key.string.utf8)).inserted else {
        throw problem("duplicate key \"\(key.string)\"", keyNode.mark, path)
      }
      members.append(
        YAMLMember(key: key.string, line: key.mark?.line ?? 1, column: key.mark?.column ?? 1, value: value))
    }
    for member in merged where taken.insert(Array(member.key.utf8)).inserted { members.append(member) }
    return members
  }

  /// The members that a merge key brings in (yaml.org/type/merge): of a mapping, or of several, earlier ones
  /// first.
  private func mergedMembers(_ value: YAMLNode) throws -> [YAMLMember] {
    switch value.content {
    case .mapping(let members): return members
    case .sequence(let elements): return try elements.flatMap(mergedMembers)
    case .scalar:
      throw DSLError([
        YAMLProblem(
          file: file, line: value.line, column: value.column, path: value.path,
          reason: "\"<<\" takes a mapping")
      ])
    }
  }

  private func problem(_ reason: String, _ mark: Mark?, _ path: String) -> DSLError {
    DSLError([
      YAMLProblem(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1, path: path, reason: reason)
    ])
  }
}

extension Tag {
  /// Whether the writer left the type open. A quoted scalar or `!!str` does not.
  fileprivate var isImplicit: Bool { self == Tag(.implicit) }
}
