import DSLBase

/// Reads fields of a record's details one after the other. Damaged ones end it.
struct DetailReader {
  private let block: BlockView
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  init(_ block: BlockView, _ bytes: UnsafeRawBufferPointer) {
    self.block = block
    self.bytes = bytes
  }

  /// The tag of the next field; `end` at the end.
  mutating func next() -> DetailTag { byte().flatMap(DetailTag.init) ?? .end }

  private mutating func byte() -> UInt8? {
    guard at < bytes.count else { return nil }
    defer { at += 1 }
    return bytes[at]
  }

  mutating func word() -> UInt64 {
    guard bytes.count - at >= 8 else {
      at = bytes.count
      return 0
    }
    defer { at += 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
  }

  mutating func double() -> Double { Double(bitPattern: word()) }

  mutating func varint() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 70, let byte = byte() {
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    at = bytes.count
    return 0
  }

  mutating func zigzag() -> Int64 {
    let value = varint()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  mutating func text() -> String {
    let head = varint()
    guard head & 1 == 1 else { return block.text(UInt32(clamping: head >> 1)) }
    return String(decoding: run(head >> 1), as: UTF8.self)
  }

  private mutating func run(_ length: UInt64) -> UnsafeRawBufferPointer {
    guard length <= UInt64(bytes.count - at) else {
      at = bytes.count
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    defer { at += Int(length) }
    return UnsafeRawBufferPointer(rebasing: bytes[at..<at + Int(length)])
  }

  /// A value as plain JSON: integers and doubles are numbers, bytes base64, what JSON has no number for a text.
  mutating func value() -> JSONValue {
    guard let tag = byte().flatMap(ValueTag.init) else { return .null }
    switch tag {
    case .empty, .end: return .null
    case .text: return .string(text())
    case .no: return .bool(false)
    case .yes: return .bool(true)
    case .integer: return .int(zigzag())
    case .double: return Self.json(double())
    case .bytes: return .string(Base64.encoded(run(varint())))
    case .array:
      var elements: [JSONValue] = []
      while at < bytes.count {
        if bytes[at] == ValueTag.end.rawValue {
          at += 1
          break
        }
        elements.append(value())
      }
      return .array(elements)
    case .list: return .object(attributes(until: .end))
    }
  }

  /// Attributes up to a tag that is none.
  private mutating func attributes(until end: DetailTag) -> JSONObject {
    var object = JSONObject()
    while let pair = pair(next()) { object[pair.key] = pair.value }
    return object
  }

  /// An attribute, when the tag says that one follows.
  mutating func pair(_ tag: DetailTag) -> (key: String, value: JSONValue)? {
    switch tag {
    case .attribute:
      let key = text()
      return (key, value())
    case .attributeBackwards:
      let value = value()
      return (text(), value)
    default: return nil
    }
  }

  /// All attributes, where there is nothing else.
  mutating func attributes() -> JSONObject { attributes(until: .end) }

  /// A double as JSON can have it.
  static func json(_ value: Double) -> JSONValue {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return .double(value)
  }
}

extension Base64 {
  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Bytes as padded text.
  static func encoded(_ bytes: UnsafeRawBufferPointer) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      var bits: UInt32 = 0
      for place in 0..<3 { bits = bits << 8 | (place < count ? UInt32(bytes[start + place]) : 0) }
      for place in 0..<4 {
        text.append(place <= count ? letters[Int(bits >> UInt32(18 - 6 * place)) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
