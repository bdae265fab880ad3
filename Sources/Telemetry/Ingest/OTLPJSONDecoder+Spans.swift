extension OTLPJSONDecoder {
  /// A span. It needs both ids, a start and an end; everything else may be missing.
  mutating func span() throws(DecodingFault) {
    builder.begin()
    var seen = SeenMembers()
    if try cursor.enterObject() {
      repeat { try spanMember(try cursor.name(), &seen) } while try cursor.another(UInt8(ascii: "}"))
    }
    builder.finishSpan()
  }

  @inline(__always)
  private mutating func spanMember(_ name: TextSlice, _ seen: inout SeenMembers) throws(DecodingFault) {
    if name.spells("traceId") {
      try once(&seen, 0)
      let id = try traceID()
      (builder.record.traceHigh, builder.record.traceLow) = (id.high, id.low)
    } else if name.spells("spanId") {
      try once(&seen, 1)
      builder.record.spanID = try spanID("spanId is not 16 hexadecimal digits")
    } else if name.spells("parentSpanId") {
      try once(&seen, 2)
      builder.record.parent = try spanID("parentSpanId is not 16 hexadecimal digits")
    } else if name.spells("name") {
      try once(&seen, 3)
      if let text = try text("name is no text") { builder.record.name = builder.name(text) }
    } else if name.spells("startTimeUnixNano") {
      try once(&seen, 4)
      builder.record.time = try time("startTimeUnixNano is no number of nanoseconds")
    } else if name.spells("endTimeUnixNano") {
      try once(&seen, 5)
      builder.record.end = try time("endTimeUnixNano is no number of nanoseconds")
    } else if name.spells("kind") {
      try once(&seen, 6)
      let kind = try plainInteger(
        0...Int64(Int32.max), "kind is not one of the numbers 0 to 5; names are not allowed")
      builder.record.kind = kind.map { $0 <= 5 ? UInt8($0) : 0 } ?? 0
    } else if name.spells("attributes") {
      try once(&seen, 7)
      try attributes()
    } else if name.spells("status") {
      try once(&seen, 8)
      try status()
    } else if name.spells("events") {
      try once(&seen, 9)
      guard try cursor.enterArray() else { return }
      repeat { try event() } while try cursor.another(UInt8(ascii: "]"))
    } else if name.spells("links") {
      try once(&seen, 10)
      guard try cursor.enterArray() else { return }
      repeat { try link() } while try cursor.another(UInt8(ascii: "]"))
    } else {
      try rareSpanMember(name, &seen)
    }
  }

  private mutating func rareSpanMember(_ name: TextSlice, _ seen: inout SeenMembers) throws(DecodingFault) {
    if name.spells("traceState") {
      try once(&seen, 11)
      guard let text = try text("traceState is no text"), text.count > 0 else { return }
      builder.write(.traceState)
      builder.write(text)
    } else if name.spells("flags") {
      try once(&seen, 12)
      let flags = try plainInteger(0...Int64(UInt32.max), "flags is no 32-bit number")
      builder.record.flags = UInt16(truncatingIfNeeded: flags ?? 0)
    } else if name.spells("droppedAttributesCount") {
      try once(&seen, 13)
      try dropped(.droppedAttributes)
    } else if name.spells("droppedEventsCount") {
      try once(&seen, 14)
      try dropped(.droppedEvents)
    } else if name.spells("droppedLinksCount") {
      try once(&seen, 15)
      try dropped(.droppedLinks)
    } else {
      try cursor.skipValue()
    }
  }

  mutating func dropped(_ tag: DetailTag) throws(DecodingFault) {
    guard let count = try plainInteger(0...Int64(UInt32.max), "a dropped count is no 32-bit number"),
      count > 0
    else { return }
    builder.write(tag, count: UInt64(count))
  }

  private mutating func status() throws(DecodingFault) {
    if try cursor.takeNull() { return }
    guard cursor.byte == UInt8(ascii: "{") else {
      builder.refuse("status is no object with a code")
      return try cursor.skipValue()
    }
    guard try cursor.enterObject() else { return }
    var seen = SeenMembers()
    repeat {
      let name = try cursor.name()
      if name.spells("code") {
        try once(&seen, 0)
        let code = try plainInteger(
          0...Int64(Int32.max), "status.code is not one of the numbers 0 to 2; names are not allowed")
        builder.record.status = code.map { $0 <= 2 ? UInt8($0) : 0 } ?? 0
      } else if name.spells("message") {
        try once(&seen, 1)
        guard let text = try text("status.message is no text"), text.count > 0 else { continue }
        builder.write(.statusMessage)
        builder.write(text)
      } else {
        try cursor.skipValue()
      }
    } while try cursor.another(UInt8(ascii: "}"))
  }

  private mutating func event() throws(DecodingFault) {
    builder.write(.event)
    var seen = SeenMembers()
    if try cursor.enterObject() {
      repeat {
        let name = try cursor.name()
        if name.spells("timeUnixNano") {
          try once(&seen, 0)
          let time = try time("timeUnixNano of an event is no number of nanoseconds")
          builder.write(.time)
          builder.details.append(word: UInt64(bitPattern: time))
        } else if name.spells("name") {
          try once(&seen, 1)
          guard let text = try text("the name of an event is no text") else { continue }
          builder.write(.name)
          builder.write(text)
        } else if name.spells("attributes") {
          try once(&seen, 2)
          try attributes()
        } else if name.spells("droppedAttributesCount") {
          try once(&seen, 3)
          try dropped(.droppedAttributes)
        } else {
          try cursor.skipValue()
        }
      } while try cursor.another(UInt8(ascii: "}"))
    }
    builder.write(DetailTag.end)
  }

  private mutating func link() throws(DecodingFault) {
    builder.write(.link)
    var seen = SeenMembers()
    var ids: (trace: (high: UInt64, low: UInt64), span: UInt64) = ((0, 0), 0)
    if try cursor.enterObject() {
      repeat {
        let name = try cursor.name()
        if name.spells("traceId") {
          try once(&seen, 0)
          ids.trace = try traceID()
        } else if name.spells("spanId") {
          try once(&seen, 1)
          ids.span = try spanID("the spanId of a link is not 16 hexadecimal digits")
        } else if name.spells("traceState") {
          try once(&seen, 2)
          guard let text = try text("traceState is no text"), text.count > 0 else { continue }
          builder.write(.traceState)
          builder.write(text)
        } else if name.spells("attributes") {
          try once(&seen, 3)
          try attributes()
        } else {
          try cursor.skipValue()
        }
      } while try cursor.another(UInt8(ascii: "}"))
    }
    builder.finishLink(ids.trace.high, ids.trace.low, ids.span)
  }
}

extension BlockBuilder {
  /// Ends a link with its ids.
  mutating func finishLink(_ high: UInt64, _ low: UInt64, _ span: UInt64) {
    if high | low == 0 || span == 0 { refuse("a link without valid ids") }
    write(.traceID)
    details.append(word: high)
    details.append(word: low)
    write(.spanID)
    details.append(word: span)
    write(DetailTag.end)
  }

  /// Ends a span: what it cannot do without must be there.
  @inline(__always)
  mutating func finishSpan() {
    if record.traceHigh | record.traceLow == 0 { refuse("a span without a valid traceId") }
    if record.spanID == 0 { refuse("a span without a valid spanId") }
    if record.time == 0 { refuse("a span without startTimeUnixNano") }
    if record.end == 0 { refuse("a span without endTimeUnixNano") }
    finish()
  }
}
