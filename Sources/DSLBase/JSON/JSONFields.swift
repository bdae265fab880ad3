/// Reads the members of an object that we wrote ourselves, naming the member that is not as it should be.
package struct JSONFields {
  private let object: JSONObject
  private let context: String

  /// - Parameter context: what the object is, for messages: "decision in the journal".
  /// - Throws: `DSLError` `.corrupt` when the value is no object.
  package init(_ value: JSONValue?, _ context: String) throws(DSLError) {
    guard let object = value?.object else {
      throw DSLError(.corrupt, "\(context): expected an object, found \(value?.kind ?? "nothing")")
    }
    self.object = object
    self.context = context
  }

  /// The member, or `nil` when it is absent or null.
  package subscript(name: String) -> JSONValue? {
    switch object[name] {
    case .none, .some(.null): nil
    case .some(let value): value
    }
  }

  package func string(_ name: String) throws(DSLError) -> String {
    try require(name, "a string", self[name]?.string)
  }
  package func int(_ name: String) throws(DSLError) -> Int {
    try require(name, "an integer", self[name]?.int)
  }
  package func double(_ name: String) throws(DSLError) -> Double {
    try require(name, "a number", self[name]?.double)
  }
  package func bool(_ name: String) throws(DSLError) -> Bool {
    try require(name, "a boolean", self[name]?.bool)
  }
  package func array(_ name: String) throws(DSLError) -> [JSONValue] {
    try require(name, "an array", self[name]?.array)
  }
  package func object(_ name: String) throws(DSLError) -> JSONObject {
    try require(name, "an object", self[name]?.object)
  }
  package func time(_ name: String) throws(DSLError) -> Timestamp {
    try require(name, "a time", self[name].flatMap { Timestamp.parse($0)?.time })
  }
  package func strings(_ name: String) throws(DSLError) -> [String] { try array(name).compactMap(\.string) }
  /// A member that is one of an enumeration's words.
  package func word<Word: RawRepresentable>(_ name: String, _: Word.Type) throws(DSLError) -> Word
  where Word.RawValue == String {
    let text = try string(name)
    return try require(name, "a known word, not \"\(text)\"", Word(rawValue: text))
  }

  private func require<Value>(_ name: String, _ what: String, _ value: Value?) throws(DSLError) -> Value {
    guard let value else { throw DSLError(.corrupt, "\(context): member \"\(name)\" is not \(what)") }
    return value
  }
}
