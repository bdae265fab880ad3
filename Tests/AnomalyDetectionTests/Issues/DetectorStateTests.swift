import AnomalyDetection
import DSLBase
import Testing

@Suite struct DetectorStateTests {
  private func window(_ factory: inout WindowFactory, _ index: Int) throws -> ServiceWindow {
    let slow = index > 420 ? 4.0 : 0
    let p95 = 1 + slow + 0.1 * factory.uniform()
    return try ServiceWindow(
      service: "s\(index % 3)", start: factory.time(index), length: 60,
      traffic: index % 7 == 0 ? nil : .init(spans: 100, errors: factory.binomial(100, 0.02)),
      latency: .init(p50: 0.5, p95: p95, p99: p95),
      readings: [.init(resource: "memory", used: 0.5 + 0.1 * factory.uniform())],
      agents: .init(healthy: 5, total: 5), callers: ["web"])
  }

  /// Saved and read back at any point, a detector goes on as if nothing had been.
  @Test(arguments: [0, 1, 50, 430]) func aRestartChangesNothing(_ at: Int) throws {
    var factory = WindowFactory(seed: 21)
    var through = IssueDetector(settings: .init(windowsPerFalseAlarm: 500, maximumServices: 9))
    var restarted = through
    var found = 0
    for index in 0..<480 {
      let window = try window(&factory, index)
      if index == at {
        restarted = try IssueDetector(json: JSONParser.parse(restarted.json.text()))
        #expect(restarted == through)
      }
      let issues = through.observe(window)
      #expect(restarted.observe(window) == issues)
      found += issues.count
    }
    #expect(restarted == through && found > 0)
  }

  @Test func aStateOfAnotherKindIsRefused() throws {
    #expect { try IssueDetector(json: ["format": 99]) } throws: { ($0 as? DSLError)?.code == .unsupported }
    #expect { try IssueDetector(json: []) } throws: { ($0 as? DSLError)?.code == .corrupt }
    var detector = IssueDetector()
    _ = detector.observe(try WindowFactory(seed: 1).latency(0, at: 0))
    var object = try #require(detector.json.object)
    object["services"] = [["service": "api"]]
    #expect { try IssueDetector(json: .object(object)) } throws: {
      ($0 as? DSLError)?.message.contains("start") == true
    }
  }

  @Test func memoryIsBounded() throws {
    var factory = WindowFactory(seed: 2)
    var detector = IssueDetector(settings: .init(maximumServices: 4))
    for index in 0..<40 {
      let service = "s\(index)"
      _ = detector.observe(try factory.latency(0, at: index, service: service))
      #expect(detector.serviceCount == min(4, index + 1))
    }
    var one = IssueDetector()
    var sizes: [Int] = []
    for index in 0..<1_600 {
      _ = one.observe(try factory.latency(factory.normal(), at: index))
      if index == 1_100 || index == 1_599 { sizes.append(one.json.serialized().count) }
    }
    #expect(sizes[0] < 40_000 && abs(sizes[1] - sizes[0]) < 2_000, "\(sizes)")
  }
}
