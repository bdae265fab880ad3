/// One step of carrying out a decision: the smallest thing that is done, or not, and can be undone by itself.
///
/// Steps are planned and journaled, with what is there before, before any of them is performed. All fields are data,
/// so that a process started days later can undo what another did.
public struct EffectStep: Sendable, Equatable {
  /// What is done, in the backend's vocabulary: "start_agent", "requeue_item", ….
  public var action: String
  /// What it is done to: an agent or item id.
  public var target: String
  /// What performing it needs to know.
  public var parameters: JSONObject
  /// The state it replaces, enough to restore it; `null` when there is none.
  public var before: JSONValue

  /// A step.
  public init(action: String, target: String, parameters: JSONObject = [:], before: JSONValue = .null) {
    self.action = action
    self.target = target
    self.parameters = parameters
    self.before = before
  }
}

/// What carrying out a decision would do, as found by looking, without doing any of it.
public enum EffectPlan: Sendable, Equatable {
  /// These steps, in this order.
  case steps([EffectStep])
  /// Nothing, because the world already is as wanted or offers nothing to act on; the reason as a sentence.
  case nothing(reason: String)
  /// Nothing, because the world cannot take what is wanted: no place for another agent; the reason as a sentence. The
  /// decision counts as refused.
  case refused(reason: String)
}

/// What became of undoing a step.
public enum Reversal: Sendable, Equatable {
  /// The state before the step is restored; the sentence says what was done.
  case reverted(String)
  /// It was left alone, because the world moved on or it cannot be undone; the sentence says why.
  case refused(String)
}

/// What a journaled step left behind when its process died before noting the outcome.
public enum StepTrace: Sendable, Equatable {
  /// It was not performed.
  case absent
  /// It was performed; the receipt is what `perform` would have returned.
  case performed(receipt: JSONValue)
  /// Neither can be shown.
  case unclear(String)
}
