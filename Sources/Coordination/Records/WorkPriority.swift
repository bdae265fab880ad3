/// Priorities as numbers, higher first.
package enum WorkPriority {
  /// What an item without a priority has.
  package static let standard = 50

  /// The number of a word: critical 100, high 75, medium or normal 50, low 25, case ignored; a number in digits is itself.
  ///
  /// - Returns: `nil` for any other word.
  package static func named(_ word: String) -> Int? {
    switch word.lowercased() {
    case "critical", "urgent": 100
    case "high": 75
    case "medium", "normal": standard
    case "low": 25
    default: Int(word)
    }
  }

  /// The priority that a member gives: numbers as they are, fractions cut off; `standard` for anything else.
  static func read(_ value: RawValue) -> Int {
    if let number = value.int { return number }
    if let number = value.double, number.magnitude < 1e15 { return Int(number) }
    return value.string.flatMap(named) ?? standard
  }
}
