import DSLBase

/// An element of an XML text, with what `nvidia-smi -q -x` needs of XML: elements, attributes, text, the five entities.
struct XMLElement: Sendable, Equatable {
  var name: String
  var attributes: [String: String] = [:]
  /// Its own text, trimmed.
  var text = ""
  var children: [XMLElement] = []

  subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

  /// All children of a name.
  func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

  /// Reads a text.
  ///
  /// - Throws: `invalidInput` naming line and reason; a document type with declarations of its own is refused.
  static func document(_ text: String, file: String) throws -> XMLElement {
    var parser = XMLReading(bytes: Array(text.utf8), file: file)
    return try parser.document()
  }
}

private struct XMLReading {
  let bytes: [UInt8]
  let file: String
  var position = 0
  private static let depth = 64

  init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  mutating func document() throws -> XMLElement {
    try skipProlog()
    let root = try element(depth: 1)
    try skipProlog()
    guard position == bytes.count else { throw failure("text behind the end of <\(root.name)>") }
    return root
  }

  /// White space, comments, processing instructions, the document type.
  private mutating func skipProlog() throws {
    while true {
      while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
      if starts("<?") {
        try skip(past: "?>")
      } else if starts("<!--") {
        try skip(past: "-->")
      } else if starts("<!DOCTYPE") {
        let end = bytes[position...].firstIndex(of: UInt8(ascii: ">")) ?? bytes.count
        guard !bytes[position..<end].contains(UInt8(ascii: "[")) else {
          throw failure("a document type with declarations is not read")
        }
        try skip(past: ">")
      } else {
        return
      }
    }
  }

  private mutating func element(depth: Int) throws -> XMLElement {
    guard depth <= Self.depth else { throw failure("nested deeper than \(Self.depth)") }
    guard starts("<") else { throw failure("expected an element") }
    position += 1
    var element = XMLElement(name: try name())
    while true {
      skipSpace()
      if starts("/>") {
        position += 2
        return element
      }
      if starts(">") { break }
      let key = try name()
      skipSpace()
      guard starts("=") else { throw failure("attribute \(key) has no value") }
      position += 1
      skipSpace()
      element.attributes[key] = try quoted()
    }
    position += 1
    try content(of: &element, depth: depth)
    return element
  }

  private mutating func content(of element: inout XMLElement, depth: Int) throws {
    var text = ""
    while true {
      let end = bytes[position...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
      text += try unescaped(bytes[position..<end])
      position = end
      if starts("<!--") {
        try skip(past: "-->")
      } else if starts("</") {
        position += 2
        let closing = try name()
        skipSpace()
        guard closing == element.name, starts(">") else {
          throw failure("<\(element.name)> ends with </\(closing)>")
        }
        position += 1
        element.text = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return
      } else if position == bytes.count {
        throw failure("<\(element.name)> does not end")
      } else {
        element.children.append(try self.element(depth: depth + 1))
      }
    }
  }

  private mutating func name() throws -> String {
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      let isName =
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
        || "_-.:".utf8.contains(byte)
      if !isName { break }
      position += 1
    }
    guard position > start else { throw failure("expected a name") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func quoted() throws -> String {
    guard position < bytes.count, bytes[position] == 0x22 || bytes[position] == 0x27 else {
      throw failure("expected a quoted value")
    }
    let quote = bytes[position]
    position += 1
    guard let end = bytes[position...].firstIndex(of: quote) else {
      throw failure("a quoted value does not end")
    }
    defer { position = end + 1 }
    return try unescaped(bytes[position..<end])
  }

  private func unescaped(_ part: ArraySlice<UInt8>) throws -> String {
    let text = String(decoding: part, as: UTF8.self)
    guard text.contains("&") else { return text }
    var plain = ""
    for (index, piece) in text.split(separator: "&", omittingEmptySubsequences: false).enumerated() {
      if index == 0 {
        plain += piece
        continue
      }
      let known = [("amp;", "&"), ("lt;", "<"), ("gt;", ">"), ("quot;", "\""), ("apos;", "'")]
      guard let entity = known.first(where: { piece.hasPrefix($0.0) }) else {
        throw failure("unknown entity &\(piece.prefix(12))")
      }
      plain += entity.1 + piece.dropFirst(entity.0.count)
    }
    return plain
  }

  private mutating func skipSpace() {
    while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
  }

  private func starts(_ mark: String) -> Bool { bytes[position...].starts(with: mark.utf8) }

  private mutating func skip(past mark: String) throws {
    while position < bytes.count, !starts(mark) { position += 1 }
    guard position < bytes.count else { throw failure("expected \(mark)") }
    position += mark.utf8.count
  }

  private func failure(_ reason: String) -> DSLError {
    let line = bytes[..<min(position, bytes.count)].count { $0 == 0x0A } + 1
    return DSLError(
      .invalidInput, "\(file):\(line): not the XML of nvidia-smi -q -x: \(reason)",
      fix: "write it with: nvidia-smi -q -x > \(file)")
  }
}
