import CClusterSim
package import DSLBase

extension ClusterBatch {
  /// The first bytes of a state.
  private static let magic = Array("RNS1".utf8)

  /// Everything about an environment, as bytes that ``restore(_:from:)`` takes on any machine.
  ///
  /// - Throws: ``DSLError`` for an environment that is not there, or before the first reset.
  package func save(_ i: Int) throws(DSLError) -> [UInt8] {
    try expectStarted()
    try expect(environment: i)
    var bytes = Self.magic
    bytes += configuration.digest.utf8
    for word in words(of: states[i]) { append(word, to: &bytes) }
    let slab = slab + i * stride
    for channel in 0..<World.channels {
      for cell in 0..<world.constants.cells {
        let value = UInt16(bitPattern: slab[channel * world.constants.padded + cell])
        bytes += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
      }
    }
    append(StateDigest.of(bytes), to: &bytes)
    return bytes
  }

  /// Puts an environment into a saved state and writes what it sees there.
  ///
  /// - Parameter observation: 35 floats, or nil.
  /// - Throws: ``DSLError`` with code `invalid_input` for another configuration or version of the dynamics, `corrupt` for
  ///   bytes that are short or changed. Then nothing has changed.
  package func restore(
    _ i: Int, from bytes: [UInt8], observation: UnsafeMutableBufferPointer<Float>? = nil
  ) throws(DSLError) {
    try expectStarted()
    try expect(environment: i)
    if let observation { try expect(observation.count, ObservationLayout.count, "observation") }
    let digest = Array(configuration.digest.utf8)
    let head = Self.magic.count + digest.count
    guard bytes.count > head, bytes.starts(with: Self.magic) else {
      throw DSLError(.corrupt, "these bytes are no saved state", fix: "give what save returned, whole")
    }
    guard Array(bytes[Self.magic.count..<head]) == digest else {
      throw DSLError(
        .invalidInput, "the state is of another configuration or version of the dynamics",
        fix: "restore it with the configuration and the build that saved it")
    }
    let wordCount = words(of: EpisodeState()).count
    let cells = world.constants.cells
    let length = head + 8 * wordCount + 2 * World.channels * cells + 8
    guard bytes.count == length, word(bytes, at: length - 8) == StateDigest.of(Array(bytes.dropLast(8)))
    else {
      throw DSLError(.corrupt, "the saved state is cut or changed", fix: "give what save returned, whole")
    }
    let saved = state(from: (0..<wordCount).map { word(bytes, at: head + 8 * $0) })
    guard world.fits(saved) else {
      throw DSLError(.corrupt, "the saved state does not fit its configuration", fix: "save it again")
    }
    states[i] = saved
    let first = head + 8 * wordCount
    let slab = slab + i * stride
    for channel in 0..<World.channels {
      for cell in 0..<cells {
        let at = first + 2 * (channel * cells + cell)
        slab[channel * world.constants.padded + cell] =
          Int16(bitPattern: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8)
      }
    }
    world.resum(&states[i], self.cells(i))
    if let out = observation?.baseAddress { world.observe(&states[i], self.cells(i), out) }
  }

  /// Makes `target` continue where `source` is, with the same noise or that of another key.
  ///
  /// - Throws: ``DSLError`` for an environment that is not there, or before the first reset.
  package func fork(_ source: Int, to target: Int, noiseKey: UInt64? = nil) throws(DSLError) {
    try expectStarted()
    try expect(environment: source)
    try expect(environment: target)
    if source != target {
      states[target] = states[source]
      (slab + target * stride).update(from: slab + source * stride, count: stride)
    }
    if let noiseKey { states[target].noiseKey = noiseKey }
  }

  /// A digest of everything about an environment.
  package func digest(of i: Int) -> UInt64 {
    var digest = StateDigest()
    for word in words(of: states[i]) { digest.add(word) }
    let slab = slab + i * stride
    for channel in 0..<World.channels {
      for cell in 0..<world.constants.cells {
        digest.add(UInt64(UInt16(bitPattern: slab[channel * world.constants.padded + cell])))
      }
    }
    return digest.value
  }

  private func words(of s: EpisodeState) -> [UInt64] {
    let counts = [
      s.step, s.row, s.column, s.budget, s.reward, s.ooms, s.brokeSteps, s.wastedSteps, s.level, s.survivals,
      Int(s.cause.rawValue), Int(s.lastCause.rawValue),
    ]
    return [s.key, s.noiseKey] + counts.map { UInt64(bitPattern: Int64($0)) }
  }

  private func state(from words: [UInt64]) -> EpisodeState {
    let counts = words.dropFirst(2).map { Int(Int64(bitPattern: $0)) }
    var s = EpisodeState()
    (s.key, s.noiseKey) = (words[0], words[1])
    (s.step, s.row, s.column, s.budget) = (counts[0], counts[1], counts[2], counts[3])
    (s.reward, s.ooms, s.brokeSteps, s.wastedSteps) = (counts[4], counts[5], counts[6], counts[7])
    (s.level, s.survivals) = (counts[8], counts[9])
    (s.raw.cause, s.raw.last_cause) = (Int64(counts[10]), Int64(counts[11]))
    return s
  }

  private func append(_ word: UInt64, to bytes: inout [UInt8]) {
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * UInt64(shift)))) }
  }

  private func word(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * UInt64($1)) }
  }
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo), over bytes or over whole words: it finds accidents, not forgers.
struct StateDigest {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x0000_0100_0000_01B3 }

  static func of(_ bytes: [UInt8]) -> UInt64 {
    var digest = StateDigest()
    for byte in bytes { digest.add(UInt64(byte)) }
    return digest.value
  }
}
