/// A JSON value that loses nothing: objects keep their order and numbers keep their literal text.
///
/// `Codable` would turn 9007199254740993 into 9007199254740992 and sort or shuffle keys; a user's file must survive
/// a rewrite, so the engine works on this type wherever it handles JSON that it did not write.
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

/// A JSON number as it was written.
public struct JSONNumber: Sendable, Hashable {
  /// The literal, exactly as read or as it will be written; always valid JSON.
  public let literal: String

  /// Takes a literal that the parser has already found to be valid.
  package init(validLiteral: String) { literal = validLiteral }

  /// An integer.
  public init(_ value: some BinaryInteger) { literal = String(value) }

  /// A finite double, in the shortest form that reads back to the same bits.
  ///
  /// - Returns: `nil` for NaN and the infinities, which JSON does not have.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    literal = value.description
  }

  /// The value as a double; an overflowing literal reads as infinity.
  public var double: Double { Double(literal) ?? .nan }

  /// The value as an integer, when the literal denotes one that fits; `3.0` and `3e2` do.
  public var int: Int? {
    if let exact = Int(literal) { return exact }
    guard let double = Double(literal), double.magnitude < 9_007_199_254_740_992 else { return nil }
    return Int(exactly: double)
  }
}

extension JSONValue {
  /// The string, if this is one.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The boolean, if this is one.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The number as a double, if this is one.
  public var double: Double? { if case .number(let value) = self { value.double } else { nil } }
  /// The number as an integer, if this is one and it fits.
  public var int: Int? { if case .number(let value) = self { value.int } else { nil } }
  /// The elements, if this is an array.
  public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  /// The members, if this is an object.
  public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
  /// The member of that name, if this is an object that has it.
  public subscript(key: String) -> JSONValue? { object?[key] }

  /// The word for this kind of value in messages: "object", "number", …
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  /// A number, or `null` for a double that JSON cannot express.
  public static func double(_ value: Double) -> JSONValue { JSONNumber(value).map(JSONValue.number) ?? .null }
  /// An integer.
  public static func int(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(value)) }
  /// A string, or `null`.
  public static func optional(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
  /// A number, or `null`.
  public static func optional(_ value: Double?) -> JSONValue { value.map(JSONValue.double) ?? .null }
  /// An integer, or `null`.
  public static func optional(_ value: Int?) -> JSONValue { value.map { JSONValue.int($0) } ?? .null }
  /// An array of strings.
  public static func strings(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
}

// Not by `nil`: where a `JSONValue?` is meant, `nil` must stay "no value" and not become `null`.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// An integer.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// A double.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// A boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object in the order written; a repeated key keeps its last value.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (key, value) in elements { object[key] = value }
    self = .object(object)
  }
}
