/// Turns JSON text into values, refusing what would be lost on the way back.
///
/// RFC 8259 leaves repeated names open; here they are an error, because no rewrite could keep both.
public enum JSONParser {
  /// Parses one value that fills the text.
  ///
  /// - Throws: `JSONError` for anything that is not RFC 8259, for nesting beyond `JSONScanner.maximumDepth` and for
  ///   repeated names.
  /// - Complexity: O(bytes).
  public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in try parse(buffer) }
  }

  /// Parses one value that fills the text.
  ///
  /// - Throws: `JSONError`, as for bytes.
  public static func parse(_ text: String) throws(JSONError) -> JSONValue { try parse(Array(text.utf8)) }

  /// Parses one value that fills the buffer.
  ///
  /// - Throws: `JSONError`, as for bytes.
  package static func parse(_ buffer: UnsafeBufferPointer<UInt8>) throws(JSONError) -> JSONValue {
    var scanner = JSONScanner(buffer)
    scanner.skipWhitespace()
    let value = try value(&scanner, depth: 0)
    try scanner.finish()
    return value
  }

  /// Parses the value at the scanner's position.
  package static func value(_ scanner: inout JSONScanner, depth: Int) throws(JSONError) -> JSONValue {
    switch scanner.current {
    case UInt8(ascii: "\""): return .string(try scanner.text(try scanner.skipString()))
    case UInt8(ascii: "{"): return .object(try object(&scanner, depth: depth))
    case UInt8(ascii: "["): return .array(try array(&scanner, depth: depth))
    case UInt8(ascii: "t"):
      try scanner.skipWord("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try scanner.skipWord("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try scanner.skipWord("null")
      return .null
    case .some(UInt8(ascii: "-")), .some(0x30...0x39):
      let range = try scanner.skipNumber()
      return .number(JSONNumber(validLiteral: String(decoding: scanner.bytes[range], as: UTF8.self)))
    case .none: throw scanner.failure("unexpected end, expected a value")
    default: throw scanner.failure("unexpected character")
    }
  }

  private static func object(_ scanner: inout JSONScanner, depth: Int) throws(JSONError) -> JSONObject {
    guard depth < JSONScanner.maximumDepth else {
      throw scanner.failure("nested deeper than \(JSONScanner.maximumDepth)")
    }
    var object = JSONObject()
    try scanner.expect(UInt8(ascii: "{"), "'{'")
    scanner.skipWhitespace()
    if scanner.take(UInt8(ascii: "}")) { return object }
    while true {
      let start = scanner.position
      guard scanner.current == UInt8(ascii: "\"") else { throw scanner.failure("expected a member name") }
      let key = try scanner.text(try scanner.skipString())
      scanner.skipWhitespace()
      try scanner.expect(UInt8(ascii: ":"), "':'")
      scanner.skipWhitespace()
      guard object.appendIfNew(key, try value(&scanner, depth: depth + 1)) else {
        throw JSONError("duplicate key \"\(key)\"", at: start)
      }
      scanner.skipWhitespace()
      if scanner.take(UInt8(ascii: ",")) {
        scanner.skipWhitespace()
        continue
      }
      try scanner.expect(UInt8(ascii: "}"), "',' or '}'")
      return object
    }
  }

  private static func array(_ scanner: inout JSONScanner, depth: Int) throws(JSONError) -> [JSONValue] {
    guard depth < JSONScanner.maximumDepth else {
      throw scanner.failure("nested deeper than \(JSONScanner.maximumDepth)")
    }
    var elements: [JSONValue] = []
    try scanner.expect(UInt8(ascii: "["), "'['")
    scanner.skipWhitespace()
    if scanner.take(UInt8(ascii: "]")) { return elements }
    while true {
      elements.append(try value(&scanner, depth: depth + 1))
      scanner.skipWhitespace()
      if scanner.take(UInt8(ascii: ",")) {
        scanner.skipWhitespace()
        continue
      }
      try scanner.expect(UInt8(ascii: "]"), "',' or ']'")
      return elements
    }
  }
}
