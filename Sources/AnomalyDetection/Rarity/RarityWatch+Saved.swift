package import DSLBase

/// The state as bytes, so that what was learned outlives the process: a line of JSON, then numbers of 32 bits, the lowest
/// byte first, signal by signal: values, their distances, the distances of windows.
extension RarityWatch {
  /// Told apart from states of programs that learn otherwise.
  private static let format = 1

  /// All that was learned. Reading it back gives the same answers, bit for bit.
  package var bytes: [UInt8] {
    let signals = series.sorted { $0.key < $1.key }.map {
      (key: $0.key, series: $0.value, saved: $0.value.detector.saved)
    }
    let header: JSONValue = [
      "format": .int(Self.format), "memory": .int(RarityDetector.usualMemory),
      "signals": .array(
        signals.map { signal in
          [
            "service": .string(signal.key.service), "measure": .string(signal.key.measure),
            "start": .int(signal.series.start.nanoseconds), "length": .double(signal.series.length),
            "seen": .int(signal.saved.seen), "counts": .array(signal.saved.series.map { .int($0.count) }),
            "peaks": .array(signal.saved.peaks.map { [.int($0.index), .double($0.score)] }),
          ]
        }),
    ]
    var bytes = Array((header.text() + "\n").utf8)
    bytes.reserveCapacity(bytes.count + signals.reduce(0) { $0 + 12 * $1.saved.series[0].count })
    for number in signals.lazy.flatMap(\.saved.series).joined() {
      withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes += $0 }
    }
    return bytes
  }

  /// A watch that goes on from a saved state.
  ///
  /// - Throws: `DSLError` `.corrupt` for what is no such state, `.unsupported` for one of another format: begin anew then.
  package init(bytes: [UInt8], maximumSignals: Int = usualSignals) throws(DSLError) {
    self.init(maximumSignals: maximumSignals)
    let line = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
    guard let json = try? JSONParser.parse(Array(bytes[..<line])) else {
      throw Self.corrupt("no line of JSON")
    }
    let header = try JSONFields(json, "state of the rarity of signals")
    guard try header.int("format") == Self.format, try header.int("memory") == RarityDetector.usualMemory
    else {
      throw DSLError(
        .unsupported, "state of the rarity of signals: of another version",
        fix: "remove it; it is learned anew")
    }
    var numbers = Numbers(bytes: bytes, place: min(line + 1, bytes.endIndex))
    for entry in try header.array("signals") {
      let fields = try JSONFields(entry, "signal in the state of the rarity of signals")
      let key = Key(service: try fields.string("service"), measure: try fields.string("measure"))
      var saved = RarityDetector.Saved(seen: try fields.int("seen"), series: [], peaks: [])
      for count in try fields.array("counts") {
        guard let read = numbers.next(count.int ?? -1) else { throw Self.corrupt("it ends early") }
        saved.series.append(read)
      }
      for peak in try fields.array("peaks") {
        guard let index = peak.array?.first?.int, let score = peak.array?.last?.double else {
          throw Self.corrupt("a peak of \(key.service) is none")
        }
        saved.peaks.append(.init(index: index, score: score))
      }
      guard let detector = RarityDetector(memory: RarityDetector.usualMemory, saved) else {
        throw Self.corrupt("the numbers of \(key.service) do not fit together")
      }
      series[key] = Series(
        start: Timestamp(nanoseconds: Int64(try fields.int("start"))), length: try fields.double("length"),
        detector: detector)
    }
    guard numbers.isAtEnd else { throw Self.corrupt("it goes on after its end") }
  }

  private static func corrupt(_ what: String) -> DSLError {
    DSLError(.corrupt, "state of the rarity of signals: \(what)", fix: "remove it; it is learned anew")
  }
}

/// Numbers of 32 bits, one after the other.
private struct Numbers {
  let bytes: [UInt8]
  var place: Int

  var isAtEnd: Bool { place == bytes.endIndex }

  /// The next ones; `nil` when there are fewer.
  mutating func next(_ count: Int) -> [Float]? {
    guard count >= 0, count <= (bytes.endIndex - place) / 4 else { return nil }
    defer { place += 4 * count }
    return (0..<count).map { index in
      let at = place + 4 * index
      return Float(
        bitPattern: UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
          | UInt32(bytes[at + 3]) << 24)
    }
  }
}
