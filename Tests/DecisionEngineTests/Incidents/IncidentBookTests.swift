import DSLBase
import DecisionEngine
import Testing

/// The incident machine as lists of signals and what is told.
@Suite struct IncidentBookTests {
  private let timing = IncidentBook.Timing(cycles: 3, remindSeconds: 100, quietSeconds: 60)
  private let critical = IncidentSignal("health", "fleet", .critical, "0.2", .holds(patient: true))
  private let degraded = IncidentSignal("health", "fleet", .warning, "0.4", .holds(patient: true))
  private let failed = IncidentSignal("decision_failed", "fleet/scale_up", .error, "no", .occurred)

  private func at(_ seconds: Double) -> Timestamp { Timestamp(nanoseconds: 0).adding(seconds: seconds) }

  /// What is told, as `kind rule severity`.
  private func told(_ changes: [IncidentChange]) -> [String] {
    changes.map { "\($0.kind.rawValue) \($0.incident.rule) \($0.incident.severity.rawValue)" }
  }

  @Test func aPatientConditionOpensAndClosesAfterSoManyCycles() {
    var book = IncidentBook()
    #expect(book.take([critical], at: at(0), timing).isEmpty)
    #expect(book.take([critical], at: at(1), timing).isEmpty)
    #expect(told(book.take([critical], at: at(2), timing)) == ["opened health critical"])
    #expect(book.take([critical], at: at(3), timing).isEmpty)
    #expect(book.take([], at: at(4), timing).isEmpty)
    #expect(book.take([], at: at(5), timing).isEmpty)
    #expect(told(book.take([], at: at(6), timing)) == ["closed health critical"])
    #expect(book.open.isEmpty)
  }

  @Test func anInterruptionBeginsTheCountAnew() {
    var book = IncidentBook()
    for second in 0..<10 {
      let signals = second % 3 == 2 ? [] : [critical]
      #expect(book.take(signals, at: at(Double(second)), timing).isEmpty, "second \(second)")
    }
  }

  @Test func whatCannotBeToldChangesNothing() {
    var book = IncidentBook()
    let unknown = IncidentSignal("health", "fleet", .info, "", .unknown)
    _ = book.take([critical], at: at(0), timing)
    _ = book.take([unknown], at: at(1), timing)
    _ = book.take([critical], at: at(2), timing)
    #expect(told(book.take([critical], at: at(3), timing)) == ["opened health critical"])
    for second in 4..<20 { #expect(book.take([unknown], at: at(Double(second)), timing).isEmpty) }
    #expect(book.open.count == 1)
  }

  @Test func onlyWorseIsToldAtOnceAndTheRestAfterAWhile() {
    var book = IncidentBook()
    for second in 0..<3 { _ = book.take([degraded], at: at(Double(second)), timing) }
    #expect(told(book.take([critical], at: at(3), timing)) == ["updated health critical"])
    #expect(book.take([degraded], at: at(4), timing).isEmpty)
    #expect(book.take([critical], at: at(5), timing).isEmpty, "no worse than what was told")
    #expect(book.take([degraded], at: at(102), timing).isEmpty)
    #expect(told(book.take([degraded], at: at(103), timing)) == ["updated health warning"])
  }

  @Test func retriesAreOneIncident() throws {
    var book = IncidentBook()
    var all: [IncidentChange] = []
    // 80 failures in 15 hours, one every 675 s, as in gnacho/netpulse#271, here every 11 s.
    for number in 0..<80 { all += book.take([failed], at: at(Double(number) * 11), timing) }
    #expect(told(all.prefix(1).map { $0 }) == ["opened decision_failed error"])
    #expect(all.dropFirst().allSatisfy { $0.kind == .updated })
    #expect(all.count == 1 + 7, "one opening and a reminder every 100 s: \(all.count)")
    let last = try #require(book.open.first)
    #expect(last.count == 80)
    let tail = book.take([], at: at(79 * 11 + 59), timing)
    #expect(tail.allSatisfy { $0.kind == .updated } && tail.count <= 1)
    let closed = book.take([], at: at(79 * 11 + 60), timing)
    #expect(told(closed) == ["closed decision_failed error"])
    #expect(
      closed.first?.incident.id == last.id
        && closed.first?.incident.sequence == last.sequence + tail.count + 1)
  }

  @Test func aSuccessClosesAtOnce() {
    var book = IncidentBook()
    _ = book.take([failed], at: at(0), timing)
    let works = IncidentSignal("decision_failed", "fleet/scale_up", .error, "works again", .over)
    let other = IncidentSignal("decision_failed", "fleet/restart", .error, "works again", .over)
    #expect(book.take([other], at: at(1), timing).isEmpty)
    #expect(told(book.take([works], at: at(2), timing)) == ["closed decision_failed error"])
    #expect(book.take([works], at: at(3), timing).isEmpty)
  }

  @Test func anImpatientConditionIsToldAtOnce() {
    var book = IncidentBook()
    let held = IncidentSignal("program", "strategy a", .warning, "held back", .holds(patient: false))
    #expect(told(book.take([held], at: at(0), timing)) == ["opened program warning"])
    #expect(told(book.take([], at: at(1), timing)) == ["closed program warning"])
  }

  @Test func openIncidentsAreBounded() {
    var book = IncidentBook()
    let many = (0..<500).map { IncidentSignal("decision_failed", "agent-\($0)", .error, "no", .occurred) }
    #expect(book.take(many, at: at(0), timing).count == IncidentBook.limit)
    #expect(book.open.count == IncidentBook.limit)
  }

  /// Whatever is signalled: every incident is opened once, closed at most once, and numbered without gaps; and a book that
  /// was written down and read back goes on as if nothing had been.
  @Test(arguments: [1, 7, 42, 2026])
  func storiesAreWholeAndSurviveTheJournal(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    var (book, copy) = (IncidentBook(), IncidentBook())
    var stories: [String: [(kind: IncidentChange.Kind, sequence: Int)]] = [:]
    var now = 0.0
    for _ in 0..<600 {
      now += Double.random(in: 0...40, using: &generator)
      let kinds: [IncidentSignal.Kind] = [
        .holds(patient: true), .holds(patient: false), .occurred, .over, .unknown,
      ]
      let signals = (0..<3).compactMap { target -> IncidentSignal? in
        guard Bool.random(using: &generator) else { return nil }
        return IncidentSignal(
          "rule", "t\(target)", IncidentSeverity.allCases.randomElement(using: &generator) ?? .info, "s",
          target == 2 ? .occurred : kinds.randomElement(using: &generator) ?? .over)
      }
      let changes = book.take(signals, at: at(now), timing)
      copy = try IncidentBook(json: try JSONParser.parse(copy.json.text()))
      #expect(copy.take(signals, at: at(now), timing) == changes, "seed \(seed)")
      for change in changes {
        stories[change.incident.id, default: []].append((change.kind, change.incident.sequence))
      }
      #expect(Set(book.open.map(\.target)).count == book.open.count)
    }
    #expect(stories.count > 20, "seed \(seed)")
    for story in stories.values {
      #expect(story.map(\.sequence) == Array(1...story.count), "seed \(seed)")
      #expect(story.first?.kind == .opened && story.dropFirst().allSatisfy { $0.kind != .opened })
      #expect(story.dropLast().allSatisfy { $0.kind != .closed })
    }
  }
}
