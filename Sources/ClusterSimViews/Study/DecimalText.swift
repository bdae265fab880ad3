import Glibc

/// Numbers in decimal digits, rounded exactly, ties to even, as `printf` of C and format strings of Python do it: what both languages
/// write is the same to the byte.
enum DecimalText {
  /// So many digits behind the point: `%.3f`.
  static func fixed(_ value: Double, decimals: Int) -> String { text("%.*f", decimals, value) }

  /// So many digits that count, without zeros at the end: `%.4g`.
  static func general(_ value: Double, digits: Int) -> String { text("%.*g", digits, value) }

  private static func text(_ format: String, _ precision: Int, _ value: Double) -> String {
    withVaList([Int32(clamping: precision), value]) { arguments in
      // The longest double has 309 digits before the point.
      var buffer = [CChar](repeating: 0, count: 400)
      let count = min(max(0, Int(vsnprintf(&buffer, buffer.count, format, arguments))), buffer.count - 1)
      return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}
