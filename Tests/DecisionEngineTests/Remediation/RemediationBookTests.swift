import DSLBase
import Testing

@testable import DecisionEngine

/// The queue of issues, as lists of events.
@Suite struct RemediationBookTests {
  private let start = Timestamp(seconds: 1_700_000_000)

  private func book(_ change: (inout RemediationBook.Limits) -> Void = { _ in }) -> RemediationBook {
    var limits = RemediationBook.Limits()
    (limits.maxConcurrent, limits.settleSeconds, limits.maxAttempts) = (2, 100, 2)
    change(&limits)
    return RemediationBook(limits: limits)
  }

  private func at(_ seconds: Double) -> Timestamp { start.adding(seconds: seconds) }

  @Test func whatFindsNoPlaceWaitsAndIsNotDropped() throws {
    var book = book()
    let issues = ["a", "b", "c", "d"].enumerated().map {
      RemediationIssue.sample(of: $1, severity: 0.5 + Double($0) / 10)
    }
    #expect(book.observe(issues, heard: [], at: at(0)).count == 4)
    #expect(book.next.map(\.issue.service) == ["d", "c"], "the most severe first")
    for entry in book.next {
      book.note(.executed(decision: "d-\(entry.issue.service)"), for: entry.issue.key, at: at(0))
    }
    #expect(book.active == 2 && book.next.isEmpty && book.waiting.map(\.issue.service) == ["b", "a"])

    // Another process goes on where this one ended.
    var later = try RemediationBook(json: JSONParser.parse(Array(book.json.text().utf8)), limits: book.limits)
    #expect(later == book)
    _ = later.observe(Array(issues.prefix(2)), heard: ["a", "b", "c", "d"], at: at(50))
    #expect(later.active == 2 && later.next.isEmpty)
    let notes = later.observe(Array(issues.prefix(2)), heard: ["a", "b", "c", "d"], at: at(150))
    #expect(notes == ["error_spike of c is over", "error_spike of d is over"])
    #expect(later.next.map(\.issue.service) == ["b", "a"])
  }

  @Test func silenceIsNoDataAndEndsNothing() {
    var book = book()
    _ = book.observe([.sample()], heard: ["checkout"], at: at(0))
    #expect(book.observe([], heard: ["other"], at: at(10_000)).isEmpty)
    #expect(book.entries.count == 1 && book.next.count == 1)
    _ = book.observe([], heard: ["checkout"], at: at(10_010))
    #expect(book.next.isEmpty, "it is quiet: nothing is done about it")
    #expect(book.observe([], heard: ["checkout"], at: at(10_110)) == ["error_spike of checkout is over"])
    #expect(book.entries.isEmpty)
  }

  @Test func whatDoesNotHelpIsTriedAgainAndThenLeftToPeople() {
    var book = book()
    let issue = RemediationIssue.sample()
    _ = book.observe([issue], heard: [], at: at(0))
    book.note(.executed(decision: "d-1"), for: issue.key, at: at(0))
    _ = book.observe([issue], heard: [], at: at(99))
    #expect(book.next.isEmpty, "its effect is waited for")
    _ = book.observe([issue], heard: [], at: at(100))
    #expect(book.next.map(\.note) == ["d-1 did not end it"])
    book.note(.executed(decision: "d-2"), for: issue.key, at: at(100))
    let notes = book.observe([issue], heard: [], at: at(200))
    #expect(notes == ["error_spike of checkout: d-2 did not end it, after 2 attempts it is left to people"])
    #expect(book.next.isEmpty && book.entries.count == 1)
    // It is over, and comes back: then it is tried again.
    _ = book.observe([], heard: ["checkout"], at: at(201))
    _ = book.observe([], heard: ["checkout"], at: at(301))
    _ = book.observe([issue], heard: [], at: at(400))
    #expect(book.next.count == 1)
  }

  @Test func anIssueThatGoesOnIsAsSureAsItEverWas() throws {
    var book = book()
    _ = book.observe([.sample(severity: 0.9, confidence: 0.95)], heard: [], at: at(0))
    var later = RemediationIssue.sample(severity: 0.5, confidence: 0.6)
    later.onset = later.onset.adding(seconds: 60)
    later.evidence = "it has become usual"
    _ = book.observe([later], heard: [], at: at(60))
    let issue = try #require(book.entries.first?.issue)
    #expect(issue.confidence == 0.95 && issue.severity == 0.5 && issue.evidence != later.evidence)
    #expect(issue.onset == RemediationIssue.sample().onset)
  }

  @Test func whatFailsOrIsHeldBackWaits() {
    var book = book()
    let issue = RemediationIssue.sample()
    _ = book.observe([issue], heard: [], at: at(0))
    book.note(.held("cooldown"), for: issue.key, at: at(1))
    #expect(book.next.map(\.note) == ["cooldown"] && book.next.first?.attempts == 0)
    book.note(.failed("exit status 1"), for: issue.key, at: at(2))
    #expect(book.next.count == 1)
    book.note(.failed("exit status 1"), for: issue.key, at: at(3))
    #expect(book.next.isEmpty && book.entries.first?.state == .parked)
    #expect(book.active == 0)
  }

  @Test func thereIsALimitAndReachingItIsTold() {
    var book = book { $0.capacity = 3 }
    let issues = (0..<5).map { RemediationIssue.sample(of: "s\($0)", severity: Double($0) / 10) }
    let notes = book.observe(issues, heard: [], at: at(0))
    #expect(notes.last == "2 issues were passed over: more than 3 are open")
    #expect(book.entries.map(\.issue.service) == ["s2", "s3", "s4"])
  }

  /// Whatever happens, places are never exceeded and no open issue vanishes while it is raised.
  @Test(arguments: [1, 7, 42] as [UInt64]) func placesHoldForRandomEvents(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var book = book { $0.capacity = 50 }
    let services = (0..<8).map { "s\($0)" }
    for round in 0..<400 {
      let now = at(Double(round * 20))
      let raised = services.filter { _ in random.next() % 3 == 0 }.map { RemediationIssue.sample(of: $0) }
      _ = book.observe(raised, heard: Set(services), at: now)
      #expect(
        raised.allSatisfy { issue in book.entries.contains { $0.issue.key == issue.key } }, "seed \(seed)")
      for entry in book.next {
        switch random.next() % 3 {
        case 0: book.note(.executed(decision: "d-\(round)"), for: entry.issue.key, at: now)
        case 1: book.note(.failed("x"), for: entry.issue.key, at: now)
        default: book.note(.held("y"), for: entry.issue.key, at: now)
        }
      }
      #expect(book.active <= 2, "seed \(seed), round \(round)")
    }
  }
}
