import AnomalyDetection
import DSLBase
import Testing

@Suite struct RarityWatchTests {
  private let start = Timestamp(seconds: 1.7e9)

  private func window(
    _ index: Int, service: String = "shop", spans: Int = 500, errors: Int = 0, p95: Double = 0.2,
    length: Double = 60
  ) throws -> ServiceWindow {
    try ServiceWindow(
      service: service, start: start.adding(seconds: length * Double(index)), length: length,
      traffic: .init(spans: spans, errors: errors), latency: .init(p50: p95 / 2, p95: p95, p99: p95 * 2))
  }

  /// Windows of a service that wavers, as many as asked for.
  private func usual(_ count: Int, seed: UInt64, from first: Int = 0) throws -> [ServiceWindow] {
    var random = SplitMix64(seed: seed)
    return try (first..<first + count).map { index in
      try window(
        index, spans: 480 + Int(random.next() % 40), errors: Int(random.next() % 6),
        p95: 0.2 + Double(random.next() % 1_000) / 10_000)
    }
  }

  @Test func whatIsLikeNothingBeforeIsToldOnceByServiceAndMeasure() throws {
    var watch = RarityWatch()
    for window in try usual(600, seed: 1) { _ = watch.observe(window) }
    let told = watch.observe(try window(600, errors: 2, p95: 9))
    #expect(told.map(\.measure) == ["latency_p95_seconds"])
    #expect(told.first?.service == "shop" && told.first?.value == 9)
    #expect(told.first?.at == start.adding(seconds: 36_000))
    #expect((told.first?.rarity ?? 0) >= RarityWatch.threshold)
    // It stays so: that is no longer new.
    let later = try (601..<700).flatMap { watch.observe(try window($0, errors: 2, p95: 9)) }
    #expect(!later.contains { $0.measure == "latency_p95_seconds" }, "\(later)")
  }

  @Test func silenceIsNoNumber() throws {
    var watch = RarityWatch()
    for window in try usual(400, seed: 2) { _ = watch.observe(window) }
    let signals = watch.signalCount
    let silent = try ServiceWindow(service: "shop", start: start.adding(seconds: 60 * 500), length: 60)
    #expect(watch.observe(silent).isEmpty && watch.signalCount == signals)
  }

  @Test func aWindowIsLookedAtOnce() throws {
    var (once, twice) = (RarityWatch(), RarityWatch())
    for window in try usual(300, seed: 3) {
      let told = once.observe(window)
      #expect(twice.observe(window) == told)
      #expect(twice.observe(window).isEmpty)
    }
    #expect(once.bytes == twice.bytes)
  }

  /// Stopping anywhere changes nothing, also where memory is full and the oldest is forgotten.
  @Test(arguments: [0, 48, 152, 700, 4_100]) func savedAndReadItGoesOnAsBefore(
    _ stop: Int
  ) throws {
    let windows = try usual(stop + 250, seed: UInt64(stop) + 10)
    var whole = RarityWatch()
    for window in windows.prefix(stop) { _ = whole.observe(window) }
    var resumed = try RarityWatch(bytes: whole.bytes)
    #expect(resumed.bytes == whole.bytes)
    for window in windows.dropFirst(stop) { #expect(resumed.observe(window) == whole.observe(window)) }
    let last = try window(stop + 250, errors: 400, p95: 30)
    #expect(resumed.observe(last) == whole.observe(last))
    #expect(resumed.bytes == whole.bytes)
  }

  @Test func damagedStatesAreRefusedWhole() throws {
    var watch = RarityWatch()
    for window in try usual(200, seed: 4) { _ = watch.observe(window) }
    let bytes = watch.bytes
    let line = try #require(bytes.firstIndex(of: UInt8(ascii: "\n")))
    for length in [0, 1, line, line + 1, line + 5, bytes.count - 1] {
      #expect { try RarityWatch(bytes: Array(bytes.prefix(length))) } throws: {
        ($0 as? DSLError)?.code == .corrupt
      }
    }
    #expect(throws: DSLError.self) { try RarityWatch(bytes: bytes + [0]) }
    var infinite = bytes
    infinite.replaceSubrange(line + 1..<line + 5, with: [0, 0, 0x80, 0x7f])
    #expect(throws: DSLError.self) { try RarityWatch(bytes: infinite) }
    let other = Array(
      String(decoding: bytes[..<line], as: UTF8.self).replacing("\"format\":1", with: "\"format\":2").utf8)
    #expect { try RarityWatch(bytes: other + bytes[line...]) } throws: {
      ($0 as? DSLError)?.code == .unsupported
    }
  }

  @Test func theLongestSilentSignalIsForgottenAndOtherLengthsAreLearnedAnew() throws {
    var watch = RarityWatch(maximumSignals: 3)
    _ = watch.observe(try window(1, service: "a"))
    _ = watch.observe(try window(2, service: "b"))
    #expect(watch.signalCount == 3)
    for index in 3..<9 { _ = watch.observe(try window(index, service: "b")) }
    let learned = watch.bytes.count
    _ = watch.observe(try window(8, service: "b", length: 120))
    #expect(watch.signalCount == 3 && watch.bytes.count < learned)
  }
}
