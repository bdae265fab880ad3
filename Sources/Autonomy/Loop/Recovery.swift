import Coordination
import DSLBase

/// Finishes what an engine that died left half done, before anything new is decided.
package struct Recovery: Sendable {
  private let executor: DecisionExecutor

  package init(_ executor: DecisionExecutor) { self.executor = executor }

  /// Looks up every intent without an outcome and brings the world back to before it.
  ///
  /// A decision of which only some steps were done is undone rather than continued: what it was based on has passed.
  /// One whose steps were all done is kept. Nothing is started for the sake of what was before: whether an agent that has
  /// stopped meanwhile is missed is for the next decision to say.
  ///
  /// - Returns: a sentence for each decision that was found.
  /// - Throws: when the journal fails.
  package func run() async throws -> [String] {
    var notes: [String] = []
    for entry in try executor.journal.unfinished() {
      notes.append(try await settle(entry))
    }
    return notes
  }

  private func settle(_ entry: JournaledDecision) async throws -> String {
    let decision = try Decision(json: entry.decision)
    var performed: [(step: EffectStep, receipt: JSONValue)] = []
    var unclear: [String] = []
    // Perhaps done, or half done: what there is of them is taken back too.
    var begun: [(step: EffectStep, receipt: JSONValue)] = []
    let steps = try entry.steps.map { (step) throws(DSLError) in try EffectStep(json: step.step) }
    for (journaled, step) in zip(entry.steps, steps) {
      if let receipt = journaled.receipt {
        performed.append((step, receipt))
        continue
      }
      switch try await executor.inspect(step, of: decision.type) {
      case .performed(let receipt): performed.append((step, receipt))
      case .absent: break
      case .unclear(let reason):
        unclear.append("\(step.action) \(step.target): \(reason)")
        begun.append((step, .null))
      }
    }
    if performed.count == steps.count, unclear.isEmpty {
      for (journaled, done) in zip(entry.steps, performed) where journaled.receipt == nil {
        try executor.journal.performed(
          decision: entry.id, step: journaled.number, receipt: done.receipt, at: executor.time.now)
      }
      let message = "found complete after the engine had died: " + StepSummary.of(steps)
      try finish(decision, .executed, message)
      return "\(decision.id): \(message)"
    }
    if executor.handlers[decision.type] != nil { begun = [] }
    var stayed = 0
    for (position, (step, receipt)) in (performed + begun).enumerated().reversed() {
      if try await executor.alreadyUndone(step, of: decision.type) != nil { continue }
      if case .refused(let reason) = try await executor.withdraw(step, receipt: receipt, of: decision.type) {
        unclear.append("\(step.action) \(step.target) stays: \(reason)")
        if position < performed.count { stayed += 1 }
      }
    }
    let rest = unclear.isEmpty ? "" : "; " + unclear.joined(separator: "; ")
    let undone = stayed == 0 ? "and were undone" : "and all but \(stayed) undone"
    let message =
      "the engine died during it; \(performed.count) of \(steps.count.counted("step")) had been done \(undone)\(rest)"
    try finish(decision, .undoneAfterFailure, message)
    return "\(decision.id): \(message)"
  }

  private func finish(_ decision: Decision, _ outcome: DecisionOutcome, _ message: String) throws {
    try executor.journal.finish(
      decision: decision.id, outcome: outcome, message: message, durationMs: 0, at: executor.time.now)
  }
}
