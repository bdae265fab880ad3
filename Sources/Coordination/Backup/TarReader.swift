import DSLBase

/// Reads a tar archive from beginning to end: ustar, pax, and the long names of GNU tar.
///
/// Nothing in an archive is trusted: sizes are bounded before they are used, and what it is not sure of it refuses.
final class TarReader {
  /// An extended header larger than this is refused, bytes.
  private static let extendedLimit: Int64 = 1 << 20

  private let source: () throws -> [UInt8]
  private let name: String
  private var buffer: [UInt8] = []
  private var position = 0
  /// Content and padding of the present entry that nobody has read.
  private var content: Int64 = 0
  private var padding = 0
  private var ended = false
  /// The remark about the whole archive, if it begins with one.
  private(set) var comment: String?

  /// A reader of what `source` hands out in pieces; an empty piece is the end.
  ///
  /// - Parameter name: the archive's, for messages.
  init(name: String, _ source: @escaping () throws -> [UInt8]) {
    self.name = name
    self.source = source
  }

  /// The next entry; `nil` at the end of the archive, whose last byte has then been read.
  ///
  /// - Throws: `corrupt`, `invalidInput`, and what the source throws.
  func next() throws -> TarEntry? {
    try skipContent()
    guard !ended else { return nil }
    var extended = Extended()
    while true {
      guard let header = try TarHeader.parse(try take(TarHeader.blockSize), archive: name) else {
        guard extended.isEmpty else { throw TarHeader.damaged(name, "it ends behind an extended header") }
        try drain()
        return nil
      }
      guard header.size >= 0 else { throw TarHeader.damaged(name, "an entry has a negative size") }
      switch header.type {
      case UInt8(ascii: "x"): try extended.apply(try records(header))
      case UInt8(ascii: "g"):
        let records = try records(header)
        if let remark = records.last(where: { $0.key == "comment" }) {
          comment = String(validating: remark.value, as: UTF8.self)
        }
      case UInt8(ascii: "L"): extended.path = Array(try body(header).prefix { $0 != 0 })
      case UInt8(ascii: "K"): extended.link = Array(try body(header).prefix { $0 != 0 })
      default: return try entry(header, extended)
      }
    }
  }

  /// Hands out the content of the present entry in pieces.
  func forEachPiece(_ body: (ArraySlice<UInt8>) throws -> Void) throws {
    while content > 0 {
      try fill()
      let count = Int(min(content, Int64(buffer.count - position)))
      let piece = buffer[position..<position + count]
      position += count
      content -= Int64(count)
      try body(piece)
    }
  }

  private func entry(_ header: RawTarHeader, _ extended: Extended) throws -> TarEntry {
    let size = extended.size ?? header.size
    var path = try text(extended.path ?? header.name)
    let link = extended.link ?? header.linkName
    let kind: TarEntry.Kind
    switch header.type {
    case UInt8(ascii: "0"), 0, UInt8(ascii: "7"): kind = path.hasSuffix("/") ? .directory : .file
    case UInt8(ascii: "1"): kind = .hardLink(to: try text(link))
    case UInt8(ascii: "2"): kind = .symbolicLink(to: try text(link))
    case UInt8(ascii: "3"): kind = .special("a character device")
    case UInt8(ascii: "4"): kind = .special("a block device")
    case UInt8(ascii: "5"): kind = .directory
    case UInt8(ascii: "6"): kind = .special("a FIFO")
    case UInt8(ascii: "S"): kind = .special("a sparse file")
    default: kind = .special("an entry of unknown type \(header.type)")
    }
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    if case .file = kind {
      content = size
    } else {
      // Only files have content; a size on a link is the linked file's.
      content = 0
      if case .directory = kind { content = size }
    }
    padding = TarWriter.padding(content)
    return TarEntry(
      path: path, kind: kind, size: kind == .file ? size : 0, permissions: header.permissions & 0o777,
      modified: extended.modified ?? header.modified, owner: extended.owner ?? header.owner,
      group: extended.group ?? header.group)
  }

  private func text(_ bytes: [UInt8]) throws(DSLError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DSLError(
        .invalidInput, "\(name): the name \(FileName.shown(bytes)) is not UTF-8",
        fix: "pack it without that file")
    }
    return text
  }

  // MARK: Extended headers

  /// What extended headers say about the entry behind them.
  private struct Extended {
    var path: [UInt8]?
    var link: [UInt8]?
    var size: Int64?
    var modified: Int64?
    var owner: UInt32?
    var group: UInt32?

    var isEmpty: Bool { path == nil && link == nil && size == nil }

    mutating func apply(_ records: [(key: String, value: [UInt8])]) throws(DSLError) {
      for (key, value) in records {
        let text = String(decoding: value, as: UTF8.self)
        switch key {
        case "path": path = value
        case "linkpath": link = value
        case "size":
          guard let number = Int64(text), number >= 0 else {
            throw DSLError(.corrupt, "the archive is damaged", cause: "tar: size \(FileName.shown(text))")
          }
          size = number
        case "mtime": modified = Double(text).flatMap { $0.magnitude < 9e15 ? Int64($0.rounded(.down)) : nil }
        case "uid": owner = UInt32(text)
        case "gid": group = UInt32(text)
        default: continue
        }
      }
    }
  }

  private func body(_ header: RawTarHeader) throws -> [UInt8] {
    guard header.size <= Self.extendedLimit else {
      throw DSLError(.invalidInput, "\(name): an extended header of \(header.size) bytes")
    }
    let bytes = Array(try take(Int(header.size)))
    _ = try take(TarWriter.padding(header.size))
    return bytes
  }

  private func records(_ header: RawTarHeader) throws -> [(key: String, value: [UInt8])] {
    var rest = try body(header)[...]
    var records: [(key: String, value: [UInt8])] = []
    while !rest.isEmpty {
      let digits = rest.prefix { $0 != 0x20 }
      guard digits.count < 8, let length = Int(String(decoding: digits, as: UTF8.self)),
        length > digits.count + 1, length <= rest.count
      else { throw TarHeader.damaged(name, "an extended header cannot be read") }
      let record = rest.prefix(length).dropFirst(digits.count + 1)
      guard record.last == 0x0A, let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
        throw TarHeader.damaged(name, "an extended header cannot be read")
      }
      records.append(
        (String(decoding: record[..<equals], as: UTF8.self), Array(record[(equals + 1)...].dropLast())))
      rest = rest.dropFirst(length)
    }
    return records
  }

  // MARK: Bytes

  private func skipContent() throws {
    try forEachPiece { _ in }
    _ = try take(padding)
    padding = 0
  }

  private func take(_ count: Int) throws -> ArraySlice<UInt8> {
    while buffer.count - position < count {
      let more = try source()
      guard !more.isEmpty else { throw TarHeader.damaged(name, "it is cut short") }
      buffer.removeFirst(position)
      position = 0
      buffer += more
    }
    defer { position += count }
    return buffer[position..<position + count]
  }

  private func fill() throws {
    guard position == buffer.count else { return }
    buffer = try source()
    position = 0
    guard !buffer.isEmpty else { throw TarHeader.damaged(name, "it is cut short") }
  }

  /// Reads what is behind the end, which must be zeros, so that the compressed stream's checksum is looked at.
  private func drain() throws {
    ended = true
    while true {
      guard buffer[position...].allSatisfy({ $0 == 0 }) else {
        throw TarHeader.damaged(name, "there is something behind its end")
      }
      buffer = try source()
      position = 0
      if buffer.isEmpty { return }
    }
  }
}
