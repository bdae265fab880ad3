import AnomalyDetection
import DSLBase
import Testing

@Suite struct ServiceWindowTests {
  private func refusal(_ make: () throws(DSLError) -> ServiceWindow) -> String? {
    do {
      _ = try make()
      return nil
    } catch {
      #expect(error.code == .invalidInput)
      return error.message
    }
  }

  private let start = Timestamp(seconds: 1_000)

  @Test(arguments: [Double.nan, .infinity, -.infinity, -0.1, 1.1]) func readingsAreParts(_ used: Double)
    throws
  {
    let message = try #require(
      refusal { () throws(DSLError) in
        try ServiceWindow(
          service: "api", start: start, length: 60, readings: [.init(resource: "memory", used: used)])
      })
    #expect(message.contains("\"api\"") && message.contains("readings.memory is \(used)"))
  }

  @Test(arguments: [Double.nan, .infinity, 0, -1]) func lengthsAreAboveZero(_ length: Double) {
    #expect(
      refusal { () throws(DSLError) in try ServiceWindow(service: "api", start: start, length: length) }
        != nil)
  }

  @Test func whatCannotBeIsRefused() {
    let latencies: [ServiceWindow.Latency] = [
      .init(p50: .nan, p95: 1, p99: 1), .init(p50: 2, p95: 1, p99: 3), .init(p50: -1, p95: 1, p99: 3),
      .init(p50: 1, p95: 2, p99: .infinity),
    ]
    for latency in latencies {
      #expect(
        refusal { () throws(DSLError) in
          try ServiceWindow(service: "api", start: start, length: 60, latency: latency)
        } != nil)
    }
    for traffic in [
      ServiceWindow.Traffic(spans: 1, errors: 2), .init(spans: -1, errors: 0), .init(spans: 3, errors: -1),
    ] {
      #expect(
        refusal { () throws(DSLError) in
          try ServiceWindow(service: "api", start: start, length: 60, traffic: traffic)
        } != nil)
    }
    #expect(
      refusal { () throws(DSLError) in
        try ServiceWindow(service: "api", start: start, length: 60, agents: .init(healthy: 3, total: 2))
      } != nil)
    #expect(
      refusal { () throws(DSLError) in
        try ServiceWindow(
          service: "api", start: start, length: 60,
          readings: [.init(resource: "cpu", used: 0.1), .init(resource: "cpu", used: 0.2)])
      } != nil)
    #expect(
      refusal { () throws(DSLError) in try ServiceWindow(service: "", start: start, length: 60) } != nil)
  }

  @Test func readingsAndCallersAreInOrder() throws {
    let window = try ServiceWindow(
      service: "api", start: start, length: 60,
      readings: [.init(resource: "memory", used: 0.5), .init(resource: "cpu", used: 1)],
      callers: ["web", "cron"])
    #expect(window.readings.map(\.resource) == ["cpu", "memory"])
    #expect(window.callers == ["cron", "web"])
    #expect(window.end == Timestamp(seconds: 1_060))
    #expect(window.traffic == nil && window.latency == nil && window.agents == nil)
  }
}
