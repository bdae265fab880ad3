/// A seeded generator whose output is the same on every machine: SplitMix64 (Steele, Lea, Flood 2014).
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator that starts from `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension RandomNumberGenerator {
  /// `count` random bytes as lower-case hex, never all zero (W3C Trace Context forbids such ids).
  public mutating func hex(bytes count: Int) -> String {
    while true {
      var text = ""
      while text.count < 2 * count {
        let word = String(next(), radix: 16)
        text += String(repeating: "0", count: 16 - word.count) + word
      }
      let id = text.prefix(2 * count)
      if id.contains(where: { $0 != "0" }) { return String(id) }
    }
  }
}
