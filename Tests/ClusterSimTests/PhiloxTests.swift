import Testing

@testable import ClusterSim

@Suite struct PhiloxTests {
  /// The known answers of philox4x32-10 in Random123's `kat_vectors`.
  @Test func givesTheKnownAnswers() {
    let ones = UInt32.max
    #expect(
      Philox.block(SIMD4(), key: (0, 0)) == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
    #expect(
      Philox.block(SIMD4(repeating: ones), key: (ones, ones))
        == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
    #expect(
      Philox.block(
        SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), key: (0xA409_3822, 0x299F_31D0))
        == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
  }

  /// Over all 65536 draws, the three uniforms of a cell are exactly uniform and do not go along with each other.
  @Test func theLatticeIsEvenlyFilled() {
    var (seen, noiseAndMemory, burstAndNoise) = (Set<UInt16>(), 0.0, 0.0)
    var bursts = 0
    for draw in 0...UInt16.max {
      let noise = Double(Int16(bitPattern: draw)) / 32768
      let memory = Double((draw &* 0x9E37) >> 1) / 32768 - 0.5
      let isBurst = Int16(bitPattern: draw &* 0x6C8F) < -32113
      seen.insert(draw &* 0x9E37)
      noiseAndMemory += noise * memory / 65536
      if isBurst {
        bursts += 1
        burstAndNoise += noise
      }
    }
    #expect(seen.count == 65536)
    #expect(bursts == 655)
    #expect(abs(noiseAndMemory) < 0.001)
    #expect(abs(burstAndNoise / 655) < 0.01)
  }

  @Test func successorsDiffer() {
    var (key, seen) = (UInt64(1), Set<UInt64>())
    for _ in 0..<1000 {
      #expect(seen.insert(key).inserted)
      key = Philox.successor(of: key)
    }
  }
}
