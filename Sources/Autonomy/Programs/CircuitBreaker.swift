package import DSLBase

/// Holds a program back that keeps failing, and tries it again now and then. Pure.
///
/// closed → after `maxFailures` failures in a row → open for `retryAfter` → one trial (half open) → closed when it
/// succeeds, else open for twice as long, at most 32 times `retryAfter`. Times are those of the wall clock, because the
/// state outlives processes and boots; one further ahead than the longest wait belongs to a clock that was set back and
/// does not hold.
package struct CircuitBreaker: Sendable, Equatable {
  private static let longest = 5

  /// Failures since the last success.
  package private(set) var failures = 0
  /// Until when it is held back; `nil` when it is not.
  package private(set) var openUntil: Timestamp?
  /// Trials that failed since it was first held back.
  package private(set) var trials = 0

  /// Closed.
  package init() {}

  /// Whether the program may run now.
  package func allows(at now: Timestamp, _ settings: ProgramSettings) -> Bool {
    guard let openUntil else { return true }
    let left = openUntil.seconds(since: now)
    return left <= 0 || left > settings.retryAfterSeconds * Double(1 << Self.longest)
  }

  /// Notes a success.
  package mutating func succeeded() { self = CircuitBreaker() }

  /// Notes a failure.
  package mutating func failed(at now: Timestamp, _ settings: ProgramSettings) {
    failures += 1
    guard failures >= settings.maxFailures else { return }
    if openUntil != nil { trials = min(trials + 1, Self.longest) }
    openUntil = now.adding(seconds: settings.retryAfterSeconds * Double(1 << trials))
  }

  /// What the journal keeps.
  package var json: JSONValue {
    [
      "failures": .int(failures), "open_until_ns": openUntil.map { .int($0.nanoseconds) } ?? .null,
      "trials": .int(trials),
    ]
  }

  /// A breaker as journaled; what cannot be read counts as closed.
  package init(json: JSONValue) {
    failures = max(0, json["failures"]?.int ?? 0)
    trials = min(max(0, json["trials"]?.int ?? 0), Self.longest)
    openUntil = json["open_until_ns"]?.int.map { Timestamp(nanoseconds: Int64($0)) }
  }
}
