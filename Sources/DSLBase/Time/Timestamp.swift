/// A point in time: nanoseconds since 1970-01-01T00:00:00Z, from 1677 to 2262.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Nanoseconds since the Unix epoch.
  public let nanoseconds: Int64

  /// A point in time by its nanoseconds.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// A point in time by seconds since the Unix epoch; values out of range are clamped to the ends of it.
  public init(seconds: Double) {
    let nanoseconds = (seconds * 1e9).rounded()
    if nanoseconds.isNaN {
      self.nanoseconds = 0
    } else {
      self.nanoseconds = Int64(max(-9.2e18, min(9.2e18, nanoseconds)))
    }
  }

  /// Seconds since the Unix epoch, to double precision (about 200 ns today).
  public var seconds: Double { Double(nanoseconds) / 1e9 }

  /// Seconds from `earlier` to this point; negative when it lies before.
  public func seconds(since earlier: Timestamp) -> Double {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    return overflow ? seconds - earlier.seconds : Double(difference) / 1e9
  }

  /// The point `seconds` later.
  public func adding(seconds: Double) -> Timestamp {
    let delta = Int64(max(-9.2e18, min(9.2e18, (seconds * 1e9).rounded())))
    let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
    return Timestamp(nanoseconds: overflow ? (delta < 0 ? .min : .max) : sum)
  }

  /// Earlier points come first.
  public static func < (lhs: Timestamp, rhs: Timestamp) -> Bool { lhs.nanoseconds < rhs.nanoseconds }

  /// RFC 3339 in UTC with microseconds, or nanoseconds where there are any, so that it reads back to the same point:
  /// `2026-11-21T09:10:36.000000Z`.
  public var description: String {
    let (second, nanosecond) = Self.floorDivide(nanoseconds, 1_000_000_000)
    let (day, secondOfDay) = Self.floorDivide(second, 86_400)
    let date = CivilDate(daysSinceEpoch: day)
    return Self.digits(date.year, 4) + "-" + Self.digits(date.month, 2) + "-" + Self.digits(date.day, 2) + "T"
      + Self.digits(secondOfDay / 3600, 2) + ":" + Self.digits(secondOfDay / 60 % 60, 2) + ":"
      + Self.digits(secondOfDay % 60, 2) + "."
      + (nanosecond % 1000 == 0 ? Self.digits(nanosecond / 1000, 6) : Self.digits(nanosecond, 9)) + "Z"
  }

  private static func floorDivide(_ value: Int64, _ by: Int64) -> (quotient: Int64, remainder: Int64) {
    let remainder = ((value % by) + by) % by
    return ((value - remainder) / by, remainder)
  }

  private static func digits(_ value: some BinaryInteger, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
}

/// A day of the proleptic Gregorian calendar.
///
/// Both conversions are Howard Hinnant's `days_from_civil` and `civil_from_days`
/// (http://howardhinnant.github.io/date_algorithms.html), which need neither tables nor a calendar library.
package struct CivilDate: Sendable, Equatable {
  package let year: Int64
  package let month: Int64
  package let day: Int64

  package init(year: Int64, month: Int64, day: Int64) {
    self.year = year
    self.month = month
    self.day = day
  }

  package init(daysSinceEpoch: Int64) {
    let shifted = daysSinceEpoch + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  package var daysSinceEpoch: Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// Whether month and day exist.
  package var isValid: Bool {
    guard (1...12).contains(month), day >= 1 else { return false }
    return CivilDate(daysSinceEpoch: daysSinceEpoch) == self
  }
}
