import DSLBase

/// Reads what a program answered, member by member; a wrong one is an error that names it, an unknown one is noted.
struct ProgramAnswer {
  /// Unknown members that are named at most.
  private static let listed = 10

  private let object: JSONObject
  /// The way to this object: `decisions[0]`, empty for the whole answer.
  private let path: String

  init(_ value: JSONValue?, path: String = "") throws(DSLError) {
    guard case .object(let object)? = value else {
      throw DSLError(
        .invalidInput,
        "\(path.isEmpty ? "the answer" : path): expected an object, found \(value?.kind ?? "nothing")")
    }
    self.object = object
    self.path = path
  }

  /// A member by name; one that is null counts as absent.
  subscript(name: String) -> JSONValue? {
    switch object[name] {
    case .none, .some(.null): nil
    case .some(let value): value
    }
  }

  /// The way to a member, for messages.
  func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  func string(_ name: String) throws(DSLError) -> String {
    try require(name, "a text", self[name], self[name]?.string)
  }

  func text(_ name: String) throws(DSLError) -> String? {
    try self[name].map { (value) throws(DSLError) in try require(name, "a text", value, value.string) }
  }

  func object(_ name: String) throws(DSLError) -> JSONObject? {
    try self[name].map { (value) throws(DSLError) in try require(name, "an object", value, value.object) }
  }

  func array(_ name: String) throws(DSLError) -> [JSONValue] {
    try require(name, "an array", self[name], self[name]?.array)
  }

  func number(_ name: String) throws(DSLError) -> Double {
    try require(name, "a number", self[name], self[name]?.double.flatMap { $0.isFinite ? $0 : nil })
  }

  func number(_ name: String, in range: ClosedRange<Double>) throws(DSLError) -> Double {
    let value = try number(name)
    guard range.contains(value) else {
      throw wrong(name, "a number from \(range.lowerBound) to \(range.upperBound)", "\(value)")
    }
    return value
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(DSLError) -> Int? {
    guard let value = self[name] else { return nil }
    guard let number = value.int, range.contains(number) else {
      throw wrong(name, "a whole number from \(range.lowerBound) to \(range.upperBound)", shown(value))
    }
    return number
  }

  /// What is wrong with a member.
  func wrong(_ name: String, _ expected: String, _ found: String) -> DSLError {
    DSLError(.invalidInput, "\(place(name)): expected \(expected), found \(found)")
  }

  /// Members that the protocol does not know, a phrase each with what was probably meant.
  func unknown(_ known: [String]) -> [String] {
    object.keys.filter { !known.contains($0) }.prefix(Self.listed).map {
      "unknown field \(place($0))" + NearestSpelling.hint(for: $0, among: known)
    }
  }

  private func require<Value>(
    _ name: String, _ expected: String, _ found: JSONValue?, _ value: Value?
  ) throws(DSLError) -> Value {
    if let value { return value }
    throw wrong(name, expected, found.map(shown) ?? "nothing")
  }

  private func shown(_ value: JSONValue) -> String {
    let text = value.text()
    return text.count <= 60 ? "\(value.kind) \(text)" : value.kind
  }
}
