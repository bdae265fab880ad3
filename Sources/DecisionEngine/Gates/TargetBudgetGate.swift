import DSLBase

/// How many actions in one direction one target may see in a window of time.
public struct TargetBudget: Sendable, Equatable {
  /// The target; `nil` for every target, each for itself.
  public var target: String?
  /// The direction; `nil` for all together.
  public var direction: ActionDirection?
  /// Actions.
  public var count: Int
  /// Length of the window, seconds.
  public var windowSeconds: Double

  /// A budget.
  public init(
    target: String? = nil, direction: ActionDirection? = nil, count: Int, windowSeconds: Double
  ) {
    self.target = target
    self.direction = direction
    self.count = count
    self.windowSeconds = windowSeconds
  }

  /// Whether it counts actions of a direction on a target.
  func covers(_ target: String, _ direction: ActionDirection) -> Bool {
    (self.target ?? target) == target && (self.direction ?? direction) == direction
  }
}

extension GateJudge {
  /// The budgets of the decision's target and direction. Of several that refuse the one that frees last speaks.
  func targetBudget(_ decision: Decision) -> GateRefusal? {
    let direction = ActionDirection(of: decision.type)
    var latest: GateRefusal?
    for budget in settings.targetBudgets where budget.covers(decision.target, direction) {
      guard let refusal = refusal(by: budget, decision.target) else { continue }
      guard let known = latest else {
        latest = refusal
        continue
      }
      let (old, new) = (known.freesAt?.nanoseconds ?? .max, refusal.freesAt?.nanoseconds ?? .max)
      if new > old { latest = refusal }
    }
    return latest
  }

  private func refusal(by budget: TargetBudget, _ target: String) -> GateRefusal? {
    let counted = (history.past + taken).filter {
      $0.target == target && (budget.direction ?? $0.direction) == $0.direction
    }
    let window = GateWindow(counted, now: now, seconds: budget.windowSeconds)
    let spent = window.facts.count
    guard spent >= budget.count else { return nil }
    let direction = budget.direction.map { $0 == .neutral ? "of no direction " : "\($0.rawValue) " } ?? ""
    return .window(
      .targetBudget,
      "\(spent) actions \(direction)on \(target) in the last \(NumberText.short(budget.windowSeconds)) s, "
        + "\(budget.count) are allowed",
      observed: spent, required: budget.count, freesAt: window.time(without: spent - budget.count + 1))
  }
}
