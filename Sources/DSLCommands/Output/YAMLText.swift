import DSLBase

/// Writes JSON values as YAML block text. Strings that YAML could take for something else are written as JSON strings,
/// which YAML 1.2 reads as they are.
enum YAMLText {
  /// The text, ended by a line feed.
  static func of(_ value: JSONValue) -> String {
    var out = ""
    write(value, indent: 0, into: &out)
    return out
  }

  private static func write(_ value: JSONValue, indent: Int, into out: inout String) {
    let margin = String(repeating: " ", count: indent)
    switch value {
    case .object(let object) where !object.isEmpty:
      for member in object {
        out += margin + scalar(.string(member.key)) + ":"
        nested(member.value, indent: indent + 2, into: &out)
      }
    case .array(let elements) where !elements.isEmpty:
      for element in elements {
        out += margin + "-"
        // The first line of a collection stands behind the dash.
        if case .object(let object) = element, !object.isEmpty {
          var inner = ""
          write(element, indent: indent + 2, into: &inner)
          out += " " + inner.dropFirst(indent + 2)
        } else {
          nested(element, indent: indent + 2, into: &out)
        }
      }
    default: out += margin + scalar(value) + "\n"
    }
  }

  private static func nested(_ value: JSONValue, indent: Int, into out: inout String) {
    switch value {
    case .object(let object) where !object.isEmpty:
      out += "\n"
      write(value, indent: indent, into: &out)
    case .array(let elements) where !elements.isEmpty:
      out += "\n"
      write(value, indent: indent, into: &out)
    default: out += " " + scalar(value) + "\n"
    }
  }

  private static func scalar(_ value: JSONValue) -> String {
    guard case .string(let text) = value, isPlain(text) else { return value.text() }
    return text
  }

  /// Letters, digits and a few marks, beginning with a letter and no word that means something else.
  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, first | 0x20 >= 0x61, first | 0x20 <= 0x7A else { return false }
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    guard !words.contains(text.lowercased()), text.utf8.last != 0x20 else { return false }
    return text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        || "_-./ ".utf8.contains($0)
    }
  }
}
