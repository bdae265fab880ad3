/// How numbers look in sentences.
package enum NumberText {
  /// At most four decimals, none when the number is whole.
  package static func short(_ value: Double) -> String {
    guard value.isFinite else { return "unknown" }
    if value == value.rounded(), value.magnitude < 1e15 { return String(Int(value)) }
    let rounded = (value * 10_000).rounded() / 10_000
    return rounded == rounded.rounded() && rounded.magnitude < 1e15
      ? String(Int(rounded)) : rounded.description
  }

  /// Exactly two decimals.
  static func hundredths(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return value.description }
    let cents = Int((value.magnitude * 100).rounded())
    let tail = cents % 100
    return (value < 0 && cents > 0 ? "-" : "") + "\(cents / 100)." + (tail < 10 ? "0" : "") + "\(tail)"
  }

  /// Two different numbers with two decimals each or, where those would read the same, with all they have.
  static func pair(_ a: Double, _ b: Double) -> (String, String) {
    let short = (hundredths(a), hundredths(b))
    return short.0 == short.1 && a != b ? (a.description, b.description) : short
  }
}
