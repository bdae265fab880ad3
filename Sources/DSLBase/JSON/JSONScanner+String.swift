extension JSONScanner {
  /// A string literal that was stepped over.
  package struct StringLiteral: Sendable {
    /// The bytes between the quotation marks, as written.
    package let range: Range<Int>
    /// Whether the content holds a backslash, so that it must be unescaped.
    package let escaped: Bool
    /// Whether every byte is ASCII, so that UTF-8 needs no second look.
    package let ascii: Bool
  }

  /// Steps over a string, checking escapes, control characters and UTF-8.
  package mutating func skipString() throws(JSONError) -> StringLiteral {
    position += 1
    let start = position
    var escaped = false
    var highBits: UInt8 = 0
    while position < bytes.count {
      let byte = bytes[position]
      highBits |= byte
      switch byte {
      case UInt8(ascii: "\""):
        let range = start..<position
        position += 1
        let ascii = highBits < 0x80
        if !ascii { try checkUTF8(range) }
        return StringLiteral(range: range, escaped: escaped, ascii: ascii)
      case UInt8(ascii: "\\"):
        escaped = true
        try skipEscape()
      case 0..<0x20: throw failure("unescaped control character in a string")
      default: position += 1
      }
    }
    throw failure("unexpected end inside a string")
  }

  private mutating func skipEscape() throws(JSONError) {
    position += 1
    guard let kind = current else { throw failure("unexpected end inside a string") }
    position += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return
    case UInt8(ascii: "u"):
      for _ in 0..<4 {
        guard let digit = current, Self.hexValue(digit) != nil else { throw failure("expected a hex digit") }
        position += 1
      }
    default: throw failure("unknown escape")
    }
  }

  private func checkUTF8(_ range: Range<Int>) throws(JSONError) {
    guard String(validating: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self) != nil else {
      throw JSONError("invalid UTF-8 in a string", at: range.lowerBound)
    }
  }

  /// The text of a literal.
  ///
  /// - Throws: for a surrogate that stands alone, which no text can hold.
  package func text(_ literal: StringLiteral) throws(JSONError) -> String {
    let content = UnsafeBufferPointer(rebasing: bytes[literal.range])
    guard literal.escaped else { return String(decoding: content, as: UTF8.self) }
    var result: [UInt8] = []
    result.reserveCapacity(content.count)
    var at = 0
    while at < content.count {
      let byte = content[at]
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        at += 1
        continue
      }
      let kind = content[at + 1]
      at += 2
      switch kind {
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "u"):
        guard let scalar = Self.unicodeEscape(content, &at) else {
          throw JSONError("surrogate without its other half", at: literal.range.lowerBound + at)
        }
        result.append(contentsOf: Array(String(scalar).utf8))
      default: result.append(kind)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Reads the hex digits after `\u`, and a second escape when the first is a high surrogate.
  private static func unicodeEscape(_ content: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> Unicode.Scalar?
  {
    func unit(_ start: Int) -> UInt32? {
      guard start + 4 <= content.count else { return nil }
      var value: UInt32 = 0
      for offset in start..<start + 4 {
        guard let digit = hexValue(content[offset]) else { return nil }
        value = value << 4 | UInt32(digit)
      }
      return value
    }
    guard let first = unit(at) else { return nil }
    at += 4
    guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
    guard at + 6 <= content.count, content[at] == UInt8(ascii: "\\"), content[at + 1] == UInt8(ascii: "u"),
      let second = unit(at + 2), (0xDC00..<0xE000).contains(second)
    else { return nil }
    at += 6
    return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
  }

  private static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
