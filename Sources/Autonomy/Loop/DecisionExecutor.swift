package import Coordination
package import DSLBase
import DecisionEngine

/// Carries out single decisions and takes them back: the only caller of `Backend.perform` and `Backend.revert`.
///
/// Around each effect stand the journal's two notes: the intent, with every step and what it replaces, is durable before
/// the first step; the outcome follows the last. Whoever finds an intent without an outcome knows what to look for.
package struct DecisionExecutor: Sendable {
  package let backend: any Backend
  package let handlers: [DecisionType: any DecisionHandler]
  package let journal: Journal
  package let time: any TimeSource
  /// Asked before each step; `nil` for what has to be done despite it.
  package let killSwitch: KillSwitch?

  package init(
    backend: any Backend, handlers: [DecisionType: any DecisionHandler], journal: Journal,
    time: any TimeSource, killSwitch: KillSwitch? = nil
  ) {
    self.backend = backend
    self.handlers = handlers
    self.journal = journal
    self.time = time
    self.killSwitch = killSwitch
  }

  /// The steps for a decision: by the handler for its type where there is one, else by the backend.
  package func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    if let handler = handlers[decision.type] { return try await handler.plan(decision, observation) }
    return try await backend.plan(decision, observation)
  }

  /// Carries a decision out. A step that fails has what there is of it and the ones before it undone, last first.
  ///
  /// When the kill switch is thrown meanwhile, the remaining steps are not done, and those that were stay: what to make of
  /// them is for people to say.
  ///
  /// - Parameters:
  ///   - plan: made before, and the only one that may be carried out.
  ///   - approval: the approval that it is carried out with; used up by that.
  /// - Throws: only when the journal fails, because what is not journaled could not be undone; and `superseded` when
  ///   another engine leads by now, which settles what was begun. Then nothing more is done.
  package func execute(
    _ decision: Decision, _ observation: Observation, cycle: String, plan made: EffectPlan? = nil,
    approval: String? = nil
  ) async throws -> DecisionReport {
    let start = time.monotonicSeconds
    func report(_ outcome: DecisionReport.Outcome) -> DecisionReport {
      DecisionReport(
        decision: decision, outcome: outcome, durationMs: milliseconds(time.monotonicSeconds - start))
    }
    let steps: [EffectStep]
    do {
      var plan = made
      if plan == nil { plan = try await self.plan(decision, observation) }
      switch plan ?? .steps([]) {
      case .steps(let planned): steps = planned
      case .nothing(let reason):
        try intend(decision, cycle, [])
        try journal.finish(
          decision: decision.id, outcome: .nothingToDo, message: reason, durationMs: 0, at: time.now)
        return report(.nothingToDo(reason))
      case .refused(let reason):
        try journal.refused([RefusedDecision(decision, cycle: cycle, reason: reason, at: time.now)])
        return report(.noPlace(reason))
      }
    } catch let error as DSLError where error.code != .corrupt && error.code != .io {
      try intend(decision, cycle, [])
      try journal.finish(
        decision: decision.id, outcome: .failed, message: error.description, durationMs: 0, at: time.now)
      return report(.failed(error: error.description, undone: "nothing was done"))
    }
    do {
      try intend(decision, cycle, steps, approval)
    } catch let error as DSLError where error.code == .conflict && approval != nil {
      let gate = GateName.approval.rawValue
      return report(.refused(gate: gate, reason: error.message, observed: nil, required: nil))
    }
    var performed: [(step: EffectStep, receipt: JSONValue)] = []
    for (number, step) in steps.enumerated() {
      if let reason = killSwitch?.reason() {
        let outcome = report(.stopped(reason, done: number, of: steps.count))
        try journal.finish(
          decision: decision.id, outcome: .stopped, message: outcome.sentence,
          durationMs: outcome.durationMs, at: time.now)
        return outcome
      }
      do {
        let receipt = try await perform(step, for: decision)
        performed.append((step, receipt))
        try journal.performed(decision: decision.id, step: number, receipt: receipt, at: time.now)
      } catch let error as DSLError where error.code == .superseded {
        throw error
      } catch {
        let reason = "\(step.action) \(step.target): \(error)"
        let undone = await takeBack(performed, performed.count > number ? nil : step, error, decision.type)
        let outcome = report(.failed(error: reason, undone: undone))
        try journal.finish(
          decision: decision.id, outcome: .undoneAfterFailure, message: "\(reason); \(undone)",
          durationMs: outcome.durationMs, at: time.now)
        return outcome
      }
    }
    let result = StepSummary.of(steps)
    var outcome = report(.executed(result))
    outcome.improvements = Self.improvements(steps)
    outcome.traces = Self.traces(performed)
    try journal.finish(
      decision: decision.id, outcome: .executed, message: result, durationMs: outcome.durationMs, at: time.now
    )
    return outcome
  }

  /// The agents and items that steps changed and that belong to a trace.
  private static func traces(_ performed: [(step: EffectStep, receipt: JSONValue)]) -> [DecisionReport.Trace]
  {
    performed.compactMap { step, receipt in
      receipt["traceparent"]?.string.map {
        DecisionReport.Trace(id: step.target, isItem: step.action.hasSuffix("_item"), parent: $0)
      }
    }
  }

  /// The actions of steps without what they act on: `reclaim`, `spread`, `quarantine`, ….
  private static func improvements(_ steps: [EffectStep]) -> [String] {
    let words = steps.map { String($0.action.prefix { $0 != "_" }) }
    return words.enumerated().filter { words.firstIndex(of: $0.element) == $0.offset }.map(\.element)
  }

  private func intend(
    _ decision: Decision, _ cycle: String, _ steps: [EffectStep], _ approval: String? = nil
  ) throws {
    try journal.intend(
      decision.json, id: decision.id, cycle: cycle, type: decision.type.rawValue, target: decision.target,
      direction: ActionDirection(of: decision.type).rawValue, steps: steps.map(\.json), approval: approval,
      at: time.now)
  }

  private func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    try journal.requireLeadership()
    if let handler = handlers[decision.type] { return try await handler.perform(step, for: decision) }
    return try await backend.perform(step, for: decision)
  }

  /// Undoes one performed step for whoever asked for that.
  package func revert(_ step: EffectStep, receipt: JSONValue, of type: DecisionType) async throws -> Reversal
  {
    try journal.requireLeadership()
    if let handler = handlers[type] { return try await handler.revert(step, receipt: receipt) }
    return try await backend.revert(step, receipt: receipt)
  }

  /// Undoes one performed step because its decision cannot be finished: nothing is started for that.
  package func withdraw(_ step: EffectStep, receipt: JSONValue, of type: DecisionType) async throws
    -> Reversal
  {
    try journal.requireLeadership()
    if let handler = handlers[type] { return try await handler.revert(step, receipt: receipt) }
    return try await backend.withdraw(step, receipt: receipt)
  }

  /// Finds out what became of a step: by whoever would have performed it.
  package func inspect(_ step: EffectStep, of type: DecisionType) async throws -> StepTrace {
    if let handler = handlers[type] { return try await handler.inspect(step) }
    guard backend.supports.contains(type) else {
      return .unclear("nothing handles \(type) any more that could tell whether it was done")
    }
    return try await backend.inspect(step)
  }

  /// What undoing comes to where an earlier process may have done it already: a step of which nothing is left is undone.
  /// `nil` when there is something to undo.
  package func alreadyUndone(_ step: EffectStep, of type: DecisionType) async throws -> Reversal? {
    guard case .absent = try await inspect(step, of: type) else { return nil }
    return .reverted("nothing of it was left")
  }

  /// Whether a step may have failed in the middle. One that was refused because the world is another one was not begun, and
  /// what looks like it is somebody else's.
  private static func mayHaveBegun(_ error: any Error) -> Bool {
    guard let error = error as? DSLError else { return true }
    return error.code == .io || error.code == .internalError
  }

  /// Undoes steps after a later one failed, and what that one did before it failed; tells in a sentence how that went.
  private func takeBack(
    _ performed: [(step: EffectStep, receipt: JSONValue)], _ failed: EffectStep?, _ error: any Error,
    _ type: DecisionType
  ) async -> String {
    var steps = performed
    var left: [String] = []
    if let failed, handlers[type] == nil, Self.mayHaveBegun(error) {
      do {
        switch try await backend.inspect(failed) {
        case .absent: break
        case .performed(let receipt): steps.append((failed, receipt))
        case .unclear: steps.append((failed, .null))
        }
      } catch {
        left.append("what there is of \(failed.action) \(failed.target) is unknown: \(error)")
      }
    }
    guard !steps.isEmpty || !left.isEmpty else { return "nothing had been done before" }
    for (step, receipt) in steps.reversed() {
      do {
        if case .refused(let reason) = try await withdraw(step, receipt: receipt, of: type) {
          left.append("\(step.action) \(step.target) stays: \(reason)")
        }
      } catch {
        left.append("\(step.action) \(step.target) stays: \(error)")
      }
    }
    guard left.isEmpty else { return left.joined(separator: "; ") }
    let half = steps.count > performed.count ? "what it had begun and " : ""
    let before =
      performed.count == 1 ? "the step before it was" : "the \(performed.count) steps before it were"
    return "\(half)\(before) undone"
  }

  private func milliseconds(_ seconds: Double) -> Double { (seconds * 1_000_000).rounded() / 1000 }
}

