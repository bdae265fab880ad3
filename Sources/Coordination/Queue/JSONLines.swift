import DSLBase

/// The members of an object as they are written, one a line: what `JSONValue.serialized(.pretty)` makes of the same object,
/// without building it.
struct JSONLines {
  private(set) var isEmpty = true
  var bytes: [UInt8] = []

  init(capacity: Int) {
    bytes.reserveCapacity(capacity)
    bytes.append(UInt8(ascii: "{"))
  }

  /// Begins a member.
  mutating func key(_ name: StaticString) {
    if !isEmpty { bytes.append(UInt8(ascii: ",")) }
    isEmpty = false
    append("\n  \"")
    append(name)
    append("\": ")
  }

  mutating func add(_ name: StaticString, _ string: String?) {
    key(name)
    if let string { JSONValue.writeString(string, into: &bytes) } else { append("null") }
  }

  mutating func add(_ name: StaticString, _ time: Timestamp?) {
    key(name)
    guard let time else { return append("null") }
    append("\"")
    time.write(into: &bytes)
    append("\"")
  }

  mutating func add(_ name: StaticString, literal: String) {
    key(name)
    bytes.append(contentsOf: literal.utf8)
  }

  mutating func add(_ name: StaticString, value: JSONValue) {
    if case .number(let number) = value { return add(name, literal: number.literal) }
    // One level down: as the member of an object, without that object's braces.
    if !isEmpty { bytes.append(UInt8(ascii: ",")) }
    isEmpty = false
    bytes.append(
      contentsOf: JSONValue.object([name.description: value]).serialized(.pretty).dropFirst().dropLast(2))
  }

  private mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }
}

extension Timestamp {
  /// Writes what `description` says, for which that is too slow to be done for each item.
  func write(into bytes: inout [UInt8]) {
    let second = (nanoseconds / 1_000_000_000) - (nanoseconds % 1_000_000_000 < 0 ? 1 : 0)
    let day = second / 86_400 - (second % 86_400 < 0 ? 1 : 0)
    let date = CivilDate(daysSinceEpoch: day)
    guard (0...9999).contains(date.year) else {
      bytes.append(contentsOf: description.utf8)
      return
    }
    func digits(_ value: Int64, _ width: Int, _ end: Unicode.Scalar) {
      var power: Int64 = 1
      for _ in 1..<width { power *= 10 }
      while power > 0 {
        bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / power % 10))
        power /= 10
      }
      bytes.append(UInt8(ascii: end))
    }
    let (secondOfDay, nanosecond) = (second - day * 86_400, nanoseconds - second * 1_000_000_000)
    digits(date.year, 4, "-")
    digits(date.month, 2, "-")
    digits(date.day, 2, "T")
    digits(secondOfDay / 3600, 2, ":")
    digits(secondOfDay / 60 % 60, 2, ":")
    digits(secondOfDay % 60, 2, ".")
    let isMicroseconds = nanosecond % 1000 == 0
    digits(isMicroseconds ? nanosecond / 1000 : nanosecond, isMicroseconds ? 6 : 9, "Z")
  }
}
