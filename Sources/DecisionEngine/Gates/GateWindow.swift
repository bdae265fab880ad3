import DSLBase

/// Actions of the past as a window of time sees them.
///
/// An action counts while it is younger than the window. One that lies ahead of the clock by no more than the window
/// counts too; one further ahead is passed over, as everywhere in `Gate`. So none counts for longer than two windows.
struct GateWindow {
  /// Length, seconds.
  let seconds: Double
  /// The actions that count, oldest first.
  let facts: [PastActionFact]

  /// - Parameter past: in any order; of two at the same time the earlier in the list came first.
  init(_ past: [PastActionFact], now: Timestamp, seconds: Double) {
    self.seconds = seconds
    let counted: [(place: Int, fact: PastActionFact)] = past.enumerated().compactMap { place, fact in
      let age = now.seconds(since: fact.at)
      return age < seconds && -age <= seconds ? (place, fact) : nil
    }
    facts = counted.sorted { ($0.fact.at, $0.place) < ($1.fact.at, $1.place) }.map(\.fact)
  }

  /// When a number of the oldest actions will have left; `nil` when there are not that many.
  func time(without oldest: Int) -> Timestamp? {
    guard (1...max(1, facts.count)).contains(oldest), !facts.isEmpty else { return nil }
    return facts[oldest - 1].at.adding(seconds: seconds)
  }
}

extension GateRefusal {
  /// A refusal by a limit in a window of time: says when the limit lets the next one pass.
  static func window(
    _ gate: GateName, _ reason: String, observed: Int, required: Int, freesAt: Timestamp?
  ) -> GateRefusal {
    let next = freesAt.map { "next possible at \($0)" } ?? "never possible"
    return GateRefusal(
      gate: gate, reason: "\(reason); \(next)", observed: Double(observed), required: Double(required),
      freesAt: freesAt)
  }
}
