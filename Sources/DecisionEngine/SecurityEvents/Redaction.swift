/// Makes text from foreign telemetry fit to be kept and shown: bounded, printable, without secrets.
package enum Redaction {
  private static let mask = "***"
  /// Names whose values are secrets wherever they stand, in lower case.
  private static let names = [
    "password", "passwd", "pwd", "passphrase", "token", "secret", "apikey", "api_key", "api-key",
    "authorization", "access_key", "accesskey", "private_key", "session", "sessionid", "cookie", "credential",
  ]
  /// A run of these characters at least this long is a key and no word.
  private static let longestWord = 32

  /// The text as it may be kept.
  ///
  /// - Parameter limit: characters.
  package static func text(_ text: String, limit: Int = 200) -> String {
    let head = String(text.prefix(limit * 4))
    let printable = String(
      head.map { $0.isNewline || $0.unicodeScalars.contains(where: isHidden) ? " " : $0 })
    let shown = withoutKeys(withoutUserInfo(withoutNamed(printable)))
    return shown.count <= limit ? shown : String(shown.prefix(limit - 1)) + "…"
  }

  /// Controls, and characters that turn or hide what stands around them.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: true
    default: false
    }
  }

  /// `password=…`, `"token": "…"`, `Authorization: Bearer …`.
  private static func withoutNamed(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let (name, value) = nextNamed(rest) {
      result += rest[..<name] + mask
      rest = rest[value...]
    }
    return result + rest
  }

  /// Where the value of the next secret begins and ends.
  private static func nextNamed(_ text: Substring) -> (start: Substring.Index, end: Substring.Index)? {
    var place = text.startIndex
    while place < text.endIndex {
      defer { place = text.index(after: place) }
      guard let mark = "=:".firstIndex(of: text[place]).map({ _ in place }) else { continue }
      let before = text[..<mark].reversed().drop { " \"'".contains($0) }
      let name = String(before.prefix { $0.isLetter || $0.isNumber || "_-.".contains($0) }.reversed())
      guard names.contains(where: { name.lowercased().hasSuffix($0) }) else { continue }
      var start = text.index(after: mark)
      while start < text.endIndex, " \"'".contains(text[start]) { start = text.index(after: start) }
      for scheme in ["bearer ", "basic "] where text[start...].lowercased().hasPrefix(scheme) {
        start = text.index(start, offsetBy: scheme.count)
      }
      let end = text[start...].firstIndex { " \t\"'&;,)}".contains($0) } ?? text.endIndex
      if end > start { return (start, end) }
    }
    return nil
  }

  /// `scheme://user:password@host`.
  private static func withoutUserInfo(_ text: String) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false).map { word -> String in
      guard let scheme = find("://", in: word[...]) else { return String(word) }
      let host = word[scheme.upperBound...]
      let authority = host.prefix { !"/?#".contains($0) }
      guard let at = authority.lastIndex(of: "@") else { return String(word) }
      return word[..<scheme.upperBound] + mask + word[at...]
    }.joined(separator: " ")
  }

  private static func find(_ needle: String, in text: Substring) -> Range<Substring.Index>? {
    var place = text.startIndex
    while place < text.endIndex {
      if text[place...].hasPrefix(needle) {
        return place..<text.index(place, offsetBy: needle.count)
      }
      place = text.index(after: place)
    }
    return nil
  }

  /// Long runs in which keys are written: hex, base64, JWT.
  private static func withoutKeys(_ text: String) -> String {
    var result = ""
    var run = ""
    func flush() {
      let isKey =
        run.count >= longestWord && run.contains(where: \.isNumber) && run.contains(where: \.isLetter)
      result += isKey ? mask : run
      run = ""
    }
    for character in text {
      if character.isASCII, character.isLetter || character.isNumber || "+_-=".contains(character) {
        run.append(character)
      } else {
        flush()
        result.append(character)
      }
    }
    flush()
    return result
  }
}
