/// What kind of change a decision asks for. Open: strategies may bring their own, with a handler for it.
public struct DecisionType: Sendable, Hashable, Comparable, RawRepresentable, CustomStringConvertible {
  /// The word, in snake case.
  public let rawValue: String
  /// A type of that word.
  public init(rawValue: String) { self.rawValue = rawValue }
  /// The word.
  public var description: String { rawValue }
  /// Alphabetical order.
  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }

  /// Start agents until there are `target_agents`.
  public static let scaleUp = DecisionType(rawValue: "scale_up")
  /// Drain idle agents until there are `target_agents`.
  public static let scaleDown = DecisionType(rawValue: "scale_down")
  /// Reclaim, spread and quarantine work.
  public static let coordinationImprove = DecisionType(rawValue: "coordination_improve")
  /// Tune the agents' concurrency.
  public static let optimize = DecisionType(rawValue: "optimize")
  /// Replace stale agents.
  public static let restart = DecisionType(rawValue: "restart")
  /// Probe agents.
  public static let healthCheck = DecisionType(rawValue: "health_check")
  /// Sample more telemetry.
  public static let telemetryEnhance = DecisionType(rawValue: "telemetry_enhance")

  /// The types every backend is asked about, in the order of the document.
  public static let all: [DecisionType] = [
    .scaleUp, .scaleDown, .coordinationImprove, .optimize, .restart, .healthCheck, .telemetryEnhance,
  ]
}

/// One change that the engine thinks right, with everything needed to judge it.
public struct Decision: Sendable, Equatable {
  /// Unique; `d-` and 16 hex digits derived from the cycle and the rule, so that a replay finds the same id.
  public var id: String
  /// What kind of change.
  public var type: DecisionType
  /// 0 (whenever) to 10 (now).
  public var priority: Int
  /// What will be done, in words.
  public var description: String
  /// Why, with the numbers that led to it.
  public var rationale: String
  /// What the effect needs to know: `target_agents`, `limit`, `max_age_s`, ….
  public var parameters: JSONObject
  /// How sure the engine is that this is right, 0…1.
  public var confidence: Double
  /// What it is about: "fleet", "queue", "telemetry" or an agent's id. Cooldowns count per target.
  public var target: String
  /// When it was made.
  public var createdAt: Timestamp
  /// The policy rule or strategy it came from.
  public var rule: String
  /// How the confidence came about; `nil` where it is a constant of policy or strategy.
  public var assessment: ConfidenceAssessment?

  /// A decision.
  public init(
    id: String, type: DecisionType, priority: Int, description: String, rationale: String,
    parameters: JSONObject = [:], confidence: Double, target: String, createdAt: Timestamp, rule: String,
    assessment: ConfidenceAssessment? = nil
  ) {
    self.id = id
    self.type = type
    self.priority = priority
    self.description = description
    self.rationale = rationale
    self.parameters = parameters
    self.confidence = confidence
    self.target = target
    self.createdAt = createdAt
    self.rule = rule
    self.assessment = assessment
  }
}
