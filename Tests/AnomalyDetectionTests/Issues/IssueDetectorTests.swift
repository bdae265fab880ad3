import AnomalyDetection
import DSLBase
import Glibc
import Testing

@Suite struct IssueDetectorTests {
  /// 400 ordinary windows, then others; what is found in the others.
  private func found(
    seed: UInt64 = 1, count: Int = 20, ordinary: (inout WindowFactory, Int) throws -> ServiceWindow,
    then: (inout WindowFactory, Int) throws -> ServiceWindow
  ) throws -> [DetectedIssue] {
    var factory = WindowFactory(seed: seed)
    var detector = IssueDetector()
    for index in 0..<400 {
      let issues = detector.observe(try ordinary(&factory, index))
      #expect(issues.isEmpty, "window \(index): \(issues)")
    }
    return try (400..<400 + count).flatMap { detector.observe(try then(&factory, $0)) }
  }

  @Test func errorSpikes() throws {
    let issues = try found {
      try $0.traffic(200, $0.binomial(200, 0.01), at: $1)
    } then: {
      try $0.traffic(200, $0.binomial(200, 0.3), at: $1)
    }
    let first = try #require(issues.first)
    #expect(Set(issues.map(\.kind)) == [.errorSpike] && issues.count >= 17)
    #expect(Set(issues.map(\.onset)).count == 1 && first.onset == WindowFactory(seed: 1).time(400))
    #expect((0.2...0.4).contains(first.observed) && first.expected < 0.02 && first.measure == "error_ratio")
    #expect(first.severity > 0.7 && first.confidence >= 0.5 && (issues.last?.confidence ?? 0) > 0.9)
    #expect(first.evidence.contains("of 200 spans failed"))
  }

  /// A few errors in a few spans are no spike where the share says so and the count does not.
  @Test func fewSpansProveLittle() throws {
    let issues = try found(count: 1) {
      try $0.traffic(200, $0.binomial(200, 0.01), at: $1)
    } then: {
      try $0.traffic(2, 1, at: $1)
    }
    #expect(issues.isEmpty)
  }

  @Test func throughputDropsAreOfServicesThatLive() throws {
    let issues = try found {
      try $0.traffic(300 + Int(10 * $0.normal()), 0, at: $1)
    } then: {
      try $0.traffic(60 + Int(5 * $0.normal()), 0, at: $1)
    }
    #expect(Set(issues.map(\.kind)) == [.throughputDrop])
    #expect((issues.first?.observed ?? 9) < 2 && (issues.first?.expected ?? 0) > 4)
    // Nothing at all is no data, in whichever of its forms; with agents that live it is a drop.
    for agents in [nil, ServiceWindow.Agents(healthy: 0, total: 0), .init(healthy: 3, total: 3)] {
      let silent = try found {
        try $0.traffic(300 + Int(10 * $0.normal()), 0, at: $1)
      } then: {
        try ServiceWindow(
          service: "api", start: $0.time($1), length: 60, traffic: .init(spans: 0, errors: 0), agents: agents)
      }
      #expect(silent.contains { $0.kind == .throughputDrop } == (agents?.total == 3))
    }
    let unseen = try found {
      try $0.traffic(300 + Int(10 * $0.normal()), 0, at: $1)
    } then: {
      try ServiceWindow(service: "api", start: $0.time($1), length: 60)
    }
    #expect(unseen.isEmpty)
  }

  @Test func unhealthyAgentsAreFound() throws {
    let issues = try found {
      try ServiceWindow(
        service: "api", start: $0.time($1), length: 60,
        agents: .init(healthy: 20 - $0.binomial(20, 0.02), total: 20))
    } then: {
      try ServiceWindow(service: "api", start: $0.time($1), length: 60, agents: .init(healthy: 8, total: 20))
    }
    #expect(Set(issues.map(\.kind)) == [.unhealthyAgents] && issues.first?.observed == 0.6)
  }

  private func memory(_ used: Double, _ factory: WindowFactory, _ index: Int) throws -> ServiceWindow {
    try ServiceWindow(
      service: "api", start: factory.time(index), length: 60,
      readings: [.init(resource: "memory", used: min(1, max(0, used)))])
  }

  @Test func leaksAreFoundBeforeTheLimitAndPlateausAreNot() throws {
    let leak = try found(count: 140) {
      try memory(0.4 + 0.01 * $0.normal(), $0, $1)
    } then: {
      try memory(0.4 + 0.005 * Double($1 - 400) + 0.01 * $0.normal(), $0, $1)
    }
    let first = try #require(leak.first)
    #expect(Set(leak.map(\.kind)) == [.resourceExhaustion] && first.measure == "used_ratio:memory")
    #expect((0.6...0.9).contains(first.observed), "\(first)")
    #expect((leak.last?.severity ?? 0) > first.severity && leak.last?.evidence.contains("is full") == true)
    let plateau = try found(count: 100) {
      try memory(0.4 + 0.01 * $0.normal(), $0, $1)
    } then: {
      try memory(0.7 + 0.01 * $0.normal(), $0, $1)
    }
    #expect(plateau.isEmpty, "\(plateau)")
    let always = try found(count: 100) {
      try memory(1, $0, $1)
    } then: {
      try memory(1, $0, $1)
    }
    #expect(always.isEmpty)
  }

  @Test func constantSeriesAreQuietUntilTheyChange() throws {
    let quiet = try found(count: 200) {
      try $0.latency(0, at: $1)
    } then: {
      try $0.latency(0, at: $1)
    }
    #expect(quiet.isEmpty)
    let changed = try found(count: 10) {
      try $0.latency(0, at: $1)
    } then: {
      try $0.latency(0.1, at: $1)
    }
    #expect(changed.first?.severity == 0.5)
  }

  /// What lasts longer than half of the memory is the new normal.
  @Test func aNewLevelBecomesUsual() throws {
    let issues = try found(count: 900) {
      try $0.latency(0.1 * $0.normal(), at: $1)
    } then: {
      try $0.latency(3 + 0.1 * $0.normal(), at: $1)
    }
    #expect(issues.count > 200)
    let last = try #require(issues.last)
    #expect(last.windowStart < WindowFactory(seed: 1).time(400 + 300))
  }

  /// A night's load at noon is ordinary by its size alone; the hour says that it is not.
  @Test func theHourOfTheDayCounts() throws {
    var factory = WindowFactory(seed: 9)
    factory.length = 600
    var detector = IssueDetector()
    func load(_ index: Int) -> Int { Int(1_000 + 800 * sine(index) + 10 * factory.normal()) }
    func sine(_ index: Int) -> Double { sin(2 * .pi * Double(index) / 144) }
    for index in 0..<144 * 8 {
      let issues = detector.observe(try factory.traffic(load(index), 0, at: index))
      #expect(issues.isEmpty, "window \(index): \(issues)")
    }
    var issues: [DetectedIssue] = []
    for index in 144 * 8..<144 * 8 + 6 {
      issues += detector.observe(try factory.traffic(load(index) - 500, 0, at: index))
    }
    #expect(issues.contains { $0.kind == .throughputDrop && $0.observed < 1.4 && $0.expected > 1.4 })
  }

  @Test func latePastWindowsAreCountedAndLeftOut() throws {
    let factory = WindowFactory(seed: 1)
    var detector = IssueDetector()
    _ = detector.observe(try factory.latency(0, at: 5))
    let before = detector.json
    #expect(detector.observe(try factory.latency(9, at: 4)).isEmpty)
    #expect(detector.lateWindows == 1)
    #expect(detector.json["services"] == before["services"])
  }
}
