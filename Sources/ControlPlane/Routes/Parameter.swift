package import DSLBase

/// A parameter of a path or query: what it may be, for checking and for the OpenAPI document alike.
package struct Parameter: Sendable {
  /// The forms of values.
  package enum Form: Sendable {
    case integer(ClosedRange<Int>)
    case word([String])
    /// Up to so many characters, none of them a control character.
    case text(Int)
    /// How long ago (`90s`, `15m`, `2h`, `7d`), or a time of RFC 3339 in UTC.
    case time
    case bool
  }

  /// How often a parameter that repeats may be given.
  static let repeatLimit = 20

  package var name: String
  package var form: Form
  package var meaning: String
  package var repeats = false
  package var isInPath = false

  package init(_ name: String, _ form: Form, _ meaning: String, repeats: Bool = false, isInPath: Bool = false)
  {
    self.name = name
    self.form = form
    self.meaning = meaning
    self.repeats = repeats
    self.isInPath = isInPath
  }

  /// - Throws: `invalidInput` naming the parameter and what it may be.
  package func check(_ value: String) throws(DSLError) {
    let (isFine, expected): (Bool, String)
    switch form {
    case .integer(let range):
      let isPlain = value.utf8.allSatisfy { (48...57).contains($0) } && value.utf8.count < 19
      isFine = isPlain && Int(value).map(range.contains) ?? false
      expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .word(let words):
      (isFine, expected) = (words.contains(value), "one of \(words.joined(separator: ", "))")
    case .text(let limit):
      isFine = Self.isText(value, limit)
      expected = "1 to \(limit) characters, none of them a control character"
    case .time:
      isFine =
        value.wholeMatch(of: /[1-9][0-9]{0,5}[smhd]/) != nil
        || value.hasPrefix("20") && value.hasSuffix("Z") && Timestamp.parse(value) != nil
      expected = "how long ago, such as 2h, or a time such as 2026-11-21T09:00:00Z"
    case .bool: (isFine, expected) = (["true", "false"].contains(value), "true or false")
    }
    guard isFine else { throw DSLError(.invalidInput, "\(name): expected \(expected)") }
  }

  /// Whether it is text that may be kept and shown.
  static func isText(_ value: String, _ limit: Int) -> Bool {
    let scalars = value.unicodeScalars
    return (1...limit).contains(scalars.count) && !scalars.contains { $0.value < 0x20 || $0.value == 0x7F }
  }

  /// RFC 3339 in UTC, as far as a pattern can say it.
  private static let timePattern =
    "^([1-9][0-9]{0,5}(s|m|h|d)|20[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|"
    + "(0[13578]|1[02])-31)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\\\.[0-9]{1,9})?Z)$"
    .replacing("\\\\", with: "\\")

  /// As a JSON schema.
  package var schema: JSONValue {
    let one: JSONValue =
      switch form {
      case .integer(let range):
        ["type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound)]
      case .word(let words): ["type": "string", "enum": .strings(words)]
      case .text(let limit): Self.textSchema(limit)
      case .time: ["type": "string", "pattern": .string(Self.timePattern)]
      case .bool: ["type": "boolean"]
      }
    return repeats ? ["type": "array", "items": one, "maxItems": .int(Self.repeatLimit)] : one
  }

  /// Text without control characters, as a JSON schema.
  static func textSchema(_ limit: Int) -> JSONValue {
    [
      "type": "string", "minLength": 1, "maxLength": .int(limit),
      "pattern": "^[^\\u0000-\\u001f\\u007f]+$",
    ]
  }
}
