import Glibc

extension OTLPJSONDecoder {
  /// A list of attributes, written to the details.
  ///
  /// - Parameter service: gets the number of `service.name`, when that is among them and a text.
  mutating func attributes(service: inout UInt32?) throws(DecodingFault) {
    guard try cursor.enterArray() else { return }
    repeat { try attribute(0, service: &service) } while try cursor.another(UInt8(ascii: "]"))
  }

  /// A list of attributes, written to the details.
  @inline(__always)
  mutating func attributes() throws(DecodingFault) {
    var none: UInt32?
    try attributes(service: &none)
  }

  private mutating func attribute(_ depth: Int, service: inout UInt32?) throws(DecodingFault) {
    guard try cursor.enterObject() else { return builder.refuse("an attribute without a key") }
    var seen = SeenMembers()
    var hasKey = false
    var hasValue = false
    var isService = false
    repeat {
      let name = try cursor.name()
      if name.spells("key") {
        try once(&seen, 0)
        guard let key = try text("the key of an attribute is no text") else { continue }
        isService = depth == 0 && key.spells("service.name")
        hasKey = true
        if !hasValue { builder.write(.attribute) }
        builder.write(key)
      } else if name.spells("value") {
        try once(&seen, 1)
        if !hasKey { builder.write(.attributeBackwards) }
        let number = try value(depth)
        if isService { service = number }
        hasValue = true
      } else {
        try cursor.skipValue()
      }
    } while try cursor.another(UInt8(ascii: "}"))
    guard hasKey else { return builder.refuse("an attribute without a key") }
    if !hasValue { builder.write(ValueTag.empty) }
  }

  /// An `AnyValue`, written to the details.
  ///
  /// - Returns: the number of its text in the pool, if it is one.
  @discardableResult
  mutating func value(_ depth: Int) throws(DecodingFault) -> UInt32? {
    if try cursor.takeNull() {
      builder.write(ValueTag.empty)
      return nil
    }
    guard depth < JSONCursor.deepest / 2 else {
      throw cursor.fault("values nested deeper than \(JSONCursor.deepest / 2)")
    }
    guard cursor.byte == UInt8(ascii: "{") else {
      builder.refuse("the value of an attribute is no object such as {\"stringValue\":\"…\"}")
      try cursor.skipValue()
      return nil
    }
    var isWritten = false
    var number: UInt32?
    if try cursor.enterObject() {
      repeat {
        let name = try cursor.name()
        if Self.isKind(name) {
          if try cursor.takeNull() { continue }
          guard !isWritten else { throw cursor.fault("a value of two kinds") }
          isWritten = true
          try content(name, depth, &number)
        } else {
          try cursor.skipValue()
        }
      } while try cursor.another(UInt8(ascii: "}"))
    }
    if !isWritten { builder.write(ValueTag.empty) }
    return number
  }

  @inline(__always)
  private static func isKind(_ name: TextSlice) -> Bool {
    name.spells("stringValue") || name.spells("intValue") || name.spells("doubleValue")
      || name.spells("boolValue") || name.spells("arrayValue") || name.spells("kvlistValue")
      || name.spells("bytesValue")
  }

  @inline(__always)
  private mutating func content(
    _ name: TextSlice, _ depth: Int, _ number: inout UInt32?
  ) throws(DecodingFault) {
    switch name.head & 0xFF {
    case UInt64(UInt8(ascii: "s")):
      guard let text = try text("stringValue is no text") else { return }
      builder.write(ValueTag.text)
      if text.count <= TextPool.longest { number = builder.number(of: text) }
      builder.write(text)
    case UInt64(UInt8(ascii: "i")):
      guard let integer = try integer("intValue is no 64-bit integer") else { return }
      builder.write(ValueTag.integer)
      builder.write(zigzag: integer)
    case UInt64(UInt8(ascii: "d")):
      guard let double = try double("doubleValue is no number") else { return }
      builder.write(ValueTag.double)
      builder.details.append(word: double.bitPattern)
    default: try rareContent(name, depth)
    }
  }

