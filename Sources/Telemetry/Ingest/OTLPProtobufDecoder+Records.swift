extension OTLPProtobufDecoder {
  /// `Span`.
  mutating func span() throws(DecodingFault) {
    let outer = try cursor.enter()
    builder.begin()
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 2):
        let id = try traceID()
        (builder.record.traceHigh, builder.record.traceLow) = (id.high, id.low)
      case ProtobufField.key(2, 2): builder.record.spanID = try spanID("spanId is not 8 bytes")
      case ProtobufField.key(3, 2): try traceState()
      case ProtobufField.key(4, 2): builder.record.parent = try spanID("parentSpanId is not 8 bytes")
      case ProtobufField.key(5, 2): builder.record.name = builder.name(try cursor.text())
      case ProtobufField.key(6, 0):
        let kind = try cursor.varint()
        builder.record.kind = kind <= 5 ? UInt8(kind) : 0
      case ProtobufField.key(7, 1): builder.record.time = try time()
      case ProtobufField.key(8, 1): builder.record.end = try time()
      case ProtobufField.key(9, 2): try attribute()
      case ProtobufField.key(10, 0): try dropped(.droppedAttributes)
      case ProtobufField.key(11, 2): try event()
      case ProtobufField.key(12, 0): try dropped(.droppedEvents)
      case ProtobufField.key(13, 2): try link()
      case ProtobufField.key(14, 0): try dropped(.droppedLinks)
      case ProtobufField.key(15, 2): try status()
      case ProtobufField.key(16, 5):
        builder.record.flags = UInt16(truncatingIfNeeded: try cursor.fixed32())
      default: try cursor.skip(field)
      }
    }
    cursor.leave(outer)
    builder.finishSpan()
  }

  private mutating func traceState() throws(DecodingFault) {
    let text = try cursor.text()
    guard text.count > 0 else { return }
    builder.write(.traceState)
    builder.write(text)
  }

  private mutating func status() throws(DecodingFault) {
    let outer = try cursor.enter()
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(2, 2):
        let text = try cursor.text()
        guard text.count > 0 else { continue }
        builder.write(.statusMessage)
        builder.write(text)
      case ProtobufField.key(3, 0):
        let code = try cursor.varint()
        builder.record.status = code <= 2 ? UInt8(code) : 0
      default: try cursor.skip(field)
      }
    }
    cursor.leave(outer)
  }

  private mutating func event() throws(DecodingFault) {
    let outer = try cursor.enter()
    builder.write(.event)
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 1):
        let time = try time()
        builder.write(.time)
        builder.details.append(word: UInt64(bitPattern: time))
      case ProtobufField.key(2, 2):
        let text = try cursor.text()
        builder.write(.name)
        builder.write(text)
      case ProtobufField.key(3, 2): try attribute()
      case ProtobufField.key(4, 0): try dropped(.droppedAttributes)
      default: try cursor.skip(field)
      }
    }
    builder.write(DetailTag.end)
    cursor.leave(outer)
  }

  private mutating func link() throws(DecodingFault) {
    let outer = try cursor.enter()
    builder.write(.link)
    var ids: (trace: (high: UInt64, low: UInt64), span: UInt64) = ((0, 0), 0)
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 2): ids.trace = try traceID()
      case ProtobufField.key(2, 2): ids.span = try spanID("the spanId of a link is not 8 bytes")
      case ProtobufField.key(3, 2): try traceState()
      case ProtobufField.key(4, 2): try attribute()
      default: try cursor.skip(field)
      }
    }
    builder.finishLink(ids.trace.high, ids.trace.low, ids.span)
    cursor.leave(outer)
  }

  /// `LogRecord`.
  mutating func logRecord() throws(DecodingFault) {
    let outer = try cursor.enter()
    builder.begin()
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 1): builder.record.time = try time()
      case ProtobufField.key(2, 0):
        let severity = try cursor.varint()
        builder.record.kind = severity <= 24 ? UInt8(severity) : 0
      case ProtobufField.key(3, 2):
        let text = try cursor.text()
        guard text.count > 0 else { continue }
        builder.write(.severityText)
        builder.write(text)
      case ProtobufField.key(5, 2):
        builder.write(.body)
        try value(0)
      case ProtobufField.key(6, 2): try attribute()
      case ProtobufField.key(7, 0): try dropped(.droppedAttributes)
      case ProtobufField.key(8, 5):
        builder.record.flags = UInt16(truncatingIfNeeded: try cursor.fixed32())
      case ProtobufField.key(9, 2):
        let id = try traceID()
        (builder.record.traceHigh, builder.record.traceLow) = (id.high, id.low)
      case ProtobufField.key(10, 2): builder.record.spanID = try spanID("spanId is not 8 bytes")
      case ProtobufField.key(11, 1): builder.record.end = try time()
      case ProtobufField.key(12, 2): builder.record.name = builder.name(try cursor.text())
      default: try cursor.skip(field)
      }
    }
    cursor.leave(outer)
    builder.finishLogRecord()
  }
}
