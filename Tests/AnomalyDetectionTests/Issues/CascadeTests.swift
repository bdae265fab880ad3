import AnomalyDetection
import DSLBase
import Testing

@Suite struct CascadeTests {
  private static let services = (0..<8).map { "s\($0)" }

  /// Eight services, 300 ordinary windows, then errors in some of them from some window on.
  private func cascades(
    failing: [String: Int], callers: [String: [String]] = [:]
  ) throws -> [DetectedIssue] {
    var factory = WindowFactory(seed: 5)
    var detector = IssueDetector()
    var issues: [DetectedIssue] = []
    for index in 0..<330 {
      for service in Self.services {
        let fails = failing[service].map { index >= 300 + $0 } ?? false
        let errors = factory.binomial(100, fails ? 0.5 : 0.01)
        issues += detector.observe(
          try factory.traffic(100, errors, at: index, service: service, callers: callers[service] ?? []))
      }
    }
    return issues.filter { $0.kind == .cascadeFailure }
  }

  @Test func errorsThatSpreadAreACascadeInTheOrderInWhichTheyBegan() throws {
    let cascades = try cascades(failing: ["s5": 0, "s2": 2, "s7": 4])
    let whole = try #require(cascades.first { $0.services.count == 3 })
    #expect(whole.services == ["s5", "s2", "s7"] && whole.service == "s5" && whole.observed == 3)
    #expect(whole.expected < 0.1 && whole.confidence > 0.5)
  }

  @Test func oneServiceAloneIsNone() throws {
    #expect(try cascades(failing: ["s5": 0]).isEmpty)
  }

  @Test func withKnownCallsOnlyLinkedServicesCount() throws {
    let chain = ["s5": ["s2"], "s2": ["s7"]]
    let linked = try cascades(failing: ["s5": 0, "s2": 0, "s7": 0], callers: chain)
    // All began together: the called one comes first.
    #expect(linked.contains { $0.services == ["s5", "s2", "s7"] })
    let apart = try cascades(failing: ["s5": 0, "s1": 1, "s3": 2], callers: chain)
    #expect(apart.isEmpty)
  }
}
