import DSLBase

extension BlockView {
  /// A record, whole.
  ///
  /// - Precondition: `number` is below `count`.
  /// - Returns: `nil` for one without the ids that it needs, as only a damaged block has.
  package func signal(_ number: Int) -> SignalRecord? {
    let record = record(number)
    switch signal {
    case .traces: return span(record).map(SignalRecord.span)
    case .metrics: return .point(point(record))
    case .logs: return .log(log(record))
    }
  }

  private func origin(_ record: PackedRecord) -> SignalOrigin {
    var attributes = resource(record.resource)
    let scope = scope(record.scope)
    return SignalOrigin(
      service: text(record.service), resource: attributes?.attributes() ?? [:], scope: scope?.name ?? "",
      scopeVersion: scope?.version ?? "")
  }

  private func span(_ record: PackedRecord) -> SpanRecord? {
    guard let trace = TraceID(high: record.traceHigh, low: record.traceLow),
      let id = SpanID(value: record.spanID)
    else { return nil }
    var span = SpanRecord(
      origin: origin(record), name: text(record.name), traceID: trace, spanID: id,
      parentSpanID: SpanID(value: record.parent), kind: Int(record.kind),
      start: Timestamp(nanoseconds: record.time), end: Timestamp(nanoseconds: record.end),
      status: Int(record.status))
    var fields = fields(record)
    while true {
      let tag = fields.next()
      if let pair = fields.pair(tag) {
        span.attributes[pair.key] = pair.value
        continue
      }
      switch tag {
      case .event: span.events.append(Self.event(&fields))
      case .link: if let link = Self.link(&fields) { span.links.append(link) }
      case .statusMessage: span.statusMessage = fields.text()
      case .traceState: span.traceState = fields.text()
      case .droppedAttributes: span.dropped.attributes = Int(clamping: fields.varint())
      case .droppedEvents: span.dropped.events = Int(clamping: fields.varint())
      case .droppedLinks: span.dropped.links = Int(clamping: fields.varint())
      default: return span
      }
    }
  }

  private static func event(_ fields: inout DetailReader) -> SpanRecord.Event {
    var event = SpanRecord.Event()
    while true {
      let tag = fields.next()
      if let pair = fields.pair(tag) {
        event.attributes[pair.key] = pair.value
        continue
      }
      switch tag {
      case .time: event.at = Timestamp(nanoseconds: Int64(bitPattern: fields.word()))
      case .name: event.name = fields.text()
      case .droppedAttributes: _ = fields.varint()
      default: return event
      }
    }
  }

  private static func link(_ fields: inout DetailReader) -> SpanRecord.Link? {
    var ids: (trace: TraceID?, span: SpanID?)
    var attributes = JSONObject()
    while true {
      let tag = fields.next()
      if let pair = fields.pair(tag) {
        attributes[pair.key] = pair.value
        continue
      }
      switch tag {
      case .traceID:
        let high = fields.word()
        ids.trace = TraceID(high: high, low: fields.word())
      case .spanID: ids.span = SpanID(value: fields.word())
      case .traceState: _ = fields.text()
      default:
        guard let trace = ids.trace, let span = ids.span else { return nil }
        return SpanRecord.Link(traceID: trace, spanID: span, attributes: attributes)
      }
    }
  }

  private func log(_ record: PackedRecord) -> LogSignal {
    var log = LogSignal(
      origin: origin(record), time: Timestamp(nanoseconds: record.time),
      observed: Timestamp(nanoseconds: record.end), severity: Int(record.kind), severityText: nil,
      eventName: text(record.name), body: .null, attributes: [:],
      traceID: TraceID(high: record.traceHigh, low: record.traceLow), spanID: SpanID(value: record.spanID))
    var fields = fields(record)
    while true {
      let tag = fields.next()
      if let pair = fields.pair(tag) {
        log.attributes[pair.key] = pair.value
        continue
      }
      switch tag {
      case .severityText: log.severityText = fields.text()
      case .body: log.body = fields.value()
      case .droppedAttributes: _ = fields.varint()
      default: return log
      }
    }
  }

  private func point(_ record: PackedRecord) -> PointSignal {
    var point = PointSignal(
      origin: origin(record), metric: text(record.name),
      unit: text(UInt32(truncatingIfNeeded: record.parent)),
      description: text(UInt32(truncatingIfNeeded: record.parent >> 32)),
      kind: OTLPMetricKind(rawValue: record.kind), temporality: Int(record.status),
      isMonotonic: record.flags & 1 == 1, time: Timestamp(nanoseconds: record.time),
      start: record.end > 0 ? Timestamp(nanoseconds: record.end) : nil, attributes: [:], distribution: [:])
    switch PointValue(rawValue: record.spanID) {
    case .double?, .sum?: point.value = Double(bitPattern: record.traceHigh)
    case .integer?:
      point.integer = Int64(bitPattern: record.traceHigh)
      point.value = point.integer.map { Double($0) }
    case PointValue.none?, nil: break
    }
    var fields = fields(record)
    var lists = DistributionLists()
    while true {
      let tag = fields.next()
      if let pair = fields.pair(tag) {
        point.attributes[pair.key] = pair.value
      } else if !Self.distribution(tag, &fields, &point.distribution, &lists) {
        lists.add(to: &point.distribution)
        return point
      }
    }
  }

  /// - Returns: whether the tag was one of a distribution.
  private static func distribution(
    _ tag: DetailTag, _ fields: inout DetailReader, _ object: inout JSONObject,
    _ lists: inout DistributionLists
  ) -> Bool {
    switch tag {
    case .count: object["count"] = .int(fields.varint())
    case .minimum: object["min"] = DetailReader.json(fields.double())
    case .maximum: object["max"] = DetailReader.json(fields.double())
    case .bucketCount: lists.bucketCounts.append(.int(fields.varint()))
    case .bound: lists.bounds.append(DetailReader.json(fields.double()))
    case .scale: object["scale"] = .int(fields.zigzag())
    case .zeroCount: object["zero_count"] = .int(fields.varint())
    case .zeroThreshold: object["zero_threshold"] = DetailReader.json(fields.double())
    case .positiveOffset: object["positive_offset"] = .int(fields.zigzag())
    case .negativeOffset: object["negative_offset"] = .int(fields.zigzag())
    case .positiveCount: lists.positiveCounts.append(.int(fields.varint()))
    case .negativeCount: lists.negativeCounts.append(.int(fields.varint()))
    case .quantile:
      let quantile = DetailReader.json(fields.double())
      lists.quantiles.append(["quantile": quantile, "value": DetailReader.json(fields.double())])
    default: return false
    }
    return true
  }
}

/// The parts of a distribution that are lists.
private struct DistributionLists {
  var bucketCounts: [JSONValue] = []
  var bounds: [JSONValue] = []
  var positiveCounts: [JSONValue] = []
  var negativeCounts: [JSONValue] = []
  var quantiles: [JSONValue] = []

  func add(to object: inout JSONObject) {
    let lists = [
      ("bucket_counts", bucketCounts), ("bounds", bounds), ("positive_counts", positiveCounts),
      ("negative_counts", negativeCounts), ("quantiles", quantiles),
    ]
    for (key, list) in lists where !list.isEmpty { object[key] = .array(list) }
  }
}
