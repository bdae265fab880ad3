/// What the loop runs on: something that can be looked at and changed.
///
/// The engine owns the order of things (gate, journal, act, verify, undo); a backend only looks, plans and performs
/// single steps. Each implementation passes the contract suite in `Tests/AutonomyTests/BackendContract.swift`:
/// observing and planning change nothing; performing a step twice does no more than performing it once; reverting a
/// performed step restores what was before, or refuses with a reason and changes nothing; withdrawing one brings nothing
/// to life.
public protocol Backend: Sendable {
  /// "files", "memory", …: as in `--backend` and in the journal.
  var name: String { get }
  /// The decision types that `plan` understands.
  var supports: [DecisionType] { get }
  /// Looks at everything once.
  ///
  /// - Throws: only for faults of the engine itself. What cannot be seen is evidence in the observation, not an error.
  func observe() async throws -> Observation
  /// Finds the steps that would carry out a decision, given what was observed, without doing anything.
  ///
  /// - Throws: `unsupported` for a type it does not know, `invalidInput` for parameters it cannot use.
  func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan
  /// Performs one step, durably.
  ///
  /// - Returns: the receipt: what is there now, enough to recognise it again when undoing.
  /// - Throws: when it was not done; then nothing of it remains.
  func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue
  /// Undoes a performed step, or refuses when the world is no longer as the receipt says.
  func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal
  /// Undoes a step that the engine clears away by itself: one of a decision that its process did not live to finish, or of
  /// one of which a later step failed. Nobody asked for the fleet of before, so nothing may be started for its sake: where
  /// undoing takes that, it refuses, and the next decision is made on what there is.
  func withdraw(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal
  /// Finds out what became of a step whose process died before the outcome was noted.
  func inspect(_ step: EffectStep) async throws -> StepTrace
  /// What an approval of a step binds beyond the step itself: a digest of the target as it is now, when a change of it
  /// should make the approval void; `nil` when the step says it all.
  func mark(of step: EffectStep) async -> String?
  /// What of a step an approval binds: all of it, unless the world is never the same in two cycles. Then what names the state
  /// alone is left out, because the step is planned anew for the cycle that carries it out.
  func bound(_ step: EffectStep) -> EffectStep
  /// Lets time pass in a world that stands still between cycles: called once at the end of a cycle that acts, unless the kill
  /// switch is thrown.
  ///
  /// - Parameter observation: what the cycle saw first: where the world has gone on since, because a decision was carried
  ///   out, no further time passes.
  /// - Returns: what is worth knowing, a sentence each; `nil` in a world whose time passes by itself.
  func passTime(_ observation: Observation) async throws -> [String]?
}

extension Backend {
  /// The same as reverting, for backends whose undoing starts nothing.
  public func withdraw(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    try await revert(step, receipt: receipt)
  }

  /// Nothing beyond the step.
  public func mark(of step: EffectStep) async -> String? { nil }

  /// All of it.
  public func bound(_ step: EffectStep) -> EffectStep { step }

  /// It passes by itself.
  public func passTime(_ observation: Observation) async throws -> [String]? { nil }
}
