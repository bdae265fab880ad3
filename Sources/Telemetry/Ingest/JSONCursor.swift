import Glibc

/// What is wrong with a body as a whole.
package struct DecodingFault: Error, Sendable, CustomStringConvertible {
  package let reason: String
  /// Where, bytes from the beginning of the decoded body.
  package let offset: Int

  package var description: String { "\(reason) at byte \(offset)" }
}

/// Walks over JSON text that has zeros behind it, handing out what it finds without copying.
///
/// Checks every rule of RFC 8259, as `JSONScanner` does; this one is for bodies of many megabytes, where bounds checks and
/// values in between would cost more than the rest. The zeros behind the text end every loop.
struct JSONCursor: ~Copyable {
  /// Levels of nesting that are followed.
  static let deepest = 64

  private let base: UnsafePointer<UInt8>
  private let end: UnsafePointer<UInt8>
  private var at: UnsafePointer<UInt8>
  /// Texts with escapes, decoded; they stay for as long as this does.
  private var decoded: [UnsafeMutablePointer<UInt8>] = []

  /// - Parameters:
  ///   - base: the text, with `TextSlice.padding` zeros behind it; it must outlive this.
  ///   - count: its length without these.
  init(_ base: UnsafePointer<UInt8>, count: Int) {
    self.base = base
    at = base
    end = base + count
  }

  deinit { for text in decoded { text.deallocate() } }

  @inline(never)
  func fault(_ reason: String) -> DecodingFault {
    DecodingFault(reason: at >= end ? "unexpected end, " + reason : reason, offset: min(at, end) - base)
  }

  /// The next byte; 0 at the end.
  @inline(__always)
  var byte: UInt8 { at.pointee }

  @inline(__always)
  mutating func skipBlanks() {
    while at.pointee <= 0x20 {
      switch at.pointee {
      case 0x20, 0x0A, 0x0D, 0x09: at += 1
      default: return
      }
    }
  }

  /// Steps over a byte if it is next.
  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    guard at.pointee == byte else { return false }
    at += 1
    return true
  }

  /// Whether the value that follows is `null`, which is then stepped over.
  @inline(__always)
  mutating func takeNull() throws(DecodingFault) -> Bool {
    guard byte == UInt8(ascii: "n") else { return false }
    try skipWord("null")
    return true
  }

  /// Enters an object.
  ///
  /// - Returns: whether it has members.
  @inline(__always)
  mutating func enterObject() throws(DecodingFault) -> Bool {
    guard take(UInt8(ascii: "{")) else { throw fault("expected an object") }
    skipBlanks()
    return !take(UInt8(ascii: "}"))
  }

  /// Enters an array; `null` is an empty one.
  @inline(__always)
  mutating func enterArray() throws(DecodingFault) -> Bool {
    if try takeNull() { return false }
    guard take(UInt8(ascii: "[")) else { throw fault("expected an array") }
    skipBlanks()
    return !take(UInt8(ascii: "]"))
  }

  /// The name of the next member; its value is next.
  @inline(__always)
  mutating func name() throws(DecodingFault) -> TextSlice {
    guard byte == UInt8(ascii: "\"") else { throw fault("expected a member name") }
    let name = try text()
    skipBlanks()
    guard take(UInt8(ascii: ":")) else { throw fault("expected ':'") }
    skipBlanks()
    return name
  }

  /// Behind a member or an element: whether another follows.
  @inline(__always)
  mutating func another(_ close: UInt8) throws(DecodingFault) -> Bool {
    skipBlanks()
    if take(UInt8(ascii: ",")) {
      skipBlanks()
      return true
    }
    guard take(close) else { throw fault("expected ',' or '\(Character(Unicode.Scalar(close)))'") }
    return false
  }

  /// Fails unless nothing but blanks is left.
  mutating func finish() throws(DecodingFault) {
    skipBlanks()
    guard at == end else { throw fault("unexpected text after the value") }
  }

  // MARK: Text

  /// The text that begins with the quotation mark that is next.
  @inline(__always)
  mutating func text() throws(DecodingFault) -> TextSlice {
    at += 1
    let start = at
    while true {
      let stop = Self.special(UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
      guard stop != 0 else {
        at += 8
        continue
      }
      at += stop.trailingZeroBitCount / 8
      guard at.pointee == UInt8(ascii: "\"") else { return try unusual(from: start) }
      let text = TextSlice(start: start, count: at - start)
      at += 1
      return text
    }
  }

  /// Marks the bytes of a word that end a plain text: quotation mark, backslash, control or not ASCII. The lowest mark is
  /// exact; those above it may be marked by a borrow.
  @inline(__always)
  private static func special(_ word: UInt64) -> UInt64 {
    let low: UInt64 = 0x0101_0101_0101_0101
    let high: UInt64 = 0x8080_8080_8080_8080
    let quote = word ^ (low &* 0x22)
    let slash = word ^ (low &* 0x5C)
    let marks =
      ((quote &- low) & ~quote) | ((slash &- low) & ~slash) | ((word &- (low &* 0x20)) & ~word) | word
    return marks & high
  }

  /// A text with escapes or letters beyond ASCII.
  @inline(never)
  private mutating func unusual(from start: UnsafePointer<UInt8>) throws(DecodingFault) -> TextSlice {
    var isEscaped = false
    while true {
      switch at.pointee {
      case UInt8(ascii: "\""):
        let count = at - start
        guard isUTF8(start, count) else { throw fault("invalid UTF-8 in a text") }
        at += 1
        return isEscaped ? try unescaped(start, count) : TextSlice(start: start, count: count)
      case UInt8(ascii: "\\"):
        isEscaped = true
        guard at[1] >= 0x20 else { throw fault("unknown escape") }
        at += 2
      case 0..<0x20:
        throw fault(at >= end ? "inside a text" : "unescaped control character in a text")
      default: at += 1
      }
    }
  }

  private mutating func unescaped(
    _ start: UnsafePointer<UInt8>, _ count: Int
  ) throws(DecodingFault) -> TextSlice {
    let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: count + TextSlice.padding)
    decoded.append(buffer)
    var length = 0
    var place = 0
    while place < count {
      guard start[place] == UInt8(ascii: "\\") else {
        buffer[length] = start[place]
        (length, place) = (length + 1, place + 1)
        continue
      }
      let kind = start[place + 1]
      place += 2
      if kind == UInt8(ascii: "u") {
        guard let scalar = JSONEscape.unicode(start, count, &place) else { throw fault("unknown escape") }
        for byte in String(scalar).utf8 {
          buffer[length] = byte
          length += 1
        }
      } else {
        guard let byte = JSONEscape.byte(kind) else { throw fault("unknown escape") }
        buffer[length] = byte
        length += 1
      }
    }
    memset(buffer + length, 0, TextSlice.padding)
    return TextSlice(start: buffer, count: length)
  }

  // MARK: Everything else

  /// Steps over a number.
  @inline(__always)
  mutating func number() throws(DecodingFault) -> TextSlice {
    let start = at
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try skipDigits() }
    if take(UInt8(ascii: ".")) { try skipDigits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try skipDigits()
    }
    return TextSlice(start: start, count: at - start)
  }

  @inline(__always)
  private mutating func skipDigits() throws(DecodingFault) {
    let start = at
    while at.pointee &- 0x30 < 10 { at += 1 }
    guard at > start else { throw fault("expected a digit") }
  }

  mutating func skipWord(_ word: StaticString) throws(DecodingFault) {
    for place in 0..<word.utf8CodeUnitCount {
      guard at[place] == word.utf8Start[place] else { throw fault("unexpected word") }
    }
    at += word.utf8CodeUnitCount
  }

  /// Steps over a value of any kind.
  mutating func skipValue(_ depth: Int = 0) throws(DecodingFault) {
    switch byte {
    case UInt8(ascii: "\""): _ = try text()
    case UInt8(ascii: "{"):
      guard depth < Self.deepest else { throw fault("nested deeper than \(Self.deepest)") }
      guard try enterObject() else { return }
      repeat {
        _ = try name()
        try skipValue(depth + 1)
      } while try another(UInt8(ascii: "}"))
    case UInt8(ascii: "["):
      guard depth < Self.deepest else { throw fault("nested deeper than \(Self.deepest)") }
      guard try enterArray() else { return }
      repeat { try skipValue(depth + 1) } while try another(UInt8(ascii: "]"))
    case UInt8(ascii: "t"): try skipWord("true")
    case UInt8(ascii: "f"): try skipWord("false")
    case UInt8(ascii: "n"): try skipWord("null")
    case UInt8(ascii: "-"), 0x30...0x39: _ = try number()
    default: throw fault("expected a value")
    }
  }
}

