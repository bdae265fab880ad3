import Coordination
import DSLBase
import Telemetry
import Testing

@testable import SignalStore

/// What is kept, and that nothing else changes.
@Suite struct RetentionTests {
  private func ids(_ test: TestStore) throws -> [String] {
    try test.spans { $0.limit = 10_000 }.map(\.spanID.description).sorted()
  }

  @Test func theOldGoes() throws {
    let test = try TestStore()
    // By arrival: a span that says it is from long ago stays as long as any other.
    try test.add(OTLPText.traces([OTLPText.span(id: "0000000000000001", at: 0)]), at: 100)
    try test.add(OTLPText.traces([OTLPText.span(id: "0000000000000002", at: -9e6)]), at: 200)
    let retention = SignalRetention(ageSeconds: 60, bytes: 1 << 30)
    let upkeep = try test.store.keep(retention, now: TestStore.at(180))
    #expect(upkeep.expired == 1)
    #expect(try ids(test) == ["0000000000000002"])
    #expect(try test.store.statistics().expired == 1)
    #expect(try test.store.keep(retention, now: TestStore.at(180)).expired == 0)
  }

  @Test func theSizeIsBounded() throws {
    let test = try TestStore()
    for number in 10..<60 {
      try test.add(
        OTLPText.traces([OTLPText.span(id: "00000000000000\(number)", at: Double(number))]),
        at: Double(number))
    }
    let bytes = try test.store.statistics().kinds[0].bytes
    let upkeep = try test.store.keep(
      SignalRetention(ageSeconds: 1e9, bytes: Int64(bytes / 2)), now: TestStore.at(60))
    #expect(upkeep.expired >= 25 && upkeep.expired <= 26)
    #expect(try test.store.statistics().kinds[0].bytes <= bytes / 2 + 100)
    // The newest stay.
    #expect(try ids(test) == (10 + upkeep.expired..<60).map { "00000000000000\($0)" })
  }

  @Test func joiningLosesNothing() throws {
    let test = try TestStore()
    for number in 100..<200 {
      let trace = "5b8efff798038103d269b633813f0\(number)"
      try test.add(
        OTLPText.traces([OTLPText.span(trace: trace, id: "0000000000000\(number)", at: Double(number))]),
        at: Double(number))
    }
    let before = try test.spans { $0.limit = 1000 }
    let upkeep = try test.store.keep(SignalRetention(), now: TestStore.at(200))
    #expect(upkeep.joined == 100 && upkeep.expired == 0)
    #expect(try test.store.statistics().kinds[0].segments == 1)
    #expect(try test.spans { $0.limit = 1000 } == before)
    let trace = try #require(TraceID(hex: "5b8efff798038103d269b633813f0150"))
    #expect(try test.store.trace(trace).spans.map(\.spanID.description) == ["0000000000000150"])
    #expect(try test.store.keep(SignalRetention(), now: TestStore.at(200)).joined == 0)
  }

  @Test func theFilterHasNoFalseNegativesAndFewFalsePositives() {
    var random = SplitMix64(seed: 4)
    let traces = (0..<2000).map { _ in (random.next(), random.next()) }
    var filter = TraceFilter(traces: traces.count)
    for trace in traces { filter.insert(trace.0, trace.1) }
    let read = filter.bytes.withUnsafeBytes { TraceFilter(bytes: $0) }
    #expect(
      traces.allSatisfy { trace in
        TraceID(high: trace.0, low: trace.1).map { read?.contains($0) ?? false } ?? false
      })
    let wrong = (0..<20_000).count { _ in TraceID(using: &random).isIn(filter) }
    #expect(wrong < 200)
  }

  @Test func readersSeeWhatIsCommittedWhileOneWrites() throws {
    let test = try TestStore()
    let reader = try SignalStore(directory: test.directory, access: .readOnly)
    #expect(try reader.statistics().kinds[0].records == 0)
    for number in 1...20 {
      try test.add(OTLPText.traces([OTLPText.span(id: "00000000000000\(number + 10)")]))
      #expect(try reader.statistics().kinds[0].records == number)
    }
    #expect(throws: DSLError.self) { try reader.append([], refused: 1, at: TestStore.at(0)) }
  }
}

extension TraceID {
  fileprivate func isIn(_ filter: TraceFilter) -> Bool { filter.contains(self) }
}
