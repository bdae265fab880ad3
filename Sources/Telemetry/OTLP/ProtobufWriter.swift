import DSLBase

/// Writes protobuf messages (https://protobuf.dev/programming-guides/encoding) from OTLP/JSON.
///
/// Members come in the order of the JSON, and what JSON has is written whether or not it is a default, as in a `oneof` a
/// default means something. Telemetry is encoded once, as JSON for the file; what a collector gets in protobuf is made from
/// that when it is sent, and not while a turn runs.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  /// A body of OTLP/JSON as protobuf.
  ///
  /// - Throws: `internalError` when it is no JSON, or a member is not what its name stands for.
  static func body(_ signal: OTLPSignal, json: [UInt8]) throws(DSLError) -> [UInt8] {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser.parse(json) } catch {
      throw DSLError(.internalError, "telemetry that is no JSON cannot be sent as protobuf: \(error)")
    }
    var writer = ProtobufWriter()
    try writer.members(value, of: OTLPMessage(signal))
    return writer.bytes
  }

  private mutating func members(_ value: JSONValue, of message: OTLPMessage) throws(DSLError) {
    guard let object = value.object else { throw Self.mismatch("\(message)", value) }
    for member in object {
      guard let field = message[member.key] else { continue }
      if case .message = field.kind, let list = member.value.array {
        for item in list { try write(item, field, member.key) }
      } else {
        try write(member.value, field, member.key)
      }
    }
  }

  private mutating func write(
    _ value: JSONValue, _ field: OTLPMessage.Field, _ name: String
  ) throws(DSLError) {
    func need<T>(_ found: T?) throws(DSLError) -> T {
      guard let found else { throw Self.mismatch(name, value) }
      return found
    }
    switch field.kind {
    case .text: block(field, Array(try need(value.string).utf8))
    case .id: block(field, try need(value.string.flatMap(Self.hexadecimal)))
    case .base64: block(field, try need(value.string.flatMap(Self.base64)))
    case .bool: scalar(field, 0) { $0.varint(value.bool == true ? 1 : 0) }
    case .varint:
      let number = try need(Self.integer(value))
      scalar(field, 0) { $0.varint(number) }
    case .zigzag:
      let number = Int32(truncatingIfNeeded: try need(Self.integer(value)))
      scalar(field, 0) { $0.varint(UInt64(UInt32(bitPattern: number << 1 ^ number >> 31))) }
    case .fixed32:
      let number = try need(Self.integer(value))
      scalar(field, 5) { $0.little(UInt32(truncatingIfNeeded: number)) }
    case .fixed64:
      let number = try need(Self.integer(value))
      scalar(field, 1) { $0.little(number) }
    case .double:
      let number = try need(Self.double(value))
      scalar(field, 1) { $0.little(number.bitPattern) }
    case .packedVarint, .packedFixed64, .packedDouble:
      var inner = ProtobufWriter()
      for item in try need(value.array) { try inner.packed(item, field.kind, name) }
      block(field, inner.bytes)
    case .message(let message):
      var inner = ProtobufWriter()
      try inner.members(value, of: message)
      block(field, inner.bytes)
    }
  }

  private mutating func packed(
    _ item: JSONValue, _ kind: OTLPMessage.Kind, _ name: String
  ) throws(DSLError) {
    if case .packedDouble = kind, let number = Self.double(item) { return little(number.bitPattern) }
    guard let number = Self.integer(item) else { throw Self.mismatch(name, item) }
    if case .packedVarint = kind { varint(number) } else { little(number) }
  }

  // MARK: The wire

  private mutating func scalar(
    _ field: OTLPMessage.Field, _ wireType: UInt32, _ value: (inout ProtobufWriter) -> Void
  ) {
    varint(UInt64(ProtobufField.key(field.number, wireType)))
    value(&self)
  }

  private mutating func block(_ field: OTLPMessage.Field, _ content: [UInt8]) {
    varint(UInt64(ProtobufField.key(field.number, 2)))
    varint(UInt64(content.count))
    bytes.append(contentsOf: content)
  }

  private mutating func varint(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func little(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  // MARK: What JSON has

  private static func mismatch(_ name: String, _ value: JSONValue) -> DSLError {
    DSLError(
      .internalError, "telemetry cannot be sent as protobuf: \(name) is a \(value.kind) of another form")
  }

  /// The bits of a whole number: a number, or as 64-bit ones are written, a text.
  private static func integer(_ value: JSONValue) -> UInt64? {
    if let text = value.string { return UInt64(text) ?? Int64(text).map { UInt64(bitPattern: $0) } }
    return value.int.map { UInt64(bitPattern: Int64($0)) }
  }

  /// A number, or one of the words for what JSON has no number for.
  private static func double(_ value: JSONValue) -> Double? {
    switch value.string {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: value.double
    }
  }

  private static func hexadecimal(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var result: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Character(UnicodeScalar(digits[place])).hexDigitValue,
        let low = Character(UnicodeScalar(digits[place + 1])).hexDigitValue
      else { return nil }
      result.append(UInt8(high << 4 | low))
    }
    return result
  }

  /// RFC 4648, section 4.
  private static func base64(_ text: String) -> [UInt8]? {
    var (result, bits, count): ([UInt8], UInt32, UInt32) = ([], 0, 0)
    for character in text.utf8 where character != UInt8(ascii: "=") {
      let digit: UInt8
      switch character {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = character - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = character - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): digit = 62
      case UInt8(ascii: "/"): digit = 63
      default: return nil
      }
      bits = bits << 6 | UInt32(digit)
      count += 6
      if count >= 8 {
        count -= 8
        result.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return result
  }
}
