/// A source of decisions beside the policy: looks at what was observed and may propose.
///
/// Its decisions pass the same ranking, gates, journal and undo as all others. Total: it does not throw and has no effect.
public protocol DecisionStrategy: Sendable {
  /// The name that its decisions carry as their rule.
  var name: String { get }
  /// Proposals for this observation. `id`, `createdAt` and `rule` are set by the engine afterwards.
  func decide(_ observation: Observation) -> [DecisionProposal]
  /// Why it proposes nothing this time, as a phrase, for those who ask; `nil` when it does not say.
  var silence: String? { get }
}

extension DecisionStrategy {
  /// Does not say.
  public var silence: String? { nil }
}

/// What a strategy or handler proposes; the engine adds id, time and rule.
public struct DecisionProposal: Sendable, Equatable {
  /// What kind of change.
  public var type: DecisionType
  /// 0 to 10.
  public var priority: Int
  /// What will be done; derived from type and parameters when empty.
  public var description: String
  /// Why.
  public var rationale: String
  /// What the effect needs to know.
  public var parameters: JSONObject
  /// 0…1.
  public var confidence: Double
  /// What it is about.
  public var target: String
  /// How the confidence came about; `nil` where it is a constant of the strategy.
  public var assessment: ConfidenceAssessment?

  /// A proposal.
  public init(
    type: DecisionType, priority: Int, description: String = "", rationale: String,
    parameters: JSONObject = [:],
    confidence: Double, target: String = "fleet"
  ) {
    self.type = type
    self.priority = priority
    self.description = description
    self.rationale = rationale
    self.parameters = parameters
    self.confidence = confidence
    self.target = target
  }
}

/// Carries out decisions of a type that the backend does not know, step by step like a backend would.
public protocol DecisionHandler: Sendable {
  /// Finds the steps for a decision, without doing anything.
  func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan
  /// Performs one step and returns its receipt.
  func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue
  /// Undoes a performed step, or refuses.
  func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal
  /// Finds out what became of a step whose process died before the outcome was noted.
  func inspect(_ step: EffectStep) async throws -> StepTrace
}

extension DecisionHandler {
  /// Neither can be shown: what a handler that cannot look says.
  public func inspect(_ step: EffectStep) async throws -> StepTrace {
    .unclear("its handler cannot tell whether it was done")
  }
}
