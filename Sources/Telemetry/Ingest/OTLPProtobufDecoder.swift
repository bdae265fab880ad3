/// Reads OTLP export requests in protobuf into a block, by hand from opentelemetry-proto 1.x.
///
/// The numbers of fields are those of `trace.proto`, `metrics.proto`, `logs.proto`, `common.proto` and `resource.proto`. A
/// field whose wire type is not its own counts as unknown, as protobuf's libraries have it.
struct OTLPProtobufDecoder: ~Copyable {
  var cursor: ProtobufCursor
  var builder: BlockBuilder
  let recordLimit: Int

  init(
    _ base: UnsafePointer<UInt8>, count: Int, signal: OTLPSignal, recordLimit: Int, seed: UInt64
  ) {
    cursor = ProtobufCursor(base, count: count)
    builder = BlockBuilder(signal, bytes: count, seed: seed)
    self.recordLimit = recordLimit
  }

  /// `Export…ServiceRequest`.
  mutating func request(_ signal: OTLPSignal) throws(DecodingFault) {
    while let field = try cursor.next() {
      if field.key == ProtobufField.key(1, 2) { try resource(signal) } else { try cursor.skip(field) }
    }
  }

  /// `ResourceSpans`, `ResourceMetrics`, `ResourceLogs`.
  private mutating func resource(_ signal: OTLPSignal) throws(DecodingFault) {
    let outer = try cursor.enter()
    let first = builder.count
    var origin = ProtobufOrigin()
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 2): try resourceMessage(&origin)
      case ProtobufField.key(2, 2): try scope(signal)
      default: try cursor.skip(field)
      }
    }
    cursor.leave(outer)
    builder.endResource(
      service: origin.service ?? BlockBuilder.noName, details: origin.start, to: origin.end, records: first)
    if let reason = origin.fault { builder.refuseAll(from: first, reason) }
  }

  private mutating func resourceMessage(_ origin: inout ProtobufOrigin) throws(DecodingFault) {
    let outer = try cursor.enter()
    builder.begin()
    origin.start = builder.details.count
    while let field = try cursor.next() {
      if field.key == ProtobufField.key(1, 2) {
        try attribute(0, service: &origin.service)
      } else {
        try cursor.skip(field)
      }
    }
    origin.end = builder.details.count
    origin.fault = builder.refusal
    cursor.leave(outer)
  }

  private mutating func scope(_ signal: OTLPSignal) throws(DecodingFault) {
    let outer = try cursor.enter()
    let first = builder.count
    var origin = ProtobufOrigin()
    var names = (name: BlockBuilder.noName, version: BlockBuilder.noName)
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 2): try scopeMessage(&origin, &names)
      case ProtobufField.key(2, 2):
        switch signal {
        case .traces: try span()
        case .metrics: try metric()
        case .logs: try logRecord()
        }
        guard builder.count <= recordLimit else { throw cursor.fault(OTLPJSONDecoder.tooMany) }
      default: try cursor.skip(field)
      }
    }
    cursor.leave(outer)
    builder.endScope(name: names.name, version: names.version, details: origin.start, to: origin.end)
    if let reason = origin.fault { builder.refuseAll(from: first, reason) }
  }

  private mutating func scopeMessage(
    _ origin: inout ProtobufOrigin, _ names: inout (name: UInt32, version: UInt32)
  ) throws(DecodingFault) {
    let outer = try cursor.enter()
    builder.begin()
    origin.start = builder.details.count
    var none: UInt32?
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 2): names.name = builder.name(try cursor.text())
      case ProtobufField.key(2, 2): names.version = builder.name(try cursor.text())
      case ProtobufField.key(3, 2): try attribute(0, service: &none)
      default: try cursor.skip(field)
      }
    }
    origin.end = builder.details.count
    origin.fault = builder.refusal
    cursor.leave(outer)
  }

  // MARK: Values

  /// A list of attributes has each as a field of its own.
  mutating func attribute() throws(DecodingFault) {
    var none: UInt32?
    try attribute(0, service: &none)
  }

  /// `KeyValue`: key 1, value 2.
  mutating func attribute(_ depth: Int, service: inout UInt32?) throws(DecodingFault) {
    let outer = try cursor.enter()
    var key: TextSlice?
    var value: ProtobufCursor?
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 2): key = try cursor.text()
      case ProtobufField.key(2, 2):
        value = cursor
        _ = try cursor.bytes()
      default: try cursor.skip(field)
      }
    }
    let behind = cursor
    if let key {
      builder.write(.attribute)
      builder.write(key)
      if let value {
        cursor = value
        let number = try self.value(depth)
        cursor = behind
        if depth == 0, key.spells("service.name") { service = number }
      } else {
        builder.write(ValueTag.empty)
      }
    } else {
      builder.refuse("an attribute without a key")
    }
    cursor.leave(outer)
  }

  /// `AnyValue`, whose length is next: string 1, bool 2, int 3, double 4, array 5, list 6, bytes 7. The last one counts.
  ///
  /// - Returns: the number of its text in the pool, if it is one.
  @discardableResult
  mutating func value(_ depth: Int) throws(DecodingFault) -> UInt32? {
    guard depth < JSONCursor.deepest / 2 else {
      throw cursor.fault("values nested deeper than \(JSONCursor.deepest / 2)")
    }
    let outer = try cursor.enter()
    defer { cursor.leave(outer) }
    let start = builder.details.count
    builder.write(ValueTag.empty)
    var number: UInt32?
    while let field = try cursor.next() {
      guard (1...7).contains(field.number), field.wireType == Self.wireTypes[Int(field.number)] else {
        try cursor.skip(field)
        continue
      }
      builder.details.truncate(to: start)
      number = nil
      try content(field.number, depth, &number)
    }
    return number
  }

  private static let wireTypes: [UInt32] = [9, 2, 0, 0, 1, 2, 2, 2]

  private mutating func content(
    _ kind: UInt32, _ depth: Int, _ number: inout UInt32?
  ) throws(DecodingFault) {
    switch kind {
    case 1:
      let text = try cursor.text()
      builder.write(ValueTag.text)
      if depth == 0, text.count <= TextPool.longest { number = builder.number(of: text) }
      builder.write(text)
    case 2: builder.write(try cursor.varint() != 0 ? ValueTag.yes : ValueTag.no)
    case 3:
      builder.write(ValueTag.integer)
      builder.write(zigzag: Int64(bitPattern: try cursor.varint()))
    case 4:
      builder.write(ValueTag.double)
      builder.details.append(word: try cursor.fixed64())
    case 7:
      let bytes = try cursor.bytes()
      builder.write(ValueTag.bytes)
      builder.details.append(varint: UInt64(bytes.count))
      builder.details.append(bytes.start, bytes.count)
    default: try elements(isArray: kind == 5, depth + 1)
    }
  }

  /// `ArrayValue` and `KeyValueList`: values 1.
  private mutating func elements(isArray: Bool, _ depth: Int) throws(DecodingFault) {
    builder.write(isArray ? ValueTag.array : ValueTag.list)
    let outer = try cursor.enter()
    var none: UInt32?
    while let field = try cursor.next() {
      if field.key != ProtobufField.key(1, 2) {
        try cursor.skip(field)
      } else if isArray {
        try value(depth)
      } else {
        try attribute(depth, service: &none)
      }
    }
    cursor.leave(outer)
    builder.details.append(byte: isArray ? ValueTag.end.rawValue : DetailTag.end.rawValue)
  }

  // MARK: Scalars

  /// Nanoseconds since the epoch; what lies behind the year 2262 is refused.
  mutating func time() throws(DecodingFault) -> Int64 {
    let time = try cursor.fixed64()
    if time > UInt64(Int64.max) { builder.refuse("a time behind the year 2262") }
    return Int64(truncatingIfNeeded: time)
  }

  /// An id of sixteen bytes; zeros when there is none.
  mutating func traceID() throws(DecodingFault) -> (high: UInt64, low: UInt64) {
    let bytes = try cursor.bytes()
    guard bytes.count > 0 else { return (0, 0) }
    guard bytes.count == 16 else {
      builder.refuse("traceId is not 16 bytes")
      return (0, 0)
    }
    let words = UnsafeRawPointer(bytes.start)
    return (
      UInt64(bigEndian: words.loadUnaligned(as: UInt64.self)),
      UInt64(bigEndian: words.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }

  /// An id of eight bytes; zeros when there is none.
  mutating func spanID(_ reason: BlockBuilder.Reason) throws(DecodingFault) -> UInt64 {
    let bytes = try cursor.bytes()
    guard bytes.count > 0 else { return 0 }
    guard bytes.count == 8 else {
      builder.refuse(reason)
      return 0
    }
    return UInt64(bigEndian: UnsafeRawPointer(bytes.start).loadUnaligned(as: UInt64.self))
  }

  mutating func dropped(_ tag: DetailTag) throws(DecodingFault) {
    let count = try cursor.varint()
    if count > 0 { builder.write(tag, count: count & UInt64(UInt32.max)) }
  }
}

/// What is known of a resource or scope while it is read.
struct ProtobufOrigin {
  var service: UInt32?
  var start = 0
  var end = 0
  /// Why nothing of it can be kept.
  var fault: BlockBuilder.Reason?
}
