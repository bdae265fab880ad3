/// Walks over JSON text byte by byte, checking every rule of RFC 8259, without building values.
///
/// The scanner is what makes a directory of 100,000 records cheap: it validates a record and hands out the byte ranges
/// of its top-level members; only the few that matter are turned into values. `JSONParser` builds values on top of it.
///
/// - Invariant: `position` is at most `bytes.count`; every read of `bytes` is behind that check.
package struct JSONScanner {
  /// Deeper nesting than this is refused: no record needs it, and the walk is recursive.
  package static let maximumDepth = 128

  package let bytes: UnsafeBufferPointer<UInt8>
  package internal(set) var position = 0

  package init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The next byte, or `nil` at the end.
  package var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// An error at the current position.
  package func failure(_ reason: String) -> JSONError { JSONError(reason, at: position) }

  package mutating func skipWhitespace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  /// Steps over one byte that must be `expected`.
  package mutating func expect(_ expected: UInt8, _ what: String) throws(JSONError) {
    guard let byte = current else { throw failure("unexpected end, expected \(what)") }
    guard byte == expected else { throw failure("expected \(what)") }
    position += 1
  }

  /// Steps over `byte` if it is next.
  package mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    position += 1
    return true
  }

  /// Fails unless only white space is left.
  package mutating func finish() throws(JSONError) {
    skipWhitespace()
    guard position == bytes.count else { throw failure("unexpected text after the value") }
  }

  /// Steps over one value of any kind, validating it.
  ///
  /// Names that occur twice inside nested objects are not looked for here; `JSONParser` does.
  package mutating func skipValue(depth: Int = 0) throws(JSONError) {
    guard let byte = current else { throw failure("unexpected end, expected a value") }
    switch byte {
    case UInt8(ascii: "\""): _ = try skipString()
    case UInt8(ascii: "{"): try skipObject(depth: depth)
    case UInt8(ascii: "["): try skipArray(depth: depth)
    case UInt8(ascii: "t"): try skipWord("true")
    case UInt8(ascii: "f"): try skipWord("false")
    case UInt8(ascii: "n"): try skipWord("null")
    case UInt8(ascii: "-"), 0x30...0x39: _ = try skipNumber()
    default: throw failure("unexpected character")
    }
  }

  private mutating func skipObject(depth: Int) throws(JSONError) {
    guard depth < Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth)") }
    position += 1
    skipWhitespace()
    if take(UInt8(ascii: "}")) { return }
    while true {
      guard current == UInt8(ascii: "\"") else { throw failure("expected a member name") }
      _ = try skipString()
      skipWhitespace()
      try expect(UInt8(ascii: ":"), "':'")
      skipWhitespace()
      try skipValue(depth: depth + 1)
      skipWhitespace()
      if take(UInt8(ascii: ",")) {
        skipWhitespace()
        continue
      }
      try expect(UInt8(ascii: "}"), "',' or '}'")
      return
    }
  }

  private mutating func skipArray(depth: Int) throws(JSONError) {
    guard depth < Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth)") }
    position += 1
    skipWhitespace()
    if take(UInt8(ascii: "]")) { return }
    while true {
      try skipValue(depth: depth + 1)
      skipWhitespace()
      if take(UInt8(ascii: ",")) {
        skipWhitespace()
        continue
      }
      try expect(UInt8(ascii: "]"), "',' or ']'")
      return
    }
  }

  package mutating func skipWord(_ word: StaticString) throws(JSONError) {
    let start = position
    for offset in 0..<word.utf8CodeUnitCount {
      guard current == word.utf8Start[offset] else { throw JSONError("unexpected word", at: start) }
      position += 1
    }
  }

  /// Steps over a number.
  ///
  /// - Returns: the range of its literal.
  package mutating func skipNumber() throws(JSONError) -> Range<Int> {
    let start = position
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try skipDigits() }
    if take(UInt8(ascii: ".")) { try skipDigits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try skipDigits()
    }
    return start..<position
  }

  private mutating func skipDigits() throws(JSONError) {
    let start = position
    while let byte = current, byte &- 0x30 < 10 { position += 1 }
    guard position > start else { throw failure("expected a digit") }
  }
}
