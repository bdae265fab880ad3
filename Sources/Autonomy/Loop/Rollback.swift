package import Coordination
package import DSLBase

/// What undoing one decision came to.
package struct RollbackReport: Sendable, Equatable {
  /// What became of one step.
  package struct Step: Sendable, Equatable {
    package var action: String
    package var target: String
    package var reversal: Reversal
  }

  package var decision: Decision
  package var steps: [Step]

  /// Whether every step was undone, some, or none.
  package var outcome: UndoOutcome {
    let undone = steps.count { if case .reverted = $0.reversal { true } else { false } }
    return undone == steps.count ? .reverted : undone == 0 ? .refused : .partly
  }

  /// Why steps were left alone, in one sentence; empty when none was.
  package var reason: String {
    steps.compactMap { step in
      guard case .refused(let why) = step.reversal else { return nil }
      return "\(step.action) \(step.target): \(why)"
    }.joined(separator: "; ")
  }

  package var json: JSONValue {
    [
      "decision_id": .string(decision.id), "type": .string(decision.type.rawValue),
      "outcome": .string(outcome.rawValue),
      "reason": .string(reason), "steps": .array(steps.map(\.json)),
    ]
  }
}

extension RollbackReport.Step {
  package var json: JSONValue {
    switch reversal {
    case .reverted(let what):
      ["action": .string(action), "target": .string(target), "outcome": "reverted", "detail": .string(what)]
    case .refused(let why):
      ["action": .string(action), "target": .string(target), "outcome": "refused", "detail": .string(why)]
    }
  }
}

/// Undoes decisions from the journal, however long ago and by whichever process they were carried out.
package struct Rollback: Sendable {
  private let executor: DecisionExecutor

  package init(_ executor: DecisionExecutor) { self.executor = executor }

  /// Undoes one decision, its steps last first.
  ///
  /// - Parameters:
  ///   - entry: the decision as journaled.
  ///   - by: who asks for it, for the record.
  /// - Throws: `invalidState` when there is nothing to undo: it was not carried out, or is undone already.
  package func undo(_ entry: JournaledDecision, by: String) async throws -> RollbackReport {
    try await undo(entry, by: by, isResumed: false)
  }

  /// - Parameter isResumed: whether an earlier process may have undone some of the steps.
  private func undo(_ entry: JournaledDecision, by: String, isResumed: Bool) async throws -> RollbackReport {
    let decision = try Decision(json: entry.decision)
    guard entry.outcome == .executed || entry.outcome == .stopped else {
      throw DSLError(
        .invalidState,
        "decision \(decision.id) was not carried out (\(entry.outcome?.rawValue ?? "unfinished")), so there is nothing to undo"
      )
    }
    if let last = entry.undo.last(where: { $0.outcome == .reverted }) {
      throw DSLError(.invalidState, "decision \(decision.id) was already undone at \(last.at) by \(last.by)")
    }
    try executor.journal.setState(Journal.undoMark, ["decision": .string(decision.id), "by": .string(by)])
    var report = RollbackReport(decision: decision, steps: [])
    // Of one that was stopped half way, what was done.
    let done = entry.steps.filter { entry.outcome == .executed || $0.receipt != nil }
    for journaled in done.reversed() {
      let step = try EffectStep(json: journaled.step)
      if let reason = executor.killSwitch?.reason() {
        let refusal = Reversal.refused("the kill switch is thrown: \(reason)")
        report.steps.append(.init(action: step.action, target: step.target, reversal: refusal))
        continue
      }
      let receipt = journaled.receipt ?? .null
      let earlier = isResumed ? try await executor.alreadyUndone(step, of: decision.type) : nil
      let reversal: Reversal
      if let earlier {
        reversal = earlier
      } else {
        reversal = try await executor.revert(step, receipt: receipt, of: decision.type)
      }
      report.steps.append(.init(action: step.action, target: step.target, reversal: reversal))
    }
    let results = zip(done.reversed(), report.steps).map {
      UndoneStep(step: $0.number, result: $1.json)
    }
    try executor.journal.undone(
      decision: decision.id, steps: results, outcome: report.outcome, reason: report.reason,
      at: executor.time.now, by: by)
    try executor.journal.setState(Journal.undoMark, .null)
    return report
  }

  /// Finishes an undo that its process did not live to finish.
  ///
  /// - Returns: a sentence about it, or `nil` when there was none.
  package func resume() async throws -> String? {
    guard let mark = try executor.journal.state(Journal.undoMark), let id = mark["decision"]?.string else {
      return nil
    }
    let entry = try executor.journal.decision(id)
    if entry.isUndone {
      try executor.journal.setState(Journal.undoMark, .null)
      return nil
    }
    let report = try await undo(entry, by: mark["by"]?.string ?? "recovery", isResumed: true)
    return "\(id): an undo that had been cut short was finished: \(report.outcome.rawValue)"
  }
}
