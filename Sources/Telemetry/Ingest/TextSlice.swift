import Glibc

/// Text within a body that is being decoded: valid UTF-8, with at least `padding` readable bytes behind it.
struct TextSlice {
  /// Zero bytes that stand behind every body, so that eight bytes can be read at once anywhere.
  static let padding = 32

  let start: UnsafePointer<UInt8>
  let count: Int

  var string: String { String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self) }

  /// The first eight bytes, zeros behind the end.
  @inline(__always)
  var head: UInt64 {
    let word = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
    return count >= 8 ? word : word & ((1 << (UInt64(count) * 8)) &- 1)
  }

  /// Whether this is that word.
  @inline(__always)
  func spells(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard count == length else { return false }
    if length > 8 { return memcmp(start, word.utf8Start, length) == 0 }
    var expected: UInt64 = 0
    for place in 0..<length { expected |= UInt64(word.utf8Start[place]) << UInt64(8 * place) }
    return head == expected
  }
}

/// Whether bytes are UTF-8, by the table of Unicode 15, section 3.9 (no surrogates, no overlong forms).
func isUTF8(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
  var at = 0
  func follows(_ place: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
    place < count && range.contains(start[place])
  }
  while at < count {
    switch start[at] {
    case 0..<0x80: at += 1
    case 0xC2...0xDF:
      guard follows(at + 1) else { return false }
      at += 2
    case 0xE0...0xEF:
      let second: ClosedRange<UInt8> =
        start[at] == 0xE0 ? 0xA0...0xBF : start[at] == 0xED ? 0x80...0x9F : 0x80...0xBF
      guard follows(at + 1, second), follows(at + 2) else { return false }
      at += 3
    case 0xF0...0xF4:
      let second: ClosedRange<UInt8> =
        start[at] == 0xF0 ? 0x90...0xBF : start[at] == 0xF4 ? 0x80...0x8F : 0x80...0xBF
      guard follows(at + 1, second), follows(at + 2), follows(at + 3) else { return false }
      at += 4
    default: return false
    }
  }
  return true
}
