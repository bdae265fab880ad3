/// Text as an attacker may have written it, brought to one form, and what to look for in it. All linear in its length.
struct AttackText {
  /// Bytes that are looked at.
  static let limit = 4096

  /// Lower case, percent-decoded up to twice, comments and runs of white space one space each.
  private let bytes: [UInt8]

  /// The same as text.
  var plain: String { String(decoding: bytes, as: UTF8.self) }

  init(_ text: String) {
    var bytes = Array(text.utf8.prefix(Self.limit))
    for _ in 0..<2 where bytes.contains(UInt8(ascii: "%")) { bytes = Self.decoded(bytes) }
    self.bytes = Self.collapsed(bytes)
  }

  private static func decoded(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var place = 0
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "%"), place + 2 < bytes.count, let high = digit(bytes[place + 1]),
        let low = digit(bytes[place + 2])
      {
        result.append(high << 4 | low)
        place += 3
      } else {
        result.append(bytes[place])
        place += 1
      }
    }
    return result
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  private static func collapsed(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var place = 0
    while place < bytes.count {
      let byte = bytes[place]
      if byte == UInt8(ascii: "/"), place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "*"),
        let end = endOfComment(bytes, from: place + 2)
      {
        place = end
        if result.last != 0x20 { result.append(0x20) }
        continue
      }
      place += 1
      if byte <= 0x20 || byte == UInt8(ascii: "+") {
        if result.last != 0x20 { result.append(0x20) }
      } else {
        result.append((0x41...0x5A).contains(byte) ? byte + 0x20 : byte)
      }
    }
    return result
  }

  private static func endOfComment(_ bytes: [UInt8], from start: Int) -> Int? {
    var place = start
    while place + 1 < bytes.count {
      if bytes[place] == UInt8(ascii: "*"), bytes[place + 1] == UInt8(ascii: "/") { return place + 2 }
      place += 1
    }
    return nil
  }

  /// Whether one of the texts occurs.
  func contains(anyOf texts: [String]) -> Bool {
    texts.contains { !Self.places(of: Array($0.utf8), in: bytes, first: true).isEmpty }
  }

  /// The parts of a path: between slashes, without the query.
  var segments: [Substring] {
    plain.prefix { $0 != "?" && $0 != "#" }.split(separator: "/")
  }

  /// Whether a condition that is always true is appended behind something that ends a value: `' or 1=1`, `") or 'a'='a`.
  ///
  /// Both sides must be the same, which chance does not write.
  var hasTautology: Bool {
    for word in [" or ", " and ", "||", "&&"] {
      for place in Self.places(of: Array(word.utf8), in: bytes) {
        let before = bytes[..<place].last { $0 != 0x20 }
        let ends =
          before.map { $0 == 0x27 || $0 == 0x22 || $0 == 0x29 || (0x30...0x39).contains($0) } ?? false
        if ends, Self.isEquation(bytes[(place + word.utf8.count)...]) { return true }
      }
    }
    return false
  }

  /// Whether bytes begin with `a=a`, with or without quotes, the last of which may be missing.
  private static func isEquation(_ bytes: ArraySlice<UInt8>) -> Bool {
    func operand(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
      rest = rest.drop { $0 == 0x20 || $0 == 0x28 }
      let quoted = rest.first == 0x27 || rest.first == 0x22
      if quoted { rest = rest.dropFirst() }
      let word = rest.prefix {
        (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
      }
      rest = rest.dropFirst(word.count)
      if let next = rest.first, next == 0x27 || next == 0x22 { rest = rest.dropFirst() }
      rest = rest.drop { $0 == 0x20 }
      return (quoted ? [0x27] : []) + word
    }
    var rest = bytes.prefix(200)
    let left = operand(&rest)
    guard !left.isEmpty, rest.first == UInt8(ascii: "=") else { return false }
    rest = rest.dropFirst()
    let right = operand(&rest)
    return left == right
  }

  private static func places(of needle: [UInt8], in bytes: [UInt8], first: Bool = false) -> [Int] {
    guard let head = needle.first, bytes.count >= needle.count else { return [] }
    var found: [Int] = []
    for place in 0...(bytes.count - needle.count)
    where bytes[place] == head && bytes[place..<place + needle.count].elementsEqual(needle) {
      found.append(place)
      if first { break }
    }
    return found
  }
}
