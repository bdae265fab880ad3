import DSLBase

/// Finds an agent's concurrency by hill climbing on the throughput that was measured.
///
/// One step at a time, up while work is waiting: a step that paid (at least 5 % more items a minute) is followed by
/// another, one that cost as much is taken back, and one that changed little ends the climb. The last step and the
/// throughput before it are kept in the agent's record, so the climb survives restarts of the engine.
package struct ConcurrencyTuner: Sendable {
  /// The last change and what throughput was before it.
  package struct Step: Sendable, Equatable {
    package var from: Int
    package var to: Int
    package var throughputPerMinute: Double?

    package init(from: Int, to: Int, throughputPerMinute: Double?) {
      self.from = from
      self.to = to
      self.throughputPerMinute = throughputPerMinute
    }
  }

  /// What to do, and why.
  package enum Advice: Sendable, Equatable {
    case keep(reason: String)
    case change(to: Int, reason: String)
  }

  /// A change of throughput below this share counts as none.
  private static let significance = 0.05

  package let bounds: ClosedRange<Int>
  package let waiting: Int
  package let throughputPerMinute: Double?

  package init(bounds: ClosedRange<Int>, waiting: Int, throughputPerMinute: Double?) {
    self.bounds = bounds
    self.waiting = waiting
    self.throughputPerMinute = throughputPerMinute
  }

  /// The next concurrency of an agent that runs at `current`.
  package func next(_ current: Int, last: Step?) -> Advice {
    if current > bounds.upperBound { return .change(to: bounds.upperBound, reason: "above max_concurrency") }
    if current < bounds.lowerBound { return .change(to: bounds.lowerBound, reason: "below min_concurrency") }
    guard waiting > 0 else { return .keep(reason: "no work is waiting") }
    guard let last, last.to == current, let before = last.throughputPerMinute, let now = throughputPerMinute,
      before > 0
    else { return climb(current, "work is waiting") }
    let gain = now / before - 1
    let percent = "\(Int((gain * 100).rounded())) %"
    if gain <= -Self.significance, last.from >= bounds.lowerBound, last.from != current {
      return .change(to: last.from, reason: "throughput changed by \(percent) since concurrency \(last.from)")
    }
    if gain < Self.significance {
      return .keep(reason: "the last change of concurrency changed little (\(percent))")
    }
    return last.to > last.from
      ? climb(current, "throughput rose by \(percent) with the last step")
      : .keep(reason: "throughput recovered by \(percent) after stepping back")
  }

  private func climb(_ current: Int, _ reason: String) -> Advice {
    guard current < bounds.upperBound else {
      return .keep(reason: "concurrency is at its maximum of \(bounds.upperBound)")
    }
    return .change(to: current + 1, reason: reason)
  }
}