  private mutating func rareContent(_ name: TextSlice, _ depth: Int) throws(DecodingFault) {
    if name.spells("boolValue") {
      guard let flag = try bool("boolValue is neither true nor false") else { return }
      builder.write(flag ? ValueTag.yes : ValueTag.no)
    } else if name.spells("bytesValue") {
      try bytes()
    } else {
      let isArray = name.spells("arrayValue")
      builder.write(isArray ? ValueTag.array : ValueTag.list)
      guard cursor.byte == UInt8(ascii: "{") else {
        builder.refuse(
          isArray ? "arrayValue is no object with values" : "kvlistValue is no object with values")
        return try cursor.skipValue()
      }
      try elements(isArray, depth + 1)
      builder.details.append(byte: isArray ? ValueTag.end.rawValue : DetailTag.end.rawValue)
    }
  }

  private mutating func elements(_ isArray: Bool, _ depth: Int) throws(DecodingFault) {
    guard try cursor.enterObject() else { return }
    var seen = SeenMembers()
    var none: UInt32?
    repeat {
      guard try cursor.name().spells("values") else {
        try cursor.skipValue()
        continue
      }
      try once(&seen, 0)
      guard try cursor.enterArray() else { continue }
      repeat {
        if isArray { try value(depth) } else { try attribute(depth, service: &none) }
      } while try cursor.another(UInt8(ascii: "]"))
    } while try cursor.another(UInt8(ascii: "}"))
  }

  private mutating func bytes() throws(DecodingFault) {
    guard let text = try text("bytesValue is no base64 text") else { return }
    guard let bytes = Base64.decoded(text) else { return builder.refuse("bytesValue is no base64 text") }
    builder.write(ValueTag.bytes)
    builder.details.append(varint: UInt64(bytes.count))
    bytes.withUnsafeBufferPointer {
      if let start = $0.baseAddress { builder.details.append(start, $0.count) }
    }
  }

  // MARK: Scalars. Each steps over the value whatever it is, and refuses the record when it is not of the kind.

  @inline(__always)
  mutating func text(_ reason: BlockBuilder.Reason) throws(DecodingFault) -> TextSlice? {
    if cursor.byte == UInt8(ascii: "\"") { return try cursor.text() }
    if try cursor.takeNull() { return TextSlice(start: reason.utf8Start, count: 0) }
    builder.refuse(reason)
    try cursor.skipValue()
    return nil
  }

  /// A text that must be in the pool, such as a name.
  mutating func pooledText() throws(DecodingFault) -> UInt32? {
    guard let text = try text("a name is no text") else { return nil }
    return builder.name(text)
  }

  /// A 64-bit integer: a decimal text, or a number.
  @inline(__always)
  mutating func integer(_ reason: BlockBuilder.Reason) throws(DecodingFault) -> Int64? {
    let literal: TextSlice
    switch cursor.byte {
    case UInt8(ascii: "\""): literal = try cursor.text()
    case UInt8(ascii: "-"), 0x30...0x39: literal = try cursor.number()
    case UInt8(ascii: "n"):
      try cursor.skipWord("null")
      return 0
    default:
      builder.refuse(reason)
      try cursor.skipValue()
      return nil
    }
    if let value = DecimalText.integer(literal) { return value }
    builder.refuse(reason)
    return nil
  }

  /// A number that may not stand in quotation marks: an enumeration's, or flags.
  mutating func plainInteger(
    _ range: ClosedRange<Int64>, _ reason: BlockBuilder.Reason
  ) throws(DecodingFault) -> Int64? {
    guard cursor.byte != UInt8(ascii: "\"") else {
      builder.refuse(reason)
      try cursor.skipValue()
      return nil
    }
    guard let value = try integer(reason) else { return nil }
    if range.contains(value) { return value }
    builder.refuse(reason)
    return nil
  }

  /// A double: a number, or a text that is one or says NaN or Infinity.
  mutating func double(_ reason: BlockBuilder.Reason) throws(DecodingFault) -> Double? {
    let literal: TextSlice
    switch cursor.byte {
    case UInt8(ascii: "\""): literal = try cursor.text()
    case UInt8(ascii: "-"), 0x30...0x39: literal = try cursor.number()
    case UInt8(ascii: "n"):
      try cursor.skipWord("null")
      return 0
    default:
      builder.refuse(reason)
      try cursor.skipValue()
      return nil
    }
    if let value = DecimalText.double(literal) { return value }
    builder.refuse(reason)
    return nil
  }

