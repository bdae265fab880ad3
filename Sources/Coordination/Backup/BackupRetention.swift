package import DSLBase

/// Which backups are kept, as restic's `forget` has it: https://restic.readthedocs.io/en/stable/060_forget.html
///
/// The newest backup of each of the last N hours, days, weeks or months that have any is kept; the rules add up. While a
/// rule has some of its number left at the oldest backup, that one is kept too. Hours, days, ISO weeks and months are
/// those of UTC.
package struct BackupRetention: Sendable, Equatable {
  package var last = 0
  package var hourly = 0
  package var daily = 0
  package var weekly = 0
  package var monthly = 0

  package init() {}

  /// Whether no rule keeps anything.
  package var isEmpty: Bool { last + hourly + daily + weekly + monthly == 0 }

  /// For each time, in the order given, why it is kept; none for one that goes.
  ///
  /// - Complexity: O(n log n).
  package func reasons(_ times: [Timestamp]) -> [[String]] {
    var rules = [
      Rule("last", last) { _, index in Int64(index) }, Rule("hourly", hourly) { day, _ in day.hour },
      Rule("daily", daily) { day, _ in day.day }, Rule("weekly", weekly) { day, _ in day.week },
      Rule("monthly", monthly) { day, _ in day.month },
    ]
    let newestFirst = times.indices.sorted { (times[$1], $1) < (times[$0], $0) }
    var reasons = [[String]](repeating: [], count: times.count)
    for (number, index) in newestFirst.enumerated() {
      let moment = Moment(times[index])
      for rule in rules.indices where rules[rule].left > 0 {
        let bucket = rules[rule].bucket(moment, number)
        let isOldest = number == newestFirst.count - 1
        guard bucket != rules[rule].previous || isOldest else { continue }
        let isRepeated = bucket == rules[rule].previous
        reasons[index].append((isRepeated ? "oldest " : "") + rules[rule].name)
        rules[rule].previous = bucket
        rules[rule].left -= 1
      }
    }
    return reasons
  }

  private struct Rule {
    let name: String
    var left: Int
    var previous: Int64?
    let bucket: (Moment, Int) -> Int64

    init(_ name: String, _ count: Int, _ bucket: @escaping (Moment, Int) -> Int64) {
      self.name = name
      left = count
      self.bucket = bucket
    }
  }

  /// The numbers of the hour, day, ISO week and month of a time, each counted from some beginning.
  private struct Moment {
    let hour: Int64
    let day: Int64
    let week: Int64
    let month: Int64

    init(_ time: Timestamp) {
      func floor(_ value: Int64, _ by: Int64) -> Int64 { value / by - (value % by < 0 ? 1 : 0) }
      hour = floor(time.nanoseconds, 3_600_000_000_000)
      day = floor(hour, 24)
      // 1970-01-01 was a Thursday; ISO weeks begin on Mondays.
      week = floor(day + 3, 7)
      let date = CivilDate(daysSinceEpoch: day)
      month = date.year * 12 + date.month
    }
  }
}
