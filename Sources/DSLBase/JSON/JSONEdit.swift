/// Changes members of a JSON object in place, leaving every other byte of the text as it was.
///
/// A user's record may hold numbers beyond 2^53, unusual escapes and a layout of its own. Parsing and writing it again
/// would keep the meaning at best; an edit keeps the bytes.
public enum JSONEdit {
  /// Sets or removes top-level members.
  ///
  /// - Parameters:
  ///   - changes: name and new value in order; `nil` removes the member. A new name is appended in the style of the text.
  ///   - text: a JSON object.
  /// - Returns: the edited text.
  /// - Throws: `JSONError` when the text is not one JSON object with distinct names.
  public static func apply(
    _ changes: [(key: String, value: JSONValue?)], to text: [UInt8]
  ) throws(JSONError) -> [UInt8] {
    var result = text
    for change in changes {
      result = try apply(change.key, change.value, to: result)
    }
    return result
  }

  private static func apply(_ key: String, _ value: JSONValue?, to text: [UInt8]) throws(JSONError) -> [UInt8]
  {
    let layout = try members(of: text)
    guard let position = layout.members.firstIndex(where: { $0.key.utf8.elementsEqual(key.utf8) }) else {
      return value.map { append(key, $0, to: text, layout) } ?? text
    }
    let member = layout.members[position]
    var result = text
    if let value {
      result.replaceSubrange(member.value, with: render(value, layout))
    } else if layout.members.count == 1 {
      result.removeSubrange(layout.open + 1..<layout.close)
    } else if position > 0 {
      result.removeSubrange(layout.members[position - 1].value.upperBound..<member.value.upperBound)
    } else {
      result.removeSubrange(member.start..<layout.members[1].start)
    }
    return result
  }

  private static func append(_ key: String, _ value: JSONValue, to text: [UInt8], _ layout: Layout) -> [UInt8]
  {
    var member: [UInt8] = []
    JSONValue.writeString(key, into: &member)
    member.append(contentsOf: (layout.indented ? ": " : ":").utf8)
    member.append(contentsOf: render(value, layout))
    var result = text
    if let last = layout.members.last {
      let gap: [UInt8] = layout.indented ? [0x2C, 0x0A, 0x20, 0x20] : [0x2C]
      result.insert(contentsOf: gap + member, at: last.value.upperBound)
    } else {
      result.replaceSubrange(layout.open + 1..<layout.close, with: member)
    }
    return result
  }

  /// Nested lines of an indented text get the indent of a top-level member.
  private static func render(_ value: JSONValue, _ layout: Layout) -> [UInt8] {
    guard layout.indented else { return value.serialized(.compact) }
    var out: [UInt8] = []
    for byte in value.serialized(.pretty) {
      out.append(byte)
      if byte == 0x0A { out.append(contentsOf: [0x20, 0x20]) }
    }
    return out
  }

  private struct Layout {
    var open = 0
    var close = 0
    var members: [(key: String, start: Int, value: Range<Int>)] = []
    /// Whether the text spreads over lines.
    var indented = false
  }

  private static func members(of text: [UInt8]) throws(JSONError) -> Layout {
    try text.withUnsafeBufferPointer { (buffer) throws(JSONError) in
      var scanner = JSONScanner(buffer)
      var layout = Layout()
      scanner.skipWhitespace()
      layout.open = scanner.position
      try scanner.forEachMember { (member, scanner) throws(JSONError) in
        let key = try scanner.text(member.key)
        guard !layout.members.contains(where: { $0.key.utf8.elementsEqual(key.utf8) }) else {
          throw JSONError("duplicate key \"\(key)\"", at: member.key.range.lowerBound)
        }
        layout.members.append((key, member.key.range.lowerBound - 1, member.value))
      }
      layout.close = scanner.position - 1
      try scanner.finish()
      layout.indented = layout.members.isEmpty || text[layout.open..<layout.close].contains(0x0A)
      return layout
    }
  }
}

extension JSONScanner {
  /// A top-level member that was stepped over.
  package struct Member: Sendable {
    package let key: StringLiteral
    /// The bytes of the value, as written.
    package let value: Range<Int>
  }

  /// Steps over the object at the position, handing out each member after it was validated.
  ///
  /// - Throws: `JSONError` when it is not an object, or what `visit` throws.
  package mutating func forEachMember(
    _ visit: (Member, borrowing JSONScanner) throws(JSONError) -> Void
  ) throws(JSONError) {
    try expect(UInt8(ascii: "{"), "an object")
    skipWhitespace()
    if take(UInt8(ascii: "}")) { return }
    while true {
      guard current == UInt8(ascii: "\"") else { throw failure("expected a member name") }
      let key = try skipString()
      skipWhitespace()
      try expect(UInt8(ascii: ":"), "':'")
      skipWhitespace()
      let start = position
      try skipValue(depth: 1)
      try visit(Member(key: key, value: start..<position), self)
      skipWhitespace()
      if take(UInt8(ascii: ",")) {
        skipWhitespace()
        continue
      }
      try expect(UInt8(ascii: "}"), "',' or '}'")
      return
    }
  }
}
