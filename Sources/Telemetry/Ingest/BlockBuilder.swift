/// Collects the records of one request in packed form.
///
/// A record is begun, gets its details, and is then kept or refused; what a refused one left in details and texts is taken
/// back, so that a block holds nothing of it.
struct BlockBuilder: ~Copyable {
  /// Why a record or a request was refused.
  typealias Reason = StaticString

  private let signal: OTLPSignal
  /// The record being built.
  var record = PackedRecord()
  /// Details of records, resources and scopes.
  var details: ByteSink
  private(set) var texts: TextPool
  private var records: ByteSink
  private var resources: ByteSink
  private var scopes: ByteSink
  private var mark = (details: 0, texts: 0)
  /// Why the record being built cannot be kept.
  private(set) var refusal: Reason?
  /// Records that were refused, and why the first one was.
  private(set) var refused = 0
  private(set) var firstReason: Reason?

  /// - Parameter bytes: size of the body.
  init(_ signal: OTLPSignal, bytes: Int, seed: UInt64) {
    self.signal = signal
    details = ByteSink(capacity: min(bytes / 4, 1 << 20))
    records = ByteSink(capacity: min(bytes / 8, 1 << 20))
    texts = TextPool(seed: seed)
    resources = ByteSink(capacity: 64)
    scopes = ByteSink(capacity: 64)
    // Number 0 is the empty text, so that a record without a name needs no look into the pool.
    let nothing: StaticString = ""
    _ = texts.add(TextSlice(start: nothing.utf8Start, count: 0))
  }

  /// Records that were kept.
  var count: Int { records.count / PackedRecord.size }
  var resourceCount: Int { resources.count / PackedOrigin.size }
  var scopeCount: Int { scopes.count / PackedOrigin.size }

  /// Begins a record of the current resource and scope.
  @inline(__always)
  mutating func begin() {
    record = PackedRecord()
    record.resource = UInt32(truncatingIfNeeded: resourceCount)
    record.scope = UInt32(truncatingIfNeeded: scopeCount)
    record.detailsStart = UInt32(truncatingIfNeeded: details.count)
    mark = (details.count, texts.count)
    refusal = nil
  }

  /// Says that the record cannot be kept. The first reason counts.
  @inline(never)
  mutating func refuse(_ reason: Reason) { if refusal == nil { refusal = reason } }

  /// Ends a record.
  @inline(__always)
  mutating func finish() {
    if let refusal { return drop(refusal) }
    record.detailsLength = UInt32(truncatingIfNeeded: details.count) &- record.detailsStart
    records.append(raw: record)
  }

  @inline(never)
  private mutating func drop(_ reason: Reason) {
    details.truncate(to: mark.details)
    texts.truncate(to: mark.texts)
    refused += 1
    if firstReason == nil { firstReason = reason }
  }

  // MARK: Parts

  /// The number of a text, if the pool takes it.
  @inline(__always)
  mutating func number(of text: TextSlice) -> UInt32? { texts.number(of: text) }

  /// The number of a name. One that is too long refuses the record.
  @inline(__always)
  mutating func name(_ text: TextSlice) -> UInt32 {
    if let number = texts.number(of: text) { return number }
    return longName(text)
  }

  @inline(never)
  private mutating func longName(_ text: TextSlice) -> UInt32 {
    if text.count > UInt16.max { refuse("a name of more than 65535 bytes") }
    return texts.add(TextSlice(start: text.start, count: min(text.count, Int(UInt16.max))))
  }

  /// The number of the empty text.
  static let noName: UInt32 = 0

  /// Writes a text into the details.
  @inline(__always)
  mutating func write(_ text: TextSlice) {
    if let number = texts.number(of: text) {
      details.append(varint: UInt64(number) << 1)
    } else {
      details.append(varint: UInt64(truncatingIfNeeded: text.count) << 1 | 1)
      details.append(text.start, text.count)
    }
  }

  @inline(__always)
  mutating func write(_ tag: DetailTag) { details.append(byte: tag.rawValue) }

  @inline(__always)
  mutating func write(_ tag: ValueTag) { details.append(byte: tag.rawValue) }

