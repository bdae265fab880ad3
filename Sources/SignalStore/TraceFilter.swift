import Telemetry

/// Which traces a segment may have parts of: a Bloom filter over trace ids (Bloom 1970), about one in 400 wrong.
struct TraceFilter {
  /// Bits a trace.
  private static let bitsEach = 16
  private static let probes = 4

  private(set) var words: [UInt64]
  private var last: (UInt64, UInt64) = (0, 0)

  /// A filter with room for that many traces.
  init(traces: Int) {
    var bits = 64
    while bits < traces * Self.bitsEach, bits < 1 << 26 { bits *= 2 }
    words = [UInt64](repeating: 0, count: bits / 64)
  }

  /// Reads one back; `nil` for a length that none has.
  init?(bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 8, bytes.count.nonzeroBitCount == 1 else { return nil }
    words = (0..<bytes.count / 8).map {
      UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
    }
  }

  var bytes: [UInt8] { words.withUnsafeBytes { Array($0) } }

  @inline(__always)
  mutating func insert(_ high: UInt64, _ low: UInt64) {
    if last == (high, low) { return }
    last = (high, low)
    var hash = Self.hash(high, low)
    let mask = UInt64(words.count * 64 - 1)
    for _ in 0..<Self.probes {
      words[Int(truncatingIfNeeded: (hash & mask) >> 6)] |= 1 << (hash & 63)
      hash = hash >> 16 | hash << 48
      hash = hash &* 0x9E37_79B9_7F4A_7C15
    }
  }

  func contains(_ id: TraceID) -> Bool {
    var hash = Self.hash(id.high, id.low)
    let mask = UInt64(words.count * 64 - 1)
    for _ in 0..<Self.probes {
      if words[Int(truncatingIfNeeded: (hash & mask) >> 6)] & (1 << (hash & 63)) == 0 { return false }
      hash = hash >> 16 | hash << 48
      hash = hash &* 0x9E37_79B9_7F4A_7C15
    }
    return true
  }

  /// SplitMix64's finisher: ids need not be random.
  @inline(__always)
  private static func hash(_ high: UInt64, _ low: UInt64) -> UInt64 {
    var z = high ^ (low &* 0x9E37_79B9_7F4A_7C15)
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
