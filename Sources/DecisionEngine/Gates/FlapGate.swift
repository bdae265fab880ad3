import DSLBase

/// How often a target may be turned around in a window of time: scaled up after down, or down after up.
public struct FlapBudget: Sendable, Equatable {
  /// The target; `nil` for every target, each for itself.
  public var target: String?
  /// Reversals.
  public var count: Int
  /// Length of the window, seconds.
  public var windowSeconds: Double

  /// A budget.
  public init(target: String? = nil, count: Int = 4, windowSeconds: Double = 3600) {
    self.target = target
    self.count = count
    self.windowSeconds = windowSeconds
  }

  /// One that never refuses.
  static let unlimited = FlapBudget(count: .max)
}

extension GateJudge {
  /// The flap budgets of the decision's target. Only a reversal is ever refused: going on in the same direction is what
  /// ends flapping. Of several that refuse the one that frees last speaks.
  func flap(_ decision: Decision) -> GateRefusal? {
    let direction = ActionDirection(of: decision.type)
    guard direction != .neutral else { return nil }
    let scaled = (history.past + taken).filter {
      $0.target == decision.target && $0.direction != .neutral
    }
    var latest: GateRefusal?
    for budget in settings.flapBudgets where (budget.target ?? decision.target) == decision.target {
      guard let refusal = refusal(by: budget, decision.target, direction, scaled) else { continue }
      if latest?.freesAt?.nanoseconds ?? .min < refusal.freesAt?.nanoseconds ?? .max { latest = refusal }
    }
    return latest
  }

  private func refusal(
    by budget: FlapBudget, _ target: String, _ direction: ActionDirection, _ scaled: [PastActionFact]
  ) -> GateRefusal? {
    let window = GateWindow(scaled, now: now, seconds: budget.windowSeconds)
    let facts = window.facts
    guard let last = facts.last, last.direction != direction else { return nil }
    /// Reversals that are over when the first of their two actions leaves the window.
    let turns = zip(facts, facts.dropFirst()).map { $0.direction != $1.direction }
    var reversals = turns.count { $0 } + 1
    guard reversals > budget.count else { return nil }
    let observed = reversals
    var gone = 0
    while gone < turns.count, reversals > budget.count {
      if turns[gone] { reversals -= 1 }
      gone += 1
    }
    // Without any budget for it, the last action itself has to be forgotten.
    if reversals > budget.count { gone = facts.count }
    return .window(
      .flap,
      "it would be reversal \(observed) of \(target) in the last \(NumberText.short(budget.windowSeconds)) s, "
        + "\(budget.count) are allowed",
      observed: observed, required: budget.count, freesAt: window.time(without: gone))
  }
}
