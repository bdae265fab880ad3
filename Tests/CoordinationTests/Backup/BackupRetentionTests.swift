import DSLBase
import Testing

@testable import Coordination

/// Which backups stay, by the rules that restic documents.
@Suite struct BackupRetentionTests {
  private func kept(_ times: [String], _ set: (inout BackupRetention) -> Void) throws -> [String] {
    var rules = BackupRetention()
    set(&rules)
    let parsed = try times.map { try #require(Timestamp.parse($0)?.time) }
    return zip(times, rules.reasons(parsed)).filter { !$1.isEmpty }.map { $0.0 }
  }

  private let week = (1...14).map { "2026-11-\($0 < 10 ? "0" : "")\($0)T12:00:00Z" }

  @Test func lastKeepsTheNewest() throws {
    #expect(try kept(week.reversed()) { $0.last = 2 } == ["2026-11-14T12:00:00Z", "2026-11-13T12:00:00Z"])
    #expect(try kept(week) { $0.last = 99 } == week)
    #expect(try kept(week) { _ in } == [])
  }

  @Test func theNewestOfEachHourOrDayStays() throws {
    let times = [
      "2026-11-20T08:59:59Z", "2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z", "2026-11-21T09:10:00Z",
      "2026-11-21T23:59:59Z",
    ]
    #expect(
      try kept(times) { $0.hourly = 3 } == [
        "2026-11-20T09:30:00Z", "2026-11-21T09:10:00Z", "2026-11-21T23:59:59Z",
      ])
    #expect(try kept(times) { $0.daily = 2 } == ["2026-11-20T09:30:00Z", "2026-11-21T23:59:59Z"])
  }

  @Test func daysWithoutBackupsDoNotCount() throws {
    let times = ["2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-11-01T00:00:00Z"]
    #expect(try kept(times) { $0.daily = 2 } == Array(times.dropFirst()))
  }

  @Test func theOldestStaysWhileARuleHasSomeLeft() throws {
    let times = ["2026-11-21T01:00:00Z", "2026-11-21T02:00:00Z", "2026-11-21T03:00:00Z"]
    #expect(try kept(times) { $0.daily = 2 } == [times[0], times[2]])
    #expect(try kept(times) { $0.daily = 1 } == [times[2]])
    var rules = BackupRetention()
    rules.daily = 2
    let parsed = try times.map { try #require(Timestamp.parse($0)?.time) }
    #expect(rules.reasons(parsed) == [["oldest daily"], [], ["daily"]])
  }

  @Test func weeksBeginOnMondaysAndRulesAddUp() throws {
    // 2026-11-08 is a Sunday.
    #expect(try kept(week) { $0.weekly = 2 } == ["2026-11-08T12:00:00Z", "2026-11-14T12:00:00Z"])
    #expect(
      try kept(week) {
        $0.weekly = 2
        $0.last = 2
      } == ["2026-11-08T12:00:00Z", "2026-11-13T12:00:00Z", "2026-11-14T12:00:00Z"])
    let months = [
      "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z",
    ]
    #expect(try kept(months) { $0.monthly = 2 } == [months[2], months[3]])
  }
}
