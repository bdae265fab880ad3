import DSLBase

/// One entry of a tar archive, without its content.
struct TarEntry: Equatable {
  /// What it is.
  enum Kind: Equatable {
    case file
    case directory
    case symbolicLink(to: String)
    /// Another name of an entry before it.
    case hardLink(to: String)
    /// A device, a FIFO or something else that is no file: what it is called.
    case special(String)
  }

  var path: String
  var kind: Kind
  /// Bytes of content.
  var size: Int64 = 0
  var permissions: UInt16 = 0o644
  /// Seconds since the epoch.
  var modified: Int64 = 0
  var owner: UInt32 = 0
  var group: UInt32 = 0
}

/// The 512 bytes in front of an entry: POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format"), with what GNU tar
/// adds to it.
enum TarHeader {
  static let blockSize = 512
  /// The longest path that fits without an extended header.
  static let nameLimit = 100
  /// The largest size that eleven octal digits hold.
  static let sizeLimit: Int64 = 1 << 33 - 1

  /// A header block.
  ///
  /// - Parameters:
  ///   - type: the type flag: `0` file, `5` directory, `x` and `g` extended headers.
  ///   - name: at most 100 bytes; longer paths go into an extended header before this one.
  static func block(
    type: Character, name: some Sequence<UInt8>, size: Int64, permissions: UInt16 = 0o644,
    modified: Int64 = 0,
    owner: UInt32 = 0, group: UInt32 = 0
  ) -> [UInt8] {
    var block = HeaderFields()
    block.put(Array(name), at: 0, nameLimit)
    block.octal(Int64(permissions & 0o7777), at: 100, 8)
    block.octal(Int64(owner), at: 108, 8)
    block.octal(Int64(group), at: 116, 8)
    block.octal(size, at: 124, 12)
    block.octal(modified, at: 136, 12)
    block.put([UInt8](repeating: 0x20, count: 8), at: 148, 8)
    block.put(Array(String(type).utf8), at: 156, 1)
    block.put(Array("ustar\u{0}00".utf8), at: 257, 8)
    let sum = block.bytes.reduce(0) { $0 + Int($1) }
    block.octal(Int64(sum), at: 148, 7)
    block.put([0x20], at: 155, 1)
    return block.bytes
  }

  /// One record of an extended header: `length keyword=value\n`, the length counting itself.
  static func record(_ key: String, _ value: some Collection<UInt8>) -> [UInt8] {
    let rest = key.utf8.count + value.count + 3
    var length = rest + 1
    while String(length).utf8.count + rest != length { length = rest + String(length).utf8.count }
    return Array("\(length) \(key)=".utf8) + value + [0x0A]
  }

  /// What a header block says; `nil` for a block of zeros.
  ///
  /// - Throws: `corrupt` when the checksum is wrong or a number cannot be read.
  static func parse(_ block: ArraySlice<UInt8>, archive: String) throws(DSLError) -> RawTarHeader? {
    let bytes = Array(block)
    if bytes.allSatisfy({ $0 == 0 }) { return nil }
    func number(_ offset: Int, _ width: Int, _ field: String) throws(DSLError) -> Int64 {
      guard let value = value(bytes[offset..<offset + width]) else {
        throw damaged(archive, "a header's \(field) is no number")
      }
      return value
    }
    var sum = 0
    for (index, byte) in bytes.enumerated() { sum += (148..<156).contains(index) ? 0x20 : Int(byte) }
    guard try number(148, 8, "checksum") == Int64(sum) else {
      throw damaged(archive, "a header's checksum is wrong")
    }
    func text(_ offset: Int, _ width: Int) -> [UInt8] {
      Array(bytes[offset..<offset + width].prefix { $0 != 0 })
    }
    let isPosix = bytes[257..<263].elementsEqual("ustar\u{0}".utf8)
    let prefix = isPosix ? text(345, 155) : []
    return RawTarHeader(
      type: bytes[156], name: (prefix.isEmpty ? [] : prefix + [UInt8(ascii: "/")]) + text(0, 100),
      linkName: text(157, 100), size: try number(124, 12, "size"),
      permissions: UInt16(truncatingIfNeeded: try number(100, 8, "mode")) & 0o7777,
      modified: try number(136, 12, "time"),
      owner: UInt32(clamping: try number(108, 8, "owner")),
      group: UInt32(clamping: try number(116, 8, "group")))
  }

  /// Octal digits between spaces and zero bytes, or GNU's base 256.
  private static func value(_ field: ArraySlice<UInt8>) -> Int64? {
    guard let first = field.first else { return nil }
    if first & 0x80 != 0 {
      var value = Int64(first & 0x3F) - (first & 0x40 != 0 ? 0x40 : 0)
      for byte in field.dropFirst() {
        let (shifted, overflow) = value.multipliedReportingOverflow(by: 256)
        guard !overflow else { return nil }
        value = shifted + Int64(byte)
      }
      return value
    }
    var value: Int64 = 0
    var digits = field.drop { $0 == 0x20 }[...]
    digits = digits.prefix { $0 != 0 && $0 != 0x20 }
    for digit in digits {
      guard (0x30...0x37).contains(digit) else { return nil }
      value = value * 8 + Int64(digit - 0x30)
    }
    return value
  }

  static func damaged(_ archive: String, _ reason: String) -> DSLError {
    DSLError(.corrupt, "\(archive) is damaged", cause: "tar: \(reason)", fix: "use another backup")
  }
}

/// The fields of a header block, before extended headers are applied to them.
struct RawTarHeader {
  var type: UInt8
  var name: [UInt8]
  var linkName: [UInt8]
  var size: Int64
  var permissions: UInt16
  var modified: Int64
  var owner: UInt32
  var group: UInt32
}

/// A header block while it is written.
private struct HeaderFields {
  private(set) var bytes = [UInt8](repeating: 0, count: TarHeader.blockSize)

  mutating func put(_ field: [UInt8], at offset: Int, _ width: Int) {
    for (index, byte) in field.prefix(width).enumerated() { bytes[offset + index] = byte }
  }

  /// A number in octal digits up to the zero byte that ends the field; what is too large for it, as an extended header
  /// then tells, is written as the largest.
  mutating func octal(_ value: Int64, at offset: Int, _ width: Int) {
    let digits = String(max(0, value), radix: 8)
    let limit = width - 1
    let missing = limit - digits.utf8.count
    let text =
      missing < 0 ? String(repeating: "7", count: limit) : String(repeating: "0", count: missing) + digits
    put(Array(text.utf8), at: offset, limit)
  }
}
