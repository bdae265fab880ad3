/// Sizes, durations and zones as people write them.
enum Quantity {
  private static let units: [(word: String, bytes: Int)] = [
    ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("GB", 1_000_000_000), ("MB", 1_000_000),
    ("kB", 1000), ("KB", 1000), ("B", 1),
  ]

  /// The bytes of `65536`, `64KiB` or `1.5 MB`; `nil` when it is no size or not a whole number of bytes.
  static func bytes(_ text: String) -> Int? {
    let unit = units.first { text.hasSuffix($0.word) }
    let digits = text.dropLast(unit?.word.count ?? 0).reversed().drop { $0 == " " }.reversed()
    guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let amount = Double(String(digits))
    else { return nil }
    return Int(exactly: amount * Double(unit?.bytes ?? 1))
  }

  /// Bytes in the largest binary unit that divides them.
  static func bytes(_ value: Int) -> String {
    for unit in units.prefix(3) where value > 0 && value % unit.bytes == 0 {
      return "\(value / unit.bytes)\(unit.word)"
    }
    return String(value)
  }

  /// Seconds in the largest unit that divides them.
  static func duration(_ seconds: Double) -> String {
    let units: [(String, Double)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001)]
    for (word, size) in units where seconds > 0 {
      let amount = seconds / size
      if amount >= 1, amount == amount.rounded(), amount < 1e15 { return "\(Int(amount))\(word)" }
    }
    return "\(number(seconds))s"
  }

  /// A number without a needless fraction.
  static func number(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? value.description }

  /// Seconds east of UTC of `local`, `UTC`, `Z`, `+02:00` or `-0330`.
  static func zone(_ text: String, localOffset: Int) -> Int? {
    switch text.lowercased() {
    case "local": return localOffset
    case "utc", "z": return 0
    default: break
    }
    guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
    let digits = text.dropFirst().filter { $0 != ":" }
    guard digits.count == 4, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let value = Int(digits),
      value / 100 < 24, value % 100 < 60
    else { return nil }
    return (sign == "-" ? -1 : 1) * (value / 100 * 3600 + value % 100 * 60)
  }

  /// An offset as `UTC` or `±hh:mm`.
  static func zone(_ offset: Int) -> String {
    guard offset != 0 else { return "UTC" }
    func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
    let minutes = abs(offset) / 60
    return (offset < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
  }
}
