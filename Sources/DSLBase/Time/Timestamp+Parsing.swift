extension Timestamp {
  /// How a time was written, which decides how far it can be trusted.
  public enum Source: Sendable, Hashable {
    /// With a zone, or as seconds since the epoch.
    case absolute
    /// Without a zone: read in the zone the caller assumed.
    case assumedZone
  }

  /// Reads the forms found in coordination directories: ISO 8601 with `T` or a space, with or without fraction
  /// (1 to 9 digits, `.` or `,`), with `Z`, `±hh:mm`, `±hhmm`, `±hh` or no zone at all.
  ///
  /// - Parameters:
  ///   - text: the time.
  ///   - assumedOffset: seconds east of UTC for a time without a zone.
  /// - Returns: `nil` when the text is no time, or the time does not exist.
  /// - Complexity: O(1), without allocation.
  package static func parse(
    _ text: UnsafeBufferPointer<UInt8>, assumedOffset: Int
  ) -> (time: Timestamp, source: Source)? {
    var cursor = Cursor(text)
    guard let year = cursor.number(4), cursor.take("-"), let month = cursor.number(2), cursor.take("-"),
      let day = cursor.number(2), cursor.take("T") || cursor.take("t") || cursor.take(" "),
      let hour = cursor.number(2), cursor.take(":"), let minute = cursor.number(2)
    else { return nil }
    let second = cursor.take(":") ? cursor.number(2) : 0
    let date = CivilDate(year: year, month: month, day: day)
    guard let second, date.isValid, hour < 24, minute < 60, second <= 60, (1678..<2262).contains(year) else {
      return nil
    }
    guard let fraction = cursor.fraction(), let zone = cursor.zone() else { return nil }
    let offset = zone.offset ?? Int64(assumedOffset)
    let seconds = date.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second - offset
    let time = Timestamp(nanoseconds: seconds * 1_000_000_000 + fraction)
    return (time, zone.offset == nil ? .assumedZone : .absolute)
  }

  /// Reads a time from text; see the buffer form.
  public static func parse(_ text: String, assumedOffset: Int = 0) -> (time: Timestamp, source: Source)? {
    var text = text
    return text.withUTF8 { parse($0, assumedOffset: assumedOffset) }
  }

  /// Reads a time from a JSON value: ISO text, or a number of seconds (or milliseconds, microseconds, nanoseconds: told
  /// apart by magnitude, as no clock of this century mixes them up).
  public static func parse(_ value: JSONValue, assumedOffset: Int = 0) -> (time: Timestamp, source: Source)? {
    switch value {
    case .string(let text): parse(text, assumedOffset: assumedOffset)
    case .number(let number): number.int.map { epoch($0) } ?? epoch(number.double)
    default: nil
    }
  }

  /// A time by a whole number since the epoch whose unit follows from its magnitude.
  package static func epoch(_ value: Int) -> (time: Timestamp, source: Source)? {
    let scale: Int64
    switch value.magnitude {
    case ..<100_000_000_000: scale = 1_000_000_000
    case ..<100_000_000_000_000: scale = 1_000_000
    case ..<100_000_000_000_000_000: scale = 1000
    default: scale = 1
    }
    let (product, overflow) = Int64(value).multipliedReportingOverflow(by: scale)
    return overflow ? nil : (Timestamp(nanoseconds: product), .absolute)
  }

  /// A time by seconds since the epoch with a fraction.
  package static func epoch(_ value: Double) -> (time: Timestamp, source: Source)? {
    guard value.isFinite, value.magnitude < 9e18 else { return nil }
    guard value.magnitude < 100_000_000_000 else { return epoch(Int(value)) }
    // The fraction by itself: of a product with 1e9 a double keeps no more than every 256th nanosecond.
    let whole = value.rounded(.down)
    let nanoseconds = Int64(whole) * 1_000_000_000 + Int64(((value - whole) * 1e9).rounded())
    return (Timestamp(nanoseconds: nanoseconds), .absolute)
  }
}

/// Steps over the parts of a time.
private struct Cursor {
  private let text: UnsafeBufferPointer<UInt8>
  private var position = 0

  init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func number(_ width: Int) -> Int64? {
    guard position + width <= text.count else { return nil }
    var value: Int64 = 0
    for _ in 0..<width {
      let digit = text[position] &- 0x30
      guard digit < 10 else { return nil }
      value = value * 10 + Int64(digit)
      position += 1
    }
    return value
  }

  /// Nanoseconds after the decimal sign; 0 without one, `nil` when the sign has no digits behind it.
  mutating func fraction() -> Int64? {
    guard take(".") || take(",") else { return 0 }
    var value: Int64 = 0
    var digits = 0
    while position < text.count, text[position] &- 0x30 < 10 {
      if digits < 9 { value = value * 10 + Int64(text[position] &- 0x30) }
      digits += 1
      position += 1
    }
    guard digits > 0 else { return nil }
    for _ in min(digits, 9)..<9 { value *= 10 }
    return value
  }

  /// The rest of the text as a zone; its offset is `nil` when nothing is left.
  mutating func zone() -> (offset: Int64?, Void)? {
    if position == text.count { return (nil, ()) }
    if take("Z") || take("z") { return position == text.count ? (0, ()) : nil }
    let sign: Int64 = take("+") ? 1 : take("-") ? -1 : 0
    guard sign != 0, let hours = number(2) else { return nil }
    if position == text.count { return (sign * hours * 3600, ()) }
    _ = take(":")
    guard let minutes = number(2), hours < 24, minutes < 60, position == text.count else { return nil }
    return (sign * (hours * 3600 + minutes * 60), ())
  }
}
