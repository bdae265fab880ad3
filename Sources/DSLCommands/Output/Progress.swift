import DSLBase

/// A line on a terminal's stderr that says how far long work is: a bar, the count, the rate, the time that is left.
///
/// Nothing is written where stderr is no terminal. The line is drawn ten times a second at most, and wiped at the end.
struct Progress {
  private static let width = 24
  private static let period = 0.1

  private let console: Console
  private let time: any TimeSource
  private let what: String
  private let total: Int
  private let began: Double
  private let start: Int
  private var drawn = -1.0

  /// - Parameters:
  ///   - what: what is counted: "episodes".
  ///   - start: how many were done before this began; they do not count for the rate.
  init(_ what: String, total: Int, from start: Int = 0, _ context: Context) {
    (console, time, self.what, self.total, self.start) = (context.console, context.time, what, total, start)
    began = context.time.monotonicSeconds
  }

  /// So many are done.
  mutating func show(_ done: Int, _ note: String = "") {
    guard console.errorsOnTerminal else { return }
    let now = time.monotonicSeconds
    guard now - drawn >= Self.period else { return }
    drawn = now
    console.draw("\r" + Self.line(done, total, what, from: start, seconds: now - began) + note + "\u{1B}[K")
  }

  /// Wipes the line.
  func end() {
    if console.errorsOnTerminal, drawn >= 0 { console.draw("\r\u{1B}[K") }
  }

  /// `[####----] 1200/5000 episodes  310/s  12s left`
  static func line(_ done: Int, _ total: Int, _ what: String, from start: Int, seconds: Double) -> String {
    let share = total > 0 ? min(1, Double(done) / Double(total)) : 0
    let full = Int(share * Double(width))
    var text = "[" + String(repeating: "#", count: full) + String(repeating: "-", count: width - full) + "] "
    text += "\(done)/\(total) \(what)"
    guard done > start, seconds > 0 else { return text }
    let rate = Double(done - start) / seconds
    return text + "  \(Shown.number(rate, decimals: rate < 10 ? 1 : 0))/s  "
      + "\(Shown.age(Double(max(total - done, 0)) / rate)) left"
  }
}
