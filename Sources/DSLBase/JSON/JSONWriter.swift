extension JSONValue {
  /// How a value is laid out.
  public enum Layout: Sendable {
    /// One line without spaces, as JSON Lines needs it.
    case compact
    /// Two spaces an indent, one member a line.
    case pretty
  }

  /// The value as UTF-8 JSON text without a line feed at the end. Members keep their order, numbers their literals.
  public func serialized(_ layout: Layout = .compact) -> [UInt8] {
    var out: [UInt8] = []
    write(into: &out, layout, indent: 0)
    return out
  }

  /// The value as JSON text.
  public func text(_ layout: Layout = .compact) -> String {
    String(decoding: serialized(layout), as: UTF8.self)
  }

  private func write(into out: inout [UInt8], _ layout: Layout, indent: Int) {
    switch self {
    case .null: out.append(contentsOf: "null".utf8)
    case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let number): out.append(contentsOf: number.literal.utf8)
    case .string(let string): Self.writeString(string, into: &out)
    case .array(let elements):
      Self.writeList(elements.count, "[", "]", into: &out, layout, indent) { position, out in
        elements[position].write(into: &out, layout, indent: indent + 1)
      }
    case .object(let object):
      var members = object.makeIterator()
      Self.writeList(object.count, "{", "}", into: &out, layout, indent) { _, out in
        guard let member = members.next() else { return }
        Self.writeString(member.key, into: &out)
        out.append(contentsOf: (layout == .pretty ? ": " : ":").utf8)
        member.value.write(into: &out, layout, indent: indent + 1)
      }
    }
  }

  private static func writeList(
    _ count: Int, _ open: String, _ close: String, into out: inout [UInt8], _ layout: Layout, _ indent: Int,
    element: (Int, inout [UInt8]) -> Void
  ) {
    func newLine(_ depth: Int) {
      guard layout == .pretty else { return }
      out.append(0x0A)
      out.append(contentsOf: repeatElement(0x20, count: 2 * depth))
    }
    out.append(contentsOf: open.utf8)
    for position in 0..<count {
      if position > 0 { out.append(UInt8(ascii: ",")) }
      newLine(indent + 1)
      element(position, &out)
    }
    if count > 0 { newLine(indent) }
    out.append(contentsOf: close.utf8)
  }

  /// Writes a string literal: quotation mark, backslash and control characters escaped, all else as it is.
  package static func writeString(_ string: String, into out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): out.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): out.append(contentsOf: "\\\\".utf8)
      case 0x0A: out.append(contentsOf: "\\n".utf8)
      case 0x0D: out.append(contentsOf: "\\r".utf8)
      case 0x09: out.append(contentsOf: "\\t".utf8)
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        out.append(contentsOf: "\\u00".utf8)
        out.append(digits[Int(byte >> 4)])
        out.append(digits[Int(byte & 15)])
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