  /// An integer whose sign is its lowest bit.
  @inline(__always)
  mutating func write(zigzag value: Int64) {
    details.append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  @inline(__always)
  mutating func write(_ tag: DetailTag, double value: Double) {
    write(tag)
    details.append(word: value.bitPattern)
  }

  @inline(__always)
  mutating func write(_ tag: DetailTag, count value: UInt64) {
    write(tag)
    details.append(varint: value)
  }

  // MARK: Origins

  /// Ends a resource: its attributes, if it has any, are the details from `start` to `end`.
  mutating func endResource(service: UInt32, details start: Int, to end: Int, records first: Int) {
    resources.append(
      raw: PackedOrigin(
        name: service, version: 0, detailsStart: UInt32(truncatingIfNeeded: start),
        detailsLength: UInt32(truncatingIfNeeded: end - start)))
    for number in first..<count {
      records.base.storeBytes(
        of: service, toByteOffset: number * PackedRecord.size + Self.serviceOffset, as: UInt32.self)
    }
  }

  /// Ends a scope.
  mutating func endScope(name: UInt32, version: UInt32, details start: Int, to end: Int) {
    scopes.append(
      raw: PackedOrigin(
        name: name, version: version, detailsStart: UInt32(truncatingIfNeeded: start),
        detailsLength: UInt32(truncatingIfNeeded: end - start)))
  }

  private static let serviceOffset = 52

  /// Changes records that were kept already: what a metric says of all its points.
  mutating func update(from first: Int, _ change: (inout PackedRecord) -> Void) {
    for number in first..<count {
      let place = records.base + number * PackedRecord.size
      var record = place.load(as: PackedRecord.self)
      change(&record)
      place.storeBytes(of: record, as: PackedRecord.self)
    }
  }

  /// Takes all records from `first` on back.
  mutating func refuseAll(from first: Int, _ reason: Reason) {
    guard count > first else { return }
    refused += count - first
    if firstReason == nil { firstReason = reason }
    records.truncate(to: first * PackedRecord.size)
  }

  // MARK: The whole

  /// The block; `nil` when no record was kept, or it is too large to be packed.
  consuming func block() -> SignalBlock? {
    guard count > 0, details.count < UInt32.max, records.count < UInt32.max / 2 else { return nil }
    var header = BlockHeader()
    header.signal = signal.number
    header.records = UInt32(count)
    header.texts = UInt32(texts.count)
    header.textBytes = UInt32(texts.bytes.count)
    header.resources = UInt32(resourceCount)
    header.scopes = UInt32(scopeCount)
    summarise(into: &header)
    let length =
      BlockHeader.size + records.count + resources.count + scopes.count + texts.ends.count
      + texts.bytes.count
    header.indexLength = UInt32(length)
    header.detailsLength = UInt32(details.count)
    var index: [UInt8] = []
    index.reserveCapacity(length)
    withUnsafeBytes(of: header) { index.append(contentsOf: $0) }
    index.append(contentsOf: records.bytes)
    index.append(contentsOf: resources.bytes)
    index.append(contentsOf: scopes.bytes)
    index.append(contentsOf: texts.ends.bytes)
    index.append(contentsOf: texts.bytes.bytes)
    return SignalBlock(
      signal: signal, records: count, errors: Int(header.errors), earliest: header.earliest,
      latest: header.latest, index: index, details: Array(details.bytes))
  }

  /// Severity numbers from here on are errors (opentelemetry-specification, logs/data-model.md).
  static let leastError: UInt8 = 17

  private func summarise(into header: inout BlockHeader) {
    for number in 0..<count {
      let record = (records.base + number * PackedRecord.size).load(as: PackedRecord.self)
      if record.time < header.earliest { header.earliest = record.time }
      header.latest = max(header.latest, record.time, record.end)
      let isError =
        switch signal {
        case .traces: record.status == 2
        case .metrics: false
        case .logs: record.kind >= Self.leastError
        }
      if isError { header.errors += 1 }
    }
  }
}

extension OTLPSignal {
  /// The number by which stores know it.
  package var number: UInt32 {
    switch self {
    case .traces: 0
    case .metrics: 1
    case .logs: 2
    }
  }

  package init?(number: UInt32) {
    switch number {
    case 0: self = .traces
    case 1: self = .metrics
    case 2: self = .logs
    default: return nil
    }
  }
}

/// The records of a request, packed: a part that is scanned and a part that only matching records are looked up in.
///
/// Blocks can be put one behind the other, index to index and details to details: each says how long it is.
package struct SignalBlock: Sendable {
  package var signal: OTLPSignal
  package var records: Int
  /// Spans whose status is error; log records from severity 17 on.
  package var errors: Int
  /// The earliest time and the latest time or end of a record, nanoseconds since the epoch.
  package var earliest: Int64
  package var latest: Int64
  package var index: [UInt8]
  package var details: [UInt8]

  /// Its records, for reading.
  package func withView<Result>(_ body: (BlockView) throws -> Result) rethrows -> Result? {
    try index.withUnsafeBytes { index in
      try details.withUnsafeBytes { details in
        guard let view = BlockView(index: index, details: details) else { return nil }
        return try body(view)
      }
    }
  }
}