  mutating func bool(_ reason: BlockBuilder.Reason) throws(DecodingFault) -> Bool? {
    switch cursor.byte {
    case UInt8(ascii: "t"):
      try cursor.skipWord("true")
      return true
    case UInt8(ascii: "f"):
      try cursor.skipWord("false")
      return false
    case UInt8(ascii: "n"):
      try cursor.skipWord("null")
      return false
    default:
      builder.refuse(reason)
      try cursor.skipValue()
      return nil
    }
  }

  /// Nanoseconds since the epoch; what lies behind the year 2262 is refused.
  @inline(__always)
  mutating func time(_ reason: BlockBuilder.Reason) throws(DecodingFault) -> Int64 {
    guard let time = try integer(reason) else { return 0 }
    if time < 0 { builder.refuse(reason) }
    return time
  }

  /// An id of sixteen bytes; zeros when there is none.
  @inline(__always)
  mutating func traceID() throws(DecodingFault) -> (high: UInt64, low: UInt64) {
    guard let text = try text("traceId is no text"), text.count > 0 else { return (0, 0) }
    if text.count == 32, let high = HexDigits.word(text.start), let low = HexDigits.word(text.start + 16) {
      return (high, low)
    }
    builder.refuse("traceId is not 32 hexadecimal digits")
    return (0, 0)
  }

  /// An id of eight bytes; zeros when there is none.
  @inline(__always)
  mutating func spanID(_ reason: BlockBuilder.Reason) throws(DecodingFault) -> UInt64 {
    guard let text = try text(reason), text.count > 0 else { return 0 }
    if text.count == 16, let value = HexDigits.word(text.start) { return value }
    builder.refuse(reason)
    return 0
  }
}

/// Numbers as they stand in texts.
enum DecimalText {
  /// A 64-bit integer; `1e3` and `2.0` are integers too (https://protobuf.dev/programming-guides/json).
  @inline(__always)
  static func integer(_ text: TextSlice) -> Int64? {
    var place = 0
    let isNegative = text.start[0] == UInt8(ascii: "-")
    if isNegative { place = 1 }
    guard text.count > place, text.count - place <= 18 else { return unusual(text) }
    var value: Int64 = 0
    while place < text.count {
      let digit = text.start[place] &- 0x30
      guard digit < 10 else { return unusual(text) }
      value = value &* 10 &+ Int64(digit)
      place += 1
    }
    return isNegative ? -value : value
  }

  @inline(never)
  private static func unusual(_ text: TextSlice) -> Int64? {
    guard text.count > 0, text.count <= 32, text.start[0] != UInt8(ascii: "+") else { return nil }
    if let value = Int64(text.string) { return value }
    guard let double = double(text), double.magnitude < 9_007_199_254_740_992 else { return nil }
    return Int64(exactly: double)
  }

  /// A double by the rules of JSON numbers, and the three words of protobuf's JSON.
  static func double(_ text: TextSlice) -> Double? {
    if text.spells("NaN") { return .nan }
    if text.spells("Infinity") { return .infinity }
    if text.spells("-Infinity") { return -.infinity }
    guard text.count > 0, text.count <= 400 else { return nil }
    for place in 0..<text.count {
      switch text.start[place] {
      case 0x30...0x39, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "e"),
        UInt8(ascii: "E"):
        continue
      default: return nil
      }
    }
    guard let value = Double(text.string), value.isFinite else { return nil }
    return value
  }
}

/// Base64 (RFC 4648), standard or URL-safe, padded or not.
enum Base64 {
  static func decoded(_ text: TextSlice) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3 + 3)
    var length = text.count
    while length > 0, text.start[length - 1] == UInt8(ascii: "="), text.count - length < 2 { length -= 1 }
    guard length == text.count || text.count % 4 == 0, length % 4 != 1 else { return nil }
    var bits: UInt32 = 0
    var held = 0
    for place in 0..<length {
      guard let six = value(text.start[place]) else { return nil }
      bits = bits << 6 | six
      held += 6
      guard held >= 8 else { continue }
      held -= 8
      bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
    }
    return bytes
  }

  private static func value(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte) - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) + 4
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
