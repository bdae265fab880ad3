import DSLBase

/// The value of a member as it stands in the text, read only when it is asked for and without building a tree.
struct RawValue {
  private let bytes: UnsafeBufferPointer<UInt8>

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isObject: Bool { bytes.first == UInt8(ascii: "{") }
  var isArray: Bool { bytes.first == UInt8(ascii: "[") }

  /// The characters between the quotation marks, when this is a string without escapes.
  var plainString: UnsafeBufferPointer<UInt8>? {
    guard bytes.first == UInt8(ascii: "\""), bytes.count >= 2 else { return nil }
    let content = UnsafeBufferPointer(rebasing: bytes[1..<bytes.count - 1])
    return content.contains(UInt8(ascii: "\\")) ? nil : content
  }

  /// The text, when this is a string.
  var string: String? {
    if let plainString { return String(decoding: plainString, as: UTF8.self) }
    var scanner = JSONScanner(bytes)
    guard scanner.current == UInt8(ascii: "\""), let literal = try? scanner.skipString() else { return nil }
    return try? scanner.text(literal)
  }

  /// The number, when this is one.
  var double: Double? {
    guard isNumber else { return nil }
    return Self.shortDecimal(bytes) ?? JSONNumber(validLiteral: literal).double
  }

  /// The whole number, when this is one that fits.
  var int: Int? {
    guard isNumber else { return nil }
    return JSONNumber(validLiteral: literal).int
  }

  var bool: Bool? { bytes.spells("true") ? true : bytes.spells("false") ? false : nil }

  /// The time, when this is one: ISO text, or a number since the epoch.
  func time(assumedOffset: Int) -> (time: Timestamp, source: Timestamp.Source)? {
    if let plainString { return Timestamp.parse(plainString, assumedOffset: assumedOffset) }
    guard isNumber else { return nil }
    return int.flatMap { Timestamp.epoch($0) } ?? double.flatMap { Timestamp.epoch($0) }
  }

  /// Visits the members, when this is an object.
  func forEachMember(_ visit: (UnsafeBufferPointer<UInt8>, RawValue) -> Void) {
    guard isObject else { return }
    var scanner = JSONScanner(bytes)
    try? scanner.forEachMember { (member, _) throws(JSONError) in
      visit(UnsafeBufferPointer(rebasing: bytes[member.key.range]), RawValue(rebasing: bytes, member.value))
    }
  }

  init(rebasing bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    self.init(UnsafeBufferPointer(rebasing: bytes[range]))
  }

  private var literal: String { String(decoding: bytes, as: UTF8.self) }

  private var isNumber: Bool {
    guard let first = bytes.first else { return false }
    return first == UInt8(ascii: "-") || first &- 0x30 < 10
  }

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]

  /// The value of a literal of at most 15 digits and no exponent, exactly as correct rounding has it: mantissa and power
  /// of ten are both exact doubles, so their quotient is rounded once (Clinger 1990, the fast path).
  ///
  /// - Returns: `nil` for any other literal.
  private static func shortDecimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    var mantissa = 0
    var digits = 0
    var fraction: Int?
    let negative = bytes.first == UInt8(ascii: "-")
    for byte in bytes.dropFirst(negative ? 1 : 0) {
      if byte &- 0x30 < 10 {
        mantissa = mantissa * 10 + Int(byte &- 0x30)
        digits += 1
        guard digits <= 15 else { return nil }
        if let places = fraction { fraction = places + 1 }
      } else if byte == UInt8(ascii: "."), fraction == nil {
        fraction = 0
      } else {
        return nil
      }
    }
    let value = Double(mantissa) / powersOfTen[fraction ?? 0]
    return negative ? -value : value
  }
}
