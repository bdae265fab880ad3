extension OTLPProtobufDecoder {
  /// `Metric`: one record a data point.
  mutating func metric() throws(DecodingFault) {
    let outer = try cursor.enter()
    let first = builder.count
    var frame = MetricFrame()
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 2): frame.name = builder.name(try cursor.text())
      case ProtobufField.key(2, 2): frame.description = builder.name(try cursor.text())
      case ProtobufField.key(3, 2): frame.unit = builder.name(try cursor.text())
      default:
        guard field.wireType == 2, let kind = UInt8(exactly: field.number).flatMap(OTLPMetricKind.init) else {
          try cursor.skip(field)
          continue
        }
        // Of several kinds the last one counts (the encoding's rule for `oneof`).
        if let earlier = frame.kind, earlier != kind {
          builder.refuseAll(from: first, "a metric of two kinds")
        }
        frame.kind = kind
        try points(kind, &frame)
      }
    }
    cursor.leave(outer)
    builder.finishMetric(frame, from: first)
  }

  /// `Gauge`, `Sum`, `Histogram`, …: points 1, temporality 2, monotonic 3.
  private mutating func points(_ kind: OTLPMetricKind, _ frame: inout MetricFrame) throws(DecodingFault) {
    let outer = try cursor.enter()
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 2):
        if kind == .gauge || kind == .sum { try numberPoint(kind) } else { try distributionPoint(kind) }
        guard builder.count <= recordLimit else { throw cursor.fault(OTLPJSONDecoder.tooMany) }
      case ProtobufField.key(2, 0):
        let temporality = try cursor.varint()
        frame.temporality = temporality <= 2 ? UInt8(temporality) : 0
      case ProtobufField.key(3, 0): frame.isMonotonic = try cursor.varint() != 0
      default: try cursor.skip(field)
      }
    }
    cursor.leave(outer)
  }

  /// `NumberDataPoint`.
  private mutating func numberPoint(_ kind: OTLPMetricKind) throws(DecodingFault) {
    let outer = try cursor.enter()
    builder.begin()
    builder.record.kind = kind.rawValue
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(2, 1): builder.record.end = try time()
      case ProtobufField.key(3, 1): builder.record.time = try time()
      case ProtobufField.key(4, 1): builder.set(.double, try cursor.fixed64())
      case ProtobufField.key(6, 1): builder.set(.integer, try cursor.fixed64())
      case ProtobufField.key(7, 2): try attribute()
      case ProtobufField.key(8, 0):
        builder.record.flags = UInt16(truncatingIfNeeded: try cursor.varint() << 1)
      default: try cursor.skip(field)
      }
    }
    cursor.leave(outer)
    builder.finishPoint()
  }

  /// `HistogramDataPoint`, `ExponentialHistogramDataPoint` and `SummaryDataPoint`: start 2, time 3, count 4 and sum 5 are
  /// the same in all.
  private mutating func distributionPoint(_ kind: OTLPMetricKind) throws(DecodingFault) {
    let outer = try cursor.enter()
    builder.begin()
    builder.record.kind = kind.rawValue
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(2, 1): builder.record.end = try time()
      case ProtobufField.key(3, 1): builder.record.time = try time()
      case ProtobufField.key(4, 1): builder.write(.count, count: try cursor.fixed64())
      case ProtobufField.key(5, 1): builder.set(.sum, try cursor.fixed64())
      default:
        switch kind {
        case .histogram: try histogramField(field)
        case .exponentialHistogram: try exponentialField(field)
        default: try summaryField(field)
        }
      }
    }
    cursor.leave(outer)
    builder.finishPoint()
  }

  private mutating func histogramField(_ field: ProtobufField) throws(DecodingFault) {
    switch field.key {
    case ProtobufField.key(6, 2): try packed { builder, bits in builder.write(.bucketCount, count: bits) }
    case ProtobufField.key(6, 1): builder.write(.bucketCount, count: try cursor.fixed64())
    case ProtobufField.key(7, 2):
      try packed { builder, bits in builder.write(.bound, double: Double(bitPattern: bits)) }
    case ProtobufField.key(7, 1):
      builder.write(.bound, double: Double(bitPattern: try cursor.fixed64()))
    case ProtobufField.key(9, 2): try attribute()
    case ProtobufField.key(10, 0):
      builder.record.flags = UInt16(truncatingIfNeeded: try cursor.varint() << 1)
    case ProtobufField.key(11, 1): try double(.minimum)
    case ProtobufField.key(12, 1): try double(.maximum)
    default: try cursor.skip(field)
    }
  }

  private mutating func exponentialField(_ field: ProtobufField) throws(DecodingFault) {
    switch field.key {
    case ProtobufField.key(1, 2): try attribute()
    case ProtobufField.key(6, 0): try signed(.scale)
    case ProtobufField.key(7, 1): builder.write(.zeroCount, count: try cursor.fixed64())
    case ProtobufField.key(8, 2): try buckets(offset: .positiveOffset, count: .positiveCount)
    case ProtobufField.key(9, 2): try buckets(offset: .negativeOffset, count: .negativeCount)
    case ProtobufField.key(10, 0):
      builder.record.flags = UInt16(truncatingIfNeeded: try cursor.varint() << 1)
    case ProtobufField.key(12, 1): try double(.minimum)
    case ProtobufField.key(13, 1): try double(.maximum)
    case ProtobufField.key(14, 1): try double(.zeroThreshold)
    default: try cursor.skip(field)
    }
  }

  private mutating func summaryField(_ field: ProtobufField) throws(DecodingFault) {
    switch field.key {
    case ProtobufField.key(6, 2): try quantile()
    case ProtobufField.key(7, 2): try attribute()
    case ProtobufField.key(8, 0):
      builder.record.flags = UInt16(truncatingIfNeeded: try cursor.varint() << 1)
    default: try cursor.skip(field)
    }
  }

  private mutating func buckets(offset: DetailTag, count: DetailTag) throws(DecodingFault) {
    let outer = try cursor.enter()
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 0): try signed(offset)
      case ProtobufField.key(2, 2):
        let inner = try cursor.enter()
        while cursor.at < cursor.end { builder.write(count, count: try cursor.varint()) }
        cursor.leave(inner)
      case ProtobufField.key(2, 0): builder.write(count, count: try cursor.varint())
      default: try cursor.skip(field)
      }
    }
    cursor.leave(outer)
  }

  private mutating func quantile() throws(DecodingFault) {
    let outer = try cursor.enter()
    var pair = (quantile: 0.0, value: 0.0)
    while let field = try cursor.next() {
      switch field.key {
      case ProtobufField.key(1, 1): pair.quantile = Double(bitPattern: try cursor.fixed64())
      case ProtobufField.key(2, 1): pair.value = Double(bitPattern: try cursor.fixed64())
      default: try cursor.skip(field)
      }
    }
    cursor.leave(outer)
    builder.write(.quantile, double: pair.quantile)
    builder.details.append(word: pair.value.bitPattern)
  }

  /// Numbers of eight bytes, one behind the other.
  private mutating func packed(_ take: (inout BlockBuilder, UInt64) -> Void) throws(DecodingFault) {
    let outer = try cursor.enter()
    while cursor.at < cursor.end { take(&builder, try cursor.fixed64()) }
    cursor.leave(outer)
  }

  private mutating func double(_ tag: DetailTag) throws(DecodingFault) {
    builder.write(tag, double: Double(bitPattern: try cursor.fixed64()))
  }

  /// `sint32`: zigzag already.
  private mutating func signed(_ tag: DetailTag) throws(DecodingFault) {
    builder.write(tag, count: try cursor.varint() & UInt64(UInt32.max))
  }
}
