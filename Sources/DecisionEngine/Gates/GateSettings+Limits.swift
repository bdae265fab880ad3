extension GateSettings {
  /// All budgets of single targets: the configured ones, then the policy's.
  var targetBudgets: [TargetBudget] {
    let configured: [(ActionDirection, Int?)] = [
      (.up, budget.up), (.down, budget.down), (.neutral, budget.other),
    ]
    let budgets = configured.compactMap { direction, count in
      count.map { TargetBudget(direction: direction, count: $0, windowSeconds: budget.windowSeconds) }
    }
    return budgets + policyBudgets
  }

  /// All flap budgets: the configured one, then the policy's.
  var flapBudgets: [FlapBudget] { [flaps] + policyFlaps }

  /// With the limits that a policy brings: those configured hold as well.
  public func adding(_ policy: Policy) -> GateSettings {
    var settings = self
    settings.policyBudgets = policy.budgets
    settings.policyFlaps = policy.flaps
    return settings
  }

  /// As a check of the policy sees them: with its limits, and without any flap budget, because that would hide the swing
  /// which it ends.
  func checking(_ policy: Policy) -> GateSettings {
    var settings = adding(policy)
    settings.flaps = .unlimited
    settings.policyFlaps = []
    return settings
  }

  /// How far back the gates look, seconds: actions older than that need not be in a history.
  public var historySeconds: Double {
    var longest = max(budget.windowSeconds, cooldown.up, cooldown.down, cooldown.other)
    for budget in policyBudgets { longest = max(longest, budget.windowSeconds) }
    for budget in flapBudgets { longest = max(longest, budget.windowSeconds) }
    return longest
  }
}
