public import DSLBase

/// The one gate before every effect.
///
/// The gates are asked in the order of `GateName`, and the first that refuses speaks. A decision that passes,
/// or is held back by `dry_run` alone, counts against the limits for those ranked after it: so a dry run
/// shows exactly what a real one would do.
///
/// A wall clock can step back and leave history in the future. An action that lies ahead by no more than the
/// wait it asks for counts as having happened now, so the wait is at most doubled; one further ahead cannot
/// come from this clock and is passed over, so nothing locks forever. It unlocks at most one action a target:
/// that one is then history with a true time.
public enum Gate {
  /// Judges decisions in the order of their rank.
  ///
  /// - Parameters:
  ///   - decisions: in the order in which they would be carried out.
  ///   - settings: what they must satisfy.
  ///   - history: what happened before.
  ///   - now: the wall clock.
  /// - Returns: one verdict a decision, in the same order.
  /// - Complexity: O(decisions · history).
  public static func judge(
    _ decisions: [Decision], settings: GateSettings, history: GateHistory, now: Timestamp
  ) -> [Verdict] {
    var judge = GateJudge(settings: settings, history: history, now: now)
    return decisions.map { Verdict(decision: $0, refusal: judge.refusal(of: $0)) }
  }
}

/// The state of judging one cycle's decisions.
struct GateJudge {
  let settings: GateSettings
  let history: GateHistory
  let now: Timestamp
  /// Decisions of this cycle that passed, or would but for the dry run.
  private(set) var taken: [PastActionFact] = []
  private var accepted: Int { taken.count }

  init(settings: GateSettings, history: GateHistory, now: Timestamp) {
    self.settings = settings
    self.history = history
    self.now = now
  }

  mutating func refusal(of decision: Decision) -> GateRefusal? {
    if let refusal = leader() ?? killSwitch() ?? paused() { return refusal }
    let limited = cooldown(decision) ?? budget() ?? targetBudget(decision) ?? flap(decision)
    if let refusal = confidence(decision) ?? limited ?? approval(decision) ?? limits() { return refusal }
    taken.append(PastActionFact(type: decision.type, target: decision.target, at: now))
    return settings.dryRun ? GateRefusal(gate: .dryRun, reason: "dry run: nothing is done") : nil
  }

  private func leader() -> GateRefusal? {
    history.otherHolder.map { GateRefusal(gate: .leader, reason: "the loop is led by \($0)") }
  }

  private func cooldown(_ decision: Decision) -> GateRefusal? {
    let direction = ActionDirection(of: decision.type)
    var longest: (rest: Double, age: Double, wait: Double, fact: PastActionFact)?
    for fact in history.past where fact.target == decision.target {
      guard direction == .neutral ? fact.type == decision.type : fact.direction != .neutral else { continue }
      let wait = max(wait(direction), wait(fact.direction))
      guard let age = age(of: fact, within: wait), age < wait else { continue }
      if wait - age > longest?.rest ?? 0 { longest = (wait - age, age, wait, fact) }
    }
    guard let longest else { return nil }
    return GateRefusal(
      gate: .cooldown,
      reason: "\(longest.fact.type) of \(decision.target) was \(NumberText.short(longest.age)) s ago, "
        + "\(decision.type) waits \(NumberText.short(longest.wait)) s after it",
      observed: longest.age, required: longest.wait,
      freesAt: longest.fact.at.adding(seconds: longest.wait))
  }

  private func wait(_ direction: ActionDirection) -> Double {
    switch direction {
    case .up: settings.cooldown.up
    case .down: settings.cooldown.down
    case .neutral: settings.cooldown.other
    }
  }

  /// Seconds since an action, 0 for one slightly in the future, `nil` for one beyond belief.
  private func age(of fact: PastActionFact, within wait: Double) -> Double? {
    let age = now.seconds(since: fact.at)
    if age >= 0 { return age }
    return -age <= wait ? 0 : nil
  }

  private func budget() -> GateRefusal? {
    let window = settings.budget.windowSeconds
    let facts = GateWindow(history.past + taken, now: now, seconds: window)
    let spent = facts.facts.count
    guard spent >= settings.budget.count else { return nil }
    return GateRefusal(
      gate: .budget,
      reason: "\(spent) actions in the last \(NumberText.short(window)) s, "
        + "the budget is \(settings.budget.count)",
      observed: Double(spent), required: Double(settings.budget.count),
      freesAt: facts.time(without: spent - settings.budget.count + 1))
  }

  private func limits() -> GateRefusal? {
    if accepted >= settings.maxDecisionsPerCycle {
      return GateRefusal(
        gate: .maxDecisions,
        reason:
          "\(accepted.counted("decision")) passed in this cycle, at most \(settings.maxDecisionsPerCycle) may",
        observed: Double(accepted), required: Double(settings.maxDecisionsPerCycle))
    }
    let underWay = history.running + accepted
    guard underWay >= settings.maxConcurrent else { return nil }
    return GateRefusal(
      gate: .maxConcurrent,
      reason: "\(underWay) actions are under way, at most \(settings.maxConcurrent) may be",
      observed: Double(underWay), required: Double(settings.maxConcurrent))
  }
}
