/// The part of a URL that names a server.
struct Authority: Equatable {
  var scheme: String
  /// In lower case, without the brackets of an IPv6 address.
  var host: String
  var port: Int?
  /// `user:password`, percent escapes resolved.
  var user: [UInt8]?

  /// Looks at bytes, as it runs for every request: what divides a URL is ASCII.
  init?(url: String) {
    let bytes = url.utf8
    guard let divider = Self.divider(in: bytes) else { return nil }
    scheme = url[..<divider.lowerBound].lowercased()
    var rest = url[Self.range(in: bytes, from: divider.upperBound)]
    if let at = rest.utf8.lastIndex(of: UInt8(ascii: "@")) {
      user = Self.unescaped(rest[..<at])
      rest = rest[rest.utf8.index(after: at)...]
    }
    if let end = rest.utf8.lastIndex(of: UInt8(ascii: ":")), !rest[end...].utf8.contains(UInt8(ascii: "]")) {
      guard let number = UInt16(rest[rest.utf8.index(after: end)...]) else { return nil }
      port = Int(number)
      rest = rest[..<end]
    }
    host = String(decoding: rest.lowercased().utf8.filter { !"[]".utf8.contains($0) }, as: UTF8.self)
    if host.isEmpty { return nil }
  }

  /// A URL without the user in it.
  static func withoutUser(_ url: String) -> String {
    let bytes = url.utf8
    guard bytes.contains(UInt8(ascii: "@")), let divider = divider(in: bytes) else { return url }
    let authority = range(in: bytes, from: divider.upperBound)
    guard let at = bytes[authority].lastIndex(of: UInt8(ascii: "@")) else { return url }
    return String(url[..<divider.upperBound] + url[bytes.index(after: at)...])
  }

  /// Where the :// behind the scheme is.
  private static func divider(in bytes: String.UTF8View) -> Range<String.Index>? {
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
      return nil
    }
    return colon..<bytes.index(colon, offsetBy: 3)
  }

  /// Where the authority is that begins at `start`.
  private static func range(in bytes: String.UTF8View, from start: String.Index) -> Range<String.Index> {
    let end = bytes[start...].firstIndex { "/?#".utf8.contains($0) }
    return start..<(end ?? bytes.endIndex)
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
