import Testing

@testable import DSLCommands

@Suite struct TelemetryHealthTests {
  private static let table: [(errorRate: Double?, responseMs: Double?, expected: Double?)] = [
    (nil, nil, nil), (0, nil, 1), (0.25, nil, 0.75), (nil, 0, 1), (nil, 1000, 1), (nil, 4000, 0.25),
    (0, 200, 1), (0.5, 2000, 0.5), (1, 1e9, 4e-7), (1.5, nil, 0), (-1, nil, 1),
  ]

  @Test(arguments: table)
  func score(errorRate: Double?, responseMs: Double?, expected: Double?) {
    let score = TelemetryHealth.score(errorRate: errorRate, responseMs: responseMs)
    #expect((score == nil) == (expected == nil))
    if let score, let expected { #expect(abs(score - expected) < 1e-12) }
  }
}
