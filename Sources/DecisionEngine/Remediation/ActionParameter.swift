package import DSLBase

/// One parameter of an action: its form, its bounds and its default.
package struct ActionParameter: Sendable, Equatable {
  /// The form of a value.
  package enum Form: Sendable, Equatable {
    /// A whole number within bounds.
    case whole(ClosedRange<Int>)
    /// A text of 1 to that many bytes without control characters.
    case text(Int)
  }

  package let name: String
  package let form: Form
  /// What holds when it is not given; `nil` for one that has to be.
  package let standard: JSONValue?
  /// The unit, or empty.
  package let unit: String
  package let meaning: String

  init(_ name: String, _ form: Form, _ standard: JSONValue?, unit: String = "", _ meaning: String) {
    self.name = name
    self.form = form
    self.standard = standard
    self.unit = unit
    self.meaning = meaning
  }

  /// A value in its bounds.
  ///
  /// - Throws: `DSLError` `.invalidInput` naming action and parameter.
  func checked(_ value: JSONValue, of action: RemediationAction) throws(DSLError) -> JSONValue {
    switch (form, value) {
    case (.whole(let range), _):
      if let number = value.int, range.contains(number) { return .int(number) }
      throw wrong(action, "a whole number from \(range.lowerBound) to \(range.upperBound)", value)
    case (.text(let limit), .string(let text)):
      let fits = (1...limit).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
      if fits { return value }
      throw wrong(action, "a text of 1 to \(limit) bytes without control characters", value)
    case (.text(let limit), _): throw wrong(action, "a text of 1 to \(limit) bytes", value)
    }
  }

  private func wrong(_ action: RemediationAction, _ expected: String, _ found: JSONValue) -> DSLError {
    DSLError(
      .invalidInput,
      "\(action.rawValue): parameter \(name) is \(found.text().prefix(60)), expected \(expected)")
  }

  /// A value as people write it on a command line.
  package func value(of text: String) -> JSONValue {
    if case .whole = form, let number = Int(text) { .int(number) } else { .string(text) }
  }

  /// All that is known of it.
  package var json: JSONValue {
    var object: JSONObject = ["name": .string(name)]
    switch form {
    case .whole(let range):
      object["type"] = "integer"
      object["minimum"] = .int(range.lowerBound)
      object["maximum"] = .int(range.upperBound)
    case .text(let limit):
      object["type"] = "string"
      object["max_bytes"] = .int(limit)
    }
    object["default"] = standard ?? .null
    object["required"] = .bool(standard == nil)
    object["unit"] = .string(unit)
    object["meaning"] = .string(meaning)
    return .object(object)
  }
}
