/// Refuses aliases in keys before a text is composed.
///
/// Composing compares the keys of a mapping with each other. A key that is an alias to nested aliases would
/// make that comparison exponential, the one "billion laughs" that a limit on values cannot stop. The check
/// is lexical and errs on the side of refusing: it only looks at texts that define an anchor and use an
/// alias.
enum YAMLAliasGuard {
  /// The first line in which a key could contain an alias.
  static func lineOfAliasInKey(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    var hasAnchor = false
    var hasAlias = false
    var line = 1
    var suspect: Int?
    for position in bytes.indices {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\n") { line += 1 }
      let starts = position == 0 || isSeparator(bytes[position - 1])
      let next = position + 1 < bytes.count ? bytes[position + 1] : UInt8(ascii: "\n")
      switch byte {
      case UInt8(ascii: "&") where starts && !isBlank(next): hasAnchor = true
      case UInt8(ascii: "*") where starts && !isBlank(next):
        hasAlias = true
        if colonFollows(bytes, afterNameAt: position + 1) { suspect = suspect ?? line }
      case UInt8(ascii: "?") where starts && isBlank(next): suspect = suspect ?? line
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        if colonFollows(bytes, at: position + 1) { suspect = suspect ?? line }
      default: break
      }
    }
    return hasAnchor && hasAlias ? suspect : nil
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }

  private static func isSeparator(_ byte: UInt8) -> Bool { isBlank(byte) || "[{,:".utf8.contains(byte) }

  private static func colonFollows(_ bytes: [UInt8], afterNameAt start: Int) -> Bool {
    var position = start
    while position < bytes.count, !isBlank(bytes[position]), !",]}".utf8.contains(bytes[position]) {
      if bytes[position] == UInt8(ascii: ":") { return true }
      position += 1
    }
    return colonFollows(bytes, at: position)
  }

  private static func colonFollows(_ bytes: [UInt8], at start: Int) -> Bool {
    var position = start
    while position < bytes.count, bytes[position] == 32 || bytes[position] == 9 { position += 1 }
    return position < bytes.count && bytes[position] == UInt8(ascii: ":")
  }
}
