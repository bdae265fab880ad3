/// The kinds of metrics, numbered as the fields of OTLP's `Metric.data`.
package enum OTLPMetricKind: UInt8, Sendable {
  case gauge = 5, sum = 7, histogram = 9, exponentialHistogram = 10, summary = 11

  /// The word for it.
  package var word: String {
    switch self {
    case .gauge: "gauge"
    case .sum: "sum"
    case .histogram: "histogram"
    case .exponentialHistogram: "exponential_histogram"
    case .summary: "summary"
    }
  }
}

/// What a metric says of all its points.
struct MetricFrame {
  var name: UInt32?
  var unit: UInt32?
  var description: UInt32?
  var kind: OTLPMetricKind?
  var temporality: UInt8 = 0
  var isMonotonic = false
}

extension OTLPJSONDecoder {
  /// A metric: one record a data point.
  mutating func metric() throws(DecodingFault) {
    let first = builder.count
    var frame = MetricFrame()
    var seen = SeenMembers()
    if try cursor.enterObject() {
      repeat {
        let name = try cursor.name()
        if name.spells("name") {
          try once(&seen, 0)
          frame.name = try pooledText()
        } else if name.spells("unit") {
          try once(&seen, 1)
          frame.unit = try pooledText()
        } else if name.spells("description") {
          try once(&seen, 2)
          frame.description = try pooledText()
        } else if let kind = Self.kind(name) {
          if try cursor.takeNull() { continue }
          guard frame.kind == nil else { throw cursor.fault("a metric of two kinds") }
          frame.kind = kind
          try points(kind, &frame)
        } else {
          try cursor.skipValue()
        }
      } while try cursor.another(UInt8(ascii: "}"))
    }
    builder.finishMetric(frame, from: first)
  }

  private static func kind(_ name: TextSlice) -> OTLPMetricKind? {
    if name.spells("gauge") { return .gauge }
    if name.spells("sum") { return .sum }
    if name.spells("histogram") { return .histogram }
    if name.spells("exponentialHistogram") { return .exponentialHistogram }
    return name.spells("summary") ? .summary : nil
  }

  private mutating func points(_ kind: OTLPMetricKind, _ frame: inout MetricFrame) throws(DecodingFault) {
    guard try cursor.enterObject() else { return }
    var seen = SeenMembers()
    repeat {
      let name = try cursor.name()
      if name.spells("dataPoints") {
        try once(&seen, 0)
        guard try cursor.enterArray() else { continue }
        repeat {
          try point(kind)
          guard builder.count <= recordLimit else { throw cursor.fault(Self.tooMany) }
        } while try cursor.another(UInt8(ascii: "]"))
      } else if name.spells("aggregationTemporality") {
        try once(&seen, 1)
        builder.begin()
        let number = try plainInteger(
          0...Int64(Int32.max), "aggregationTemporality is not one of the numbers 0 to 2")
        guard builder.refusal == nil else { throw cursor.fault("aggregationTemporality is no number") }
        frame.temporality = number.map { $0 <= 2 ? UInt8($0) : 0 } ?? 0
      } else if name.spells("isMonotonic") {
        try once(&seen, 2)
        builder.begin()
        frame.isMonotonic = try bool("isMonotonic is neither true nor false") ?? false
        guard builder.refusal == nil else { throw cursor.fault("isMonotonic is neither true nor false") }
      } else {
        try cursor.skipValue()
      }
    } while try cursor.another(UInt8(ascii: "}"))
  }

  private mutating func point(_ kind: OTLPMetricKind) throws(DecodingFault) {
    builder.begin()
    builder.record.kind = kind.rawValue
    var seen = SeenMembers()
    if try cursor.enterObject() {
      repeat {
        let name = try cursor.name()
        if name.spells("attributes") {
          try once(&seen, 0)
          try attributes()
        } else if name.spells("timeUnixNano") {
          try once(&seen, 1)
          builder.record.time = try time("timeUnixNano is no number of nanoseconds")
        } else if name.spells("startTimeUnixNano") {
          try once(&seen, 2)
          builder.record.end = try time("startTimeUnixNano is no number of nanoseconds")
        } else if name.spells("flags") {
          try once(&seen, 3)
          let flags = try plainInteger(0...Int64(UInt32.max), "flags is no 32-bit number")
          builder.record.flags = UInt16(truncatingIfNeeded: (flags ?? 0) << 1)
        } else if kind == .gauge || kind == .sum {
          try numberMember(name, &seen)
        } else {
          try distributionMember(name, kind, &seen)
        }
      } while try cursor.another(UInt8(ascii: "}"))
    }
    builder.finishPoint()
  }

  private mutating func numberMember(_ name: TextSlice, _ seen: inout SeenMembers) throws(DecodingFault) {
    if name.spells("asDouble") {
      try once(&seen, 4)
      guard let number = try double("asDouble is no number") else { return }
      builder.set(.double, number.bitPattern)
    } else if name.spells("asInt") {
      try once(&seen, 4)
      guard let number = try integer("asInt is no 64-bit integer") else { return }
      builder.set(.integer, UInt64(bitPattern: number))
    } else {
      try cursor.skipValue()
    }
  }

