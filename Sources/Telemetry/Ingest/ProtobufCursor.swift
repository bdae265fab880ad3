/// Walks over a protobuf message (https://protobuf.dev/programming-guides/encoding) that has zeros behind it.
struct ProtobufCursor {
  /// Levels of nesting that are followed, as protobuf's own libraries have it.
  static let deepest = 100

  private let base: UnsafePointer<UInt8>
  private(set) var at: UnsafePointer<UInt8>
  /// The end of the message that is being read.
  private(set) var end: UnsafePointer<UInt8>

  init(_ base: UnsafePointer<UInt8>, count: Int) {
    self.base = base
    at = base
    end = base + count
  }

  @inline(never)
  func fault(_ reason: String) -> DecodingFault { DecodingFault(reason: reason, offset: at - base) }

  /// Whether there is another field; what follows is its value.
  @inline(__always)
  mutating func next() throws(DecodingFault) -> ProtobufField? {
    guard at < end else { return nil }
    let key = try varint()
    guard key >> 3 != 0, key <= UInt64(UInt32.max) else { throw fault("a field without a number") }
    return ProtobufField(key: UInt32(truncatingIfNeeded: key))
  }

  @inline(__always)
  mutating func varint() throws(DecodingFault) -> UInt64 {
    if at < end, at.pointee < 0x80 {
      at += 1
      return UInt64((at - 1).pointee)
    }
    return try longVarint()
  }

  private mutating func longVarint() throws(DecodingFault) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 70 {
      guard at < end else { throw fault("cut short within a number") }
      let byte = at.pointee
      at += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw fault("a number of more than ten bytes")
  }

  @inline(__always)
  mutating func fixed64() throws(DecodingFault) -> UInt64 {
    guard end - at >= 8 else { throw fault("cut short within a number") }
    defer { at += 8 }
    return UInt64(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
  }

  @inline(__always)
  mutating func fixed32() throws(DecodingFault) -> UInt32 {
    guard end - at >= 4 else { throw fault("cut short within a number") }
    defer { at += 4 }
    return UInt32(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt32.self))
  }

  /// Bytes with their length before them.
  @inline(__always)
  mutating func bytes() throws(DecodingFault) -> TextSlice {
    let length = try varint()
    guard length <= UInt64(end - at) else { throw fault("a length that reaches beyond its message") }
    defer { at += Int(length) }
    return TextSlice(start: at, count: Int(length))
  }

  /// A text: bytes that are UTF-8.
  @inline(__always)
  mutating func text() throws(DecodingFault) -> TextSlice {
    let text = try bytes()
    guard Self.isPlain(text) || isUTF8(text.start, text.count) else { throw fault("invalid UTF-8 in a text") }
    return text
  }

  /// Whether all bytes are ASCII, eight at a time.
  @inline(__always)
  private static func isPlain(_ text: TextSlice) -> Bool {
    var bits: UInt64 = 0
    var rest = text
    while true {
      bits |= rest.head
      guard rest.count > 8 else { return bits & 0x8080_8080_8080_8080 == 0 }
      rest = TextSlice(start: rest.start + 8, count: rest.count - 8)
    }
  }

  /// Enters the message that follows.
  ///
  /// - Returns: where the present one ends, for `leave`.
  @inline(__always)
  mutating func enter() throws(DecodingFault) -> UnsafePointer<UInt8> {
    let outer = end
    let length = try varint()
    guard length <= UInt64(end - at) else { throw fault("a length that reaches beyond its message") }
    end = at + Int(length)
    return outer
  }

  @inline(__always)
  mutating func leave(_ outer: UnsafePointer<UInt8>) { end = outer }

  /// Steps over the value of a field that is of no interest.
  mutating func skip(_ field: ProtobufField) throws(DecodingFault) {
    switch field.wireType {
    case 0: _ = try varint()
    case 1: _ = try fixed64()
    case 2: _ = try bytes()
    case 5: _ = try fixed32()
    default: throw fault("wire type \(field.wireType), which no message of OTLP has")
    }
  }
}

/// Number and wire type of a field.
struct ProtobufField {
  let key: UInt32
  var number: UInt32 { key >> 3 }
  var wireType: UInt32 { key & 7 }

  /// The key of a field of a number and a wire type: 0 varint, 1 eight bytes, 2 with a length, 5 four bytes.
  @inline(__always)
  static func key(_ number: UInt32, _ wireType: UInt32) -> UInt32 { number << 3 | wireType }
}
