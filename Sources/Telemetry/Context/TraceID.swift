/// The id that all spans of a trace share: 16 bytes, never all zero (W3C Trace Context 3.2.2.3).
package struct TraceID: Sendable, Hashable, CustomStringConvertible {
  /// The first eight bytes.
  package let high: UInt64
  /// The last eight bytes.
  package let low: UInt64

  /// A random id.
  package init(using generator: inout some RandomNumberGenerator) {
    let high = generator.next()
    var low = generator.next()
    while high == 0 && low == 0 { low = generator.next() }
    (self.high, self.low) = (high, low)
  }

  /// Reads 32 hexadecimal digits.
  ///
  /// - Parameters:
  ///   - hex: the digits.
  ///   - upperCase: whether `A` to `F` are digits too: in OTLP/JSON they are, in `traceparent` they are not.
  /// - Returns: `nil` for any other text and for all zeros.
  package init?(hex: some StringProtocol, upperCase: Bool = false) {
    let digits = Array(hex.utf8)
    guard digits.count == 32, let high = UInt64(hexDigits: digits[..<16], upperCase: upperCase),
      let low = UInt64(hexDigits: digits[16...], upperCase: upperCase), high | low != 0
    else { return nil }
    (self.high, self.low) = (high, low)
  }

  /// An id by its halves.
  ///
  /// - Returns: `nil` for all zeros.
  package init?(high: UInt64, low: UInt64) {
    guard high | low != 0 else { return nil }
    (self.high, self.low) = (high, low)
  }

  /// 32 lower-case hexadecimal digits.
  package var description: String { high.hexDigits + low.hexDigits }
}

/// The id of one span in its trace: 8 bytes, never all zero (W3C Trace Context 3.2.2.4).
package struct SpanID: Sendable, Hashable, CustomStringConvertible {
  /// The eight bytes.
  package let value: UInt64

  /// A random id.
  package init(using generator: inout some RandomNumberGenerator) {
    var value = generator.next()
    while value == 0 { value = generator.next() }
    self.value = value
  }

  /// Reads 16 hexadecimal digits.
  ///
  /// - Returns: `nil` for any other text and for all zeros.
  package init?(hex: some StringProtocol, upperCase: Bool = false) {
    let digits = Array(hex.utf8)
    guard digits.count == 16, let value = UInt64(hexDigits: digits[...], upperCase: upperCase), value != 0
    else {
      return nil
    }
    self.value = value
  }

  /// An id by its number.
  ///
  /// - Returns: `nil` for zero.
  package init?(value: UInt64) {
    guard value != 0 else { return nil }
    self.value = value
  }

  /// 16 lower-case hexadecimal digits.
  package var description: String { value.hexDigits }
}

extension UInt64 {
  /// All 16 digits, lower case.
  var hexDigits: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}

extension FixedWidthInteger where Self: UnsignedInteger {
  /// The number that the digits denote; unlike `init(_:radix:)` it takes no sign.
  init?(hexDigits: ArraySlice<UInt8>, upperCase: Bool = false) {
    guard !hexDigits.isEmpty, hexDigits.count * 4 <= Self.bitWidth else { return nil }
    var value: Self = 0
    for digit in hexDigits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | Self(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | Self(digit - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F") where upperCase:
        value = value << 4 | Self(digit - UInt8(ascii: "A") + 10)
      default: return nil
      }
    }
    self = value
  }
}
