/// How values look in tables.
enum Shown {
  /// A number with `decimals` digits behind the point; a dash for none.
  static func number(_ value: Double?, decimals: Int = 2) -> String {
    guard let value, value.isFinite, value.magnitude < 1e12 else { return "-" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let digits = String(Int((value.magnitude * scale).rounded()))
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let sign = value < 0 && digits.contains { $0 != "0" } ? "-" : ""
    return decimals == 0 ? sign + padded : sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  /// A share as a percentage.
  static func percent(_ value: Double?) -> String { value.map { number($0 * 100, decimals: 1) + "%" } ?? "-" }

  /// A span of time in the largest two units that matter: "42s", "3m10s", "5h02m", "12d".
  static func age(_ seconds: Double?) -> String {
    guard let seconds, seconds.isFinite, seconds.magnitude < 1e12 else { return "-" }
    let whole = Int(max(0, seconds))
    func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
    switch whole {
    case ..<60: return "\(whole)s"
    case ..<3600: return "\(whole / 60)m\(two(whole % 60))s"
    case ..<172_800: return "\(whole / 3600)h\(two(whole / 60 % 60))m"
    default: return "\(whole / 86_400)d"
    }
  }

  /// The first characters of a text that is too long for a column.
  static func clipped(_ text: String, _ width: Int) -> String {
    text.count <= width ? text : text.prefix(width - 3) + "..."
  }

  /// Text that cannot disturb a terminal: control characters are shown as escapes.
  static func safe(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      return text
    }
    return text.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
    }.joined()
  }
}
