/// The part of a URL that names a server.
struct Authority: Equatable {
  var scheme: String
  /// In lower case, without the brackets of an IPv6 address.
  var host: String
  var port: Int?
  /// `user:password`, percent escapes resolved.
  var user: [UInt8]?

  init?(url: String) {
    guard let colon = url.firstRange(of: "://") else { return nil }
    scheme = url[..<colon.lowerBound].lowercased()
    var rest = url[colon.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    if let at = rest.lastIndex(of: "@") {
      user = Self.unescaped(rest[..<at])
      rest = rest[rest.index(after: at)...]
    }
    if let end = rest.lastIndex(of: ":"), !rest[end...].contains("]") {
      guard let number = UInt16(rest[rest.index(after: end)...]) else { return nil }
      port = Int(number)
      rest = rest[..<end]
    }
    host = rest.lowercased().filter { $0 != "[" && $0 != "]" }
    if host.isEmpty { return nil }
  }

  /// A URL without the user in it.
  static func withoutUser(_ url: String) -> String {
    guard let colon = url.firstRange(of: "://") else { return url }
    let rest = url[colon.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard let at = authority.lastIndex(of: "@") else { return url }
    return String(url[..<colon.upperBound] + rest[rest.index(after: at)...])
  }

  private static func unescaped(_ text: Substring) -> [UInt8] {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var place = 0
    while place < bytes.count {
      let digits = bytes[place] == UInt8(ascii: "%") ? bytes[(place + 1)...].prefix(2) : []
      if digits.count == 2, let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
        result.append(byte)
        place += 3
      } else {
        result.append(bytes[place])
        place += 1
      }
    }
    return result
  }
}

/// RFC 4648, section 4.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

  static func encoded(_ bytes: [UInt8]) -> String {
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let word = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
      for place in 0..<4 { text.append(place <= group.count ? alphabet[word >> (18 - 6 * place) & 63] : "=") }
    }
    return text
  }
}
