extension OTLPJSONDecoder {
  /// A log record. It needs a time, its own or that of its observation.
  mutating func logRecord() throws(DecodingFault) {
    builder.begin()
    var seen = SeenMembers()
    if try cursor.enterObject() {
      repeat { try logMember(try cursor.name(), &seen) } while try cursor.another(UInt8(ascii: "}"))
    }
    builder.finishLogRecord()
  }

  private mutating func logMember(_ name: TextSlice, _ seen: inout SeenMembers) throws(DecodingFault) {
    if name.spells("timeUnixNano") {
      try once(&seen, 0)
      builder.record.time = try time("timeUnixNano is no number of nanoseconds")
    } else if name.spells("observedTimeUnixNano") {
      try once(&seen, 1)
      builder.record.end = try time("observedTimeUnixNano is no number of nanoseconds")
    } else if name.spells("severityNumber") {
      try once(&seen, 2)
      let severity = try plainInteger(
        0...Int64(Int32.max), "severityNumber is not one of the numbers 0 to 24; names are not allowed")
      builder.record.kind = severity.map { $0 <= 24 ? UInt8($0) : 0 } ?? 0
    } else if name.spells("severityText") {
      try once(&seen, 3)
      guard let text = try text("severityText is no text"), text.count > 0 else { return }
      builder.write(.severityText)
      builder.write(text)
    } else if name.spells("body") {
      try once(&seen, 4)
      builder.write(.body)
      try value(0)
    } else if name.spells("attributes") {
      try once(&seen, 5)
      try attributes()
    } else if name.spells("traceId") {
      try once(&seen, 6)
      let id = try traceID()
      (builder.record.traceHigh, builder.record.traceLow) = (id.high, id.low)
    } else if name.spells("spanId") {
      try once(&seen, 7)
      builder.record.spanID = try spanID("spanId is not 16 hexadecimal digits")
    } else if name.spells("eventName") {
      try once(&seen, 8)
      if let text = try text("eventName is no text") { builder.record.name = builder.name(text) }
    } else if name.spells("droppedAttributesCount") {
      try once(&seen, 9)
      try dropped(.droppedAttributes)
    } else if name.spells("flags") {
      try once(&seen, 10)
      let flags = try plainInteger(0...Int64(UInt32.max), "flags is no 32-bit number")
      builder.record.flags = UInt16(truncatingIfNeeded: flags ?? 0)
    } else {
      try cursor.skipValue()
    }
  }
}

extension BlockBuilder {
  /// Ends a log record: one without a time of its own has that of its observation.
  mutating func finishLogRecord() {
    if record.time == 0 { record.time = record.end }
    if record.end == 0 { record.end = record.time }
    if record.time == 0 { refuse("a log record without timeUnixNano and observedTimeUnixNano") }
    finish()
  }
}