/// Escapes in JSON texts.
enum JSONEscape {
  /// What a backslash and a letter stand for.
  static func byte(_ kind: UInt8) -> UInt8? {
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): kind
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: nil
    }
  }

  /// Reads the digits behind `\u`, and a second escape when the first is a high surrogate.
  static func unicode(_ start: UnsafePointer<UInt8>, _ count: Int, _ place: inout Int) -> Unicode.Scalar? {
    func unit(_ from: Int) -> UInt32? {
      guard from + 4 <= count else { return nil }
      var value: UInt32 = 0
      for offset in from..<from + 4 {
        guard let digit = HexDigits.value(start[offset]) else { return nil }
        value = value << 4 | UInt32(digit)
      }
      return value
    }
    guard let first = unit(place) else { return nil }
    place += 4
    guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
    guard place + 6 <= count, start[place] == UInt8(ascii: "\\"), start[place + 1] == UInt8(ascii: "u"),
      let second = unit(place + 2), (0xDC00..<0xE000).contains(second)
    else { return nil }
    place += 6
    return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
  }
}

/// Hexadecimal digits, upper and lower case.
enum HexDigits {
  static func value(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  /// The number that sixteen digits denote, eight at a time; `nil` when one is no digit.
  @inline(__always)
  static func word(_ start: UnsafePointer<UInt8>) -> UInt64? {
    guard let high = half(UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)),
      let low = half(UnsafeRawPointer(start + 8).loadUnaligned(as: UInt64.self))
    else { return nil }
    return high << 32 | low
  }

  /// Eight digits at once. Each byte becomes its value by its letter bit; it was a digit if the value makes that
  /// digit again, and letters stand for ten and more.
  @inline(__always)
  private static func half(_ word: UInt64) -> UInt64? {
    let low: UInt64 = 0x0101_0101_0101_0101
    guard word & (low &* 0x80) == 0 else { return nil }
    let letters = (word >> 6) & low
    let values = (word & (low &* 0x0F)) &+ letters &* 9
    let folded = word | (letters &* 0x20)
    // '0' + value for digits, 'a' - 10 + value for letters.
    guard folded == (values &+ (low &* 0x30)) &+ letters &* 0x27, values & (low &* 0xF0) == 0,
      ((values &+ (low &* 6)) >> 4) & low == letters
    else { return nil }
    var digits = values.byteSwapped
    digits = (digits | digits >> 4) & 0x00FF_00FF_00FF_00FF
    digits = (digits | digits >> 8) & 0x0000_FFFF_0000_FFFF
    return (digits | digits >> 16) & 0xFFFF_FFFF
  }
}
