import Yams

/// What a YAML text may cost at most.
package struct YAMLLimits: Sendable, Equatable {
  /// Size of the text, bytes.
  package var bytes: Int
  /// Depth of nesting.
  package var depth: Int
  /// Nodes after aliases are written out: what a "billion laughs" document runs into.
  package var nodes: Int
  /// Documents in one text.
  package var documents: Int

  /// Limits; the defaults are ample for anything that is written by hand.
  package init(bytes: Int = 4 << 20, depth: Int = 64, nodes: Int = 200_000, documents: Int = 1000) {
    self.bytes = bytes
    self.depth = depth
    self.nodes = nodes
    self.documents = documents
  }
}

extension YAMLNode {
  /// Reads a text of one document.
  ///
  /// - Parameter file: the name that errors carry.
  /// - Returns: `nil` for a text that holds nothing but comments.
  /// - Throws: `DSLError` (`invalid_input`) naming line and column: not YAML, duplicate keys, more than one document,
  ///   or beyond the limits.
  package static func document(in text: String, file: String, limits: YAMLLimits = YAMLLimits()) throws
    -> YAMLNode?
  {
    let all = try documents(in: text, file: file, limits: limits)
    if all.count > 1 {
      throw DSLError([
        YAMLProblem(
          file: file, line: all[1].line, column: all[1].column, path: "",
          reason: "a second document begins here, one is expected")
      ])
    }
    return all.first
  }

  /// Reads all documents of a text, in order; empty ones are left out.
  ///
  /// - Throws: as `document(in:file:limits:)`.
  package static func documents(in text: String, file: String, limits: YAMLLimits = YAMLLimits()) throws
    -> [YAMLNode]
  {
    func refusal(_ reason: String, line: Int = 1) -> DSLError {
      DSLError([YAMLProblem(file: file, line: line, column: 1, path: "", reason: reason)])
    }
    guard text.utf8.count <= limits.bytes else {
      throw refusal("the text has \(text.utf8.count) bytes, at most \(limits.bytes) are read")
    }
    if let line = YAMLAliasGuard.lineOfAliasInKey(text) {
      throw refusal("an alias may not be part of a key", line: line)
    }
    do {
      // The basic resolver leaves plain scalars alone: the core schema is applied by `YAMLScalar`, without regular
      // expressions.
      let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
      var conversion = YAMLConversion(file: file, limits: limits)
      var found: [YAMLNode] = []
      var read = 0
      while let root = try parser.nextRoot() {
        read += 1
        guard read <= limits.documents else {
          throw refusal("more than \(limits.documents) documents", line: root.mark?.line ?? 1)
        }
        let node = try conversion.convert(root, path: "", depth: 1)
        if !node.isNull { found.append(node) }
      }
      return found
    } catch let error as YamlError {
      throw DSLError([YAMLProblem(error, file: file, text: text)])
    }
  }
}

extension YAMLProblem {
  /// What the parser found, in one line.
  fileprivate init(_ error: YamlError, file: String, text: String) {
    var place = (line: 1, column: 1)
    let reason: String
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      place = (mark.line, mark.column)
      let begun = context.map { " \($0.text) that began in line \($0.mark.line)" } ?? ""
      reason = "not YAML: \(problem)\(begun)"
    case .duplicatedKeysInMapping(let duplicates, let context):
      place = (context.mark.line, context.mark.column)
      reason = "duplicate key " + duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
    case .reader(let problem, let offset, _, _):
      let before = text.prefix(offset ?? 0)
      place.line = before.utf8.count { $0 == UInt8(ascii: "\n") } + 1
      reason = "not YAML: \(problem)"
    default: reason = "not YAML: \(error)"
    }
    self.init(file: file, line: place.line, column: place.column, path: "", reason: reason)
  }
}
