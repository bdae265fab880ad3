/// A YAML value that knows where it stands, so that whatever is wrong with it can be said with file, line and
/// path.
///
/// Scalars keep their text; what it means (a number, a duration) is decided by whoever asks, through
/// `YAMLReader`. Plain scalars follow the core schema of YAML 1.2.2 (section 10.3): `yes` and `on` are
/// strings.
package struct YAMLNode: Sendable, Equatable {
  /// What the node holds.
  package enum Content: Sendable, Equatable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping([YAMLMember])
  }

  /// The value.
  package let content: Content
  /// Line of its first character, counted from 1.
  package let line: Int
  /// Column of its first character, counted from 1 in Unicode scalars.
  package let column: Int
  /// Where it stands in the document: `rules[2].when`, empty for the root.
  package let path: String

  /// A node at a place.
  package init(content: Content, line: Int, column: Int, path: String) {
    self.content = content
    self.line = line
    self.column = column
    self.path = path
  }

  /// A plain scalar that stands in no file: the text of a flag or an environment variable.
  package init(plain text: String, path: String) {
    self.init(content: .scalar(YAMLScalar(text: text, isPlain: true)), line: 1, column: 1, path: path)
  }

  /// The value of a member, when this is a mapping that has it.
  package subscript(key: String) -> YAMLNode? {
    guard case .mapping(let members) = content else { return nil }
    return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// The word for this kind of node in messages.
  package var kind: String {
    switch content {
    case .scalar(let scalar): scalar.isNull ? "nothing" : "the value \(scalar.quoted)"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }

  /// Whether it is an empty plain scalar, `~` or `null`.
  package var isNull: Bool {
    if case .scalar(let scalar) = content { scalar.isNull } else { false }
  }

  /// The path of a member below this node.
  static func path(_ parent: String, key: String) -> String {
    let simple =
      !key.isEmpty && key.utf8.allSatisfy { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "[") && $0 > 32 }
    let shown = simple ? key : JSONValue.string(key).text()
    return parent.isEmpty ? shown : parent + "." + shown
  }
}

/// A member of a mapping, with the place of its key.
package struct YAMLMember: Sendable, Equatable {
  /// The key's text.
  package let key: String
  /// Line of the key, from 1.
  package let line: Int
  /// Column of the key, from 1.
  package let column: Int
  /// The value.
  package let value: YAMLNode
}

/// A scalar's text and whether it was written plain: only plain scalars may mean something other than a
/// string.
package struct YAMLScalar: Sendable, Equatable {
  /// The text without quotes and escapes.
  package let text: String
  /// Whether it was written without quotes and not as a block.
  package let isPlain: Bool

  /// A scalar of that text.
  package init(text: String, isPlain: Bool) {
    self.text = text
    self.isPlain = isPlain
  }

  /// `null` of the core schema.
  package var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }

  /// `true` or `false` of the core schema.
  package var bool: Bool? {
    guard isPlain else { return nil }
    switch text {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: return nil
    }
  }

  /// A finite number of the core schema; its literal is kept where JSON can express it.
  package var number: JSONNumber? {
    guard isPlain, let first = text.utf8.first else { return nil }
    guard first < 58, first > 42 else { return nil }  // '+' ',' '-' '.' '/' and the digits
    if case .number(let number)? = try? JSONParser.parse(text) { return number }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] where text.hasPrefix(prefix) {
      return Int(text.dropFirst(2), radix: radix).map { JSONNumber($0) }
    }
    let allowed = text.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
    guard allowed, text.utf8.contains(where: { (48...57).contains($0) }) else { return nil }
    return Int(text).map { JSONNumber($0) } ?? Double(text).flatMap { JSONNumber($0) }
  }

  /// The text in double quotes, shortened to fit a message.
  var quoted: String {
    JSONValue.string(text.count > 60 ? String(text.prefix(57)) + "..." : text).text()
  }
}
