/// The counter-based generator Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011): 128 random bits as a pure function of a 128-bit counter and a 64-bit key.
///
/// There is no state to save, and nothing depends on the order of calls: what a cell draws in a step is the same whatever
/// else is simulated beside it.
package enum Philox {
  /// What a block of bits is drawn for; the third word of the counter.
  package enum Stream: UInt32, Sendable {
    /// Noise of the cells in a step.
    case physics = 0
    /// Values of the cells at the start of an episode.
    case start = 1
    /// Which cells are critical, hot and leaking.
    case places = 2
    /// The key of the episode after this one.
    case succession = 3
    /// What policies and learners draw.
    case policy = 4
  }

  private static var multipliers: (UInt64, UInt64) { (0xD251_1F53, 0xCD9E_8D57) }
  private static var increments: (UInt32, UInt32) { (0x9E37_79B9, 0xBB67_AE85) }
  private static let rounds = 10

  /// The block of one counter and key.
  package static func block(_ counter: SIMD4<UInt32>, key: (UInt32, UInt32)) -> SIMD4<UInt32> {
    var (c0, c1, c2, c3) = (counter[0], counter[1], counter[2], counter[3])
    var k = key
    for _ in 0..<rounds {
      let p0 = multipliers.0 &* UInt64(c0)
      let p1 = multipliers.1 &* UInt64(c2)
      c0 = UInt32(truncatingIfNeeded: p1 &>> 32) ^ c1 ^ k.0
      c1 = UInt32(truncatingIfNeeded: p1)
      c2 = UInt32(truncatingIfNeeded: p0 &>> 32) ^ c3 ^ k.1
      c3 = UInt32(truncatingIfNeeded: p0)
      k = (k.0 &+ increments.0, k.1 &+ increments.1)
    }
    return SIMD4(c0, c1, c2, c3)
  }

  /// The block of an episode's key for a step, a stream and an index within it.
  package static func block(key: UInt64, step: UInt32, index: UInt32, stream: Stream) -> SIMD4<UInt32> {
    block(
      SIMD4(index, step, stream.rawValue, 0),
      key: (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key &>> 32)))
  }

  /// The key of the episode that follows the one with `key` where environments start again by themselves.
  package static func successor(of key: UInt64) -> UInt64 {
    let words = block(key: key, step: 0, index: 0, stream: .succession)
    return UInt64(words[0]) | UInt64(words[1]) &<< 32
  }
}
