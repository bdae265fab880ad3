import Autonomy
import DSLBase
import Testing

@Suite struct CircuitBreakerTests {
  private let settings: ProgramSettings = {
    var settings = ProgramSettings()
    settings.maxFailures = 3
    settings.retryAfterSeconds = 10
    return settings
  }()

  private func at(_ seconds: Double) -> Timestamp { Timestamp(nanoseconds: 0).adding(seconds: seconds) }

  @Test func itOpensAfterSoManyFailuresAndTriesAgainLaterAndLater() {
    var breaker = CircuitBreaker()
    for _ in 0..<2 { breaker.failed(at: at(0), settings) }
    #expect(breaker.allows(at: at(0), settings))
    breaker.failed(at: at(0), settings)
    #expect(!breaker.allows(at: at(9.9), settings))
    #expect(breaker.allows(at: at(10), settings))
    var now = 10.0
    for wait in [20.0, 40, 80, 160, 320, 320, 320] {
      breaker.failed(at: at(now), settings)
      #expect(!breaker.allows(at: at(now + wait - 0.1), settings), "wait \(wait)")
      now += wait
      #expect(breaker.allows(at: at(now), settings), "wait \(wait)")
    }
    breaker.succeeded()
    #expect(breaker == CircuitBreaker())
  }

  @Test func aClockThatWasSetBackDoesNotHoldItForEver() {
    var breaker = CircuitBreaker()
    for _ in 0..<3 { breaker.failed(at: at(1_000_000), settings) }
    #expect(!breaker.allows(at: at(1_000_000), settings))
    #expect(breaker.allows(at: at(0), settings))
  }

  @Test func itSurvivesTheJournal() throws {
    var breaker = CircuitBreaker()
    for _ in 0..<5 { breaker.failed(at: at(5), settings) }
    #expect(CircuitBreaker(json: try JSONParser.parse(breaker.json.text())) == breaker)
    #expect(CircuitBreaker(json: "nonsense") == CircuitBreaker())
  }
}