/// Says in words what a list of steps does: "started 3 agents, drained 1 agent".
package enum StepSummary {
  package static func of(_ steps: [EffectStep]) -> String {
    var order: [String] = []
    var counts: [String: Int] = [:]
    for step in steps {
      let asked = step.action == "start_agent" && step.parameters["by"]?.string == "supervisor"
      let action = asked ? "ask_for_agent" : step.action
      if counts[action] == nil { order.append(action) }
      counts[action, default: 0] += action == "spread_items" ? step.assignment.count : 1
    }
    let phrases = order.map { phrase($0, counts[$0] ?? 0) }.joined(separator: ", ")
    guard let missing = steps.last?.parameters[ReplicaPlanner.unplaced], let count = missing["agents"]?.int
    else {
      return phrases
    }
    return phrases + "; \(count.counted("agent")) fewer than wanted: \(missing["reason"]?.string ?? "")"
  }

  private static func phrase(_ action: String, _ count: Int) -> String {
    func things(_ verb: String, _ noun: String) -> String {
      "\(verb) \(count.counted(noun))"
    }
    switch action {
    case "start_agent": return things("started", "agent")
    case "ask_for_agent": return things("asked for", "agent")
    case "drain_agent": return things("drained", "agent")
    case "retire_agent": return things("retired", "stale agent")
    case "probe_agent": return things("probed", "agent")
    case "reclaim_item": return things("reclaimed", "expired claim")
    case "quarantine_item": return things("quarantined", "item")
    case "spread_items": return things("spread", "pending item")
    case "set_concurrency": return things("tuned the concurrency of", "agent")
    case "run_command": return things("ran", "configured command")
    case "set_sampling": return things("raised the telemetry sampling of", "agent")
    default: return things("performed", "\(action) step")
    }
  }
}