  private mutating func distributionMember(
    _ name: TextSlice, _ kind: OTLPMetricKind, _ seen: inout SeenMembers
  ) throws(DecodingFault) {
    if name.spells("count") {
      try once(&seen, 4)
      try unsigned(.count)
    } else if name.spells("sum") {
      try once(&seen, 5)
      guard let number = try double("sum is no number") else { return }
      builder.set(.sum, number.bitPattern)
    } else if name.spells("min") && kind != .summary {
      try once(&seen, 6)
      if let number = try double("min is no number") { builder.write(.minimum, double: number) }
    } else if name.spells("max") && kind != .summary {
      try once(&seen, 7)
      if let number = try double("max is no number") { builder.write(.maximum, double: number) }
    } else if name.spells("bucketCounts") && kind == .histogram {
      try once(&seen, 8)
      guard try cursor.enterArray() else { return }
      repeat { try unsigned(.bucketCount) } while try cursor.another(UInt8(ascii: "]"))
    } else if name.spells("explicitBounds") && kind == .histogram {
      try once(&seen, 9)
      guard try cursor.enterArray() else { return }
      repeat {
        if let bound = try double("a bound is no number") { builder.write(.bound, double: bound) }
      } while try cursor.another(UInt8(ascii: "]"))
    } else if name.spells("quantileValues") && kind == .summary {
      try once(&seen, 10)
      guard try cursor.enterArray() else { return }
      repeat { try quantile() } while try cursor.another(UInt8(ascii: "]"))
    } else if kind == .exponentialHistogram {
      try exponentialMember(name, &seen)
    } else {
      try cursor.skipValue()
    }
  }

  private mutating func exponentialMember(_ name: TextSlice, _ seen: inout SeenMembers) throws(DecodingFault)
  {
    if name.spells("scale") {
      try once(&seen, 11)
      try signed(.scale)
    } else if name.spells("zeroCount") {
      try once(&seen, 12)
      try unsigned(.zeroCount)
    } else if name.spells("zeroThreshold") {
      try once(&seen, 13)
      if let number = try double("zeroThreshold is no number") {
        builder.write(.zeroThreshold, double: number)
      }
    } else if name.spells("positive") {
      try once(&seen, 14)
      try buckets(offset: .positiveOffset, count: .positiveCount)
    } else if name.spells("negative") {
      try once(&seen, 15)
      try buckets(offset: .negativeOffset, count: .negativeCount)
    } else {
      try cursor.skipValue()
    }
  }

  private mutating func buckets(offset: DetailTag, count: DetailTag) throws(DecodingFault) {
    if try cursor.takeNull() { return }
    guard try cursor.enterObject() else { return }
    var seen = SeenMembers()
    repeat {
      let name = try cursor.name()
      if name.spells("offset") {
        try once(&seen, 0)
        try signed(offset)
      } else if name.spells("bucketCounts") {
        try once(&seen, 1)
        guard try cursor.enterArray() else { continue }
        repeat { try unsigned(count) } while try cursor.another(UInt8(ascii: "]"))
      } else {
        try cursor.skipValue()
      }
    } while try cursor.another(UInt8(ascii: "}"))
  }

  private mutating func quantile() throws(DecodingFault) {
    var pair = (quantile: 0.0, value: 0.0)
    var seen = SeenMembers()
    if try cursor.enterObject() {
      repeat {
        let name = try cursor.name()
        if name.spells("quantile") {
          try once(&seen, 0)
          pair.quantile = try double("a quantile is no number") ?? 0
        } else if name.spells("value") {
          try once(&seen, 1)
          pair.value = try double("the value of a quantile is no number") ?? 0
        } else {
          try cursor.skipValue()
        }
      } while try cursor.another(UInt8(ascii: "}"))
    }
    builder.write(.quantile, double: pair.quantile)
    builder.details.append(word: pair.value.bitPattern)
  }

  private mutating func unsigned(_ tag: DetailTag) throws(DecodingFault) {
    guard let number = try integer("a count is no 64-bit integer") else { return }
    if number < 0 { builder.refuse("a count is negative") }
    builder.write(tag, count: UInt64(bitPattern: number))
  }

  private mutating func signed(_ tag: DetailTag) throws(DecodingFault) {
    let range = Int64(Int32.min)...Int64(Int32.max)
    guard let number = try plainInteger(range, "a scale or offset is no 32-bit integer") else { return }
    builder.write(tag)
    builder.write(zigzag: number)
  }
}

extension BlockBuilder {
  /// The number of a data point.
  mutating func set(_ value: PointValue, _ bits: UInt64) {
    record.spanID = value.rawValue
    record.traceHigh = bits
  }

  /// Ends a data point; the metric's own part follows with `finishMetric`.
  mutating func finishPoint() {
    if record.time == 0 { refuse("a data point without timeUnixNano") }
    finish()
  }

  /// Gives the points from `first` on what their metric says of all of them.
  mutating func finishMetric(_ frame: MetricFrame, from first: Int) {
    guard count > first else { return }
    guard let name = frame.name, name != Self.noName, let kind = frame.kind else {
      return refuseAll(from: first, "a metric without a name")
    }
    let texts = UInt64(frame.unit ?? Self.noName) | UInt64(frame.description ?? Self.noName) << 32
    update(from: first) { record in
      record.name = name
      record.kind = kind.rawValue
      record.status = frame.temporality
      record.parent = texts
      if frame.isMonotonic { record.flags |= 1 }
    }
  }
}
