import Glibc

/// Reads OTLP/JSON export requests (opentelemetry-proto, docs/specification.md, "JSON Protobuf Encoding") into a block.
///
/// Text that is not JSON, or whose lists and objects are none, is a fault of the whole body. What is wrong within one span,
/// log record or data point refuses that one: `BlockBuilder.refuse`.
struct OTLPJSONDecoder: ~Copyable {
  var cursor: JSONCursor
  var builder: BlockBuilder
  let recordLimit: Int
  private static let close = UInt8(ascii: "}")
  private static let endOfList = UInt8(ascii: "]")

  init(
    _ base: UnsafePointer<UInt8>, count: Int, signal: OTLPSignal, recordLimit: Int, seed: UInt64
  ) {
    cursor = JSONCursor(base, count: count)
    builder = BlockBuilder(signal, bytes: count, seed: seed)
    self.recordLimit = recordLimit
  }

  /// Reads a request that fills the body.
  mutating func request(_ signal: OTLPSignal) throws(DecodingFault) {
    cursor.skipBlanks()
    try message(signal)
    try cursor.finish()
  }

  /// Reads one request and stops behind it.
  ///
  /// An object whose members are all unknown is some other document, or was sent to the wrong path: it is refused rather than
  /// taken for a request without records.
  mutating func message(_ signal: OTLPSignal) throws(DecodingFault) {
    guard try cursor.enterObject() else { return }
    var seen = SeenMembers()
    repeat {
      let name = try cursor.name()
      let isOurs =
        switch signal {
        case .traces: name.spells("resourceSpans")
        case .metrics: name.spells("resourceMetrics")
        case .logs: name.spells("resourceLogs")
        }
      guard isOurs else {
        try cursor.skipValue()
        continue
      }
      try once(&seen, 0)
      guard try cursor.enterArray() else { continue }
      repeat { try resource(signal) } while try cursor.another(Self.endOfList)
    } while try cursor.another(Self.close)
    guard seen.contains(0) else {
      switch signal {
      case .traces: throw cursor.fault("an object without resourceSpans")
      case .metrics: throw cursor.fault("an object without resourceMetrics")
      case .logs: throw cursor.fault("an object without resourceLogs")
      }
    }
  }

  /// Fails when a member that counts stands in an object twice: JSON leaves open which one would hold.
  @inline(__always)
  func once(_ seen: inout SeenMembers, _ member: Int) throws(DecodingFault) {
    guard seen.insert(member) else { throw cursor.fault("the same member twice") }
  }

  private mutating func resource(_ signal: OTLPSignal) throws(DecodingFault) {
    var seen = SeenMembers()
    let first = builder.count
    var origin = Origin()
    if try cursor.enterObject() {
      repeat {
        let name = try cursor.name()
        if name.spells("resource") {
          try once(&seen, 0)
          if try !cursor.takeNull() { try resourceObject(&origin) }
        } else if name.spells("scopeSpans") && signal == .traces
          || name.spells("scopeMetrics") && signal == .metrics
          || name.spells("scopeLogs") && signal == .logs
        {
          try once(&seen, 1)
          guard try cursor.enterArray() else { continue }
          repeat { try scope(signal) } while try cursor.another(Self.endOfList)
        } else {
          try cursor.skipValue()
        }
      } while try cursor.another(Self.close)
    }
    let service = origin.service ?? BlockBuilder.noName
    builder.endResource(service: service, details: origin.start, to: origin.end, records: first)
    if let reason = origin.fault { builder.refuseAll(from: first, reason) }
  }

  /// What is known of a resource or scope while it is read.
  private struct Origin {
    var service: UInt32?
    var start = 0
    var end = 0
    /// Why nothing of it can be kept.
    var fault: BlockBuilder.Reason?
  }

  private mutating func resourceObject(_ origin: inout Origin) throws(DecodingFault) {
    builder.begin()
    origin.start = builder.details.count
    origin.end = origin.start
    guard try cursor.enterObject() else { return }
    var seen = SeenMembers()
    repeat {
      let name = try cursor.name()
      if name.spells("attributes") {
        try once(&seen, 0)
        try attributes(service: &origin.service)
      } else {
        try cursor.skipValue()
      }
    } while try cursor.another(Self.close)
    origin.end = builder.details.count
    origin.fault = builder.refusal
  }

  private mutating func scope(_ signal: OTLPSignal) throws(DecodingFault) {
    var seen = SeenMembers()
    let first = builder.count
    var origin = Origin()
    var names: (name: UInt32?, version: UInt32?)
    if try cursor.enterObject() {
      repeat {
        let name = try cursor.name()
        if name.spells("scope") {
          try once(&seen, 0)
          if try !cursor.takeNull() { try scopeObject(&origin, &names) }
        } else if signal == .traces && name.spells("spans") || signal == .metrics && name.spells("metrics")
          || signal == .logs && name.spells("logRecords")
        {
          try once(&seen, 1)
          try records(signal)
        } else {
          try cursor.skipValue()
        }
      } while try cursor.another(Self.close)
    }
    builder.endScope(
      name: names.name ?? BlockBuilder.noName, version: names.version ?? BlockBuilder.noName,
      details: origin.start, to: origin.end)
    if let reason = origin.fault { builder.refuseAll(from: first, reason) }
  }

  private mutating func scopeObject(
    _ origin: inout Origin, _ names: inout (name: UInt32?, version: UInt32?)
  ) throws(DecodingFault) {
    builder.begin()
    origin.start = builder.details.count
    origin.end = origin.start
    guard try cursor.enterObject() else { return }
    var seen = SeenMembers()
    repeat {
      let name = try cursor.name()
      if name.spells("name") {
        try once(&seen, 0)
        names.name = try pooledText()
      } else if name.spells("version") {
        try once(&seen, 1)
        names.version = try pooledText()
      } else if name.spells("attributes") {
        try once(&seen, 2)
        var none: UInt32?
        try attributes(service: &none)
      } else {
        try cursor.skipValue()
      }
    } while try cursor.another(Self.close)
    origin.end = builder.details.count
    origin.fault = builder.refusal
  }

  private mutating func records(_ signal: OTLPSignal) throws(DecodingFault) {
    guard try cursor.enterArray() else { return }
    repeat {
      switch signal {
      case .traces: try span()
      case .metrics: try metric()
      case .logs: try logRecord()
      }
      guard builder.count <= recordLimit else { throw cursor.fault(Self.tooMany) }
    } while try cursor.another(Self.endOfList)
  }

  /// The reason of a fault that means "send less at once".
  static let tooMany = "more records than one request may have"
}

/// Which members of an object have been seen.
struct SeenMembers {
  private var bits: UInt32 = 0

  /// - Returns: whether it is new.
  @inline(__always)
  mutating func insert(_ member: Int) -> Bool {
    let bit: UInt32 = 1 << UInt32(member)
    guard bits & bit == 0 else { return false }
    bits |= bit
    return true
  }

  func contains(_ member: Int) -> Bool { bits & 1 << UInt32(member) != 0 }
}
