import DSLBase

/// What a rule asks of an observation. Three-valued: a condition on something that was not measured is
/// neither met nor failed, and `not` does not turn it into either.
indirect enum Condition: Sendable, Equatable {
  /// `name op expression`.
  case compare(name: String, Comparison, Expression, text: String)
  /// The health state is one of these.
  case state([HealthState])
  case all([Condition])
  case any([Condition])
  case not(Condition)

  /// How two numbers are compared, by the word in YAML.
  enum Comparison: String, Sendable, CaseIterable {
    case gt, gte, lt, lte, eq, ne

    /// The mathematical sign.
    var sign: String {
      switch self {
      case .gt: ">"
      case .gte: "≥"
      case .lt: "<"
      case .lte: "≤"
      case .eq: "="
      case .ne: "≠"
      }
    }

    func holds(_ a: Double, _ b: Double) -> Bool {
      switch self {
      case .gt: a > b
      case .gte: a >= b
      case .lt: a < b
      case .lte: a <= b
      case .eq: a == b
      case .ne: a != b
      }
    }
  }
}

/// What became of asking a condition.
enum Truth: Sendable, Equatable {
  case met
  case failed(ConditionMismatch)
  case unknown(ConditionMismatch)

  var mismatch: ConditionMismatch? {
    switch self {
    case .met: nil
    case .failed(let mismatch), .unknown(let mismatch): mismatch
    }
  }
}

/// The condition that kept a rule from matching.
public struct ConditionMismatch: Sendable, Equatable, CustomStringConvertible {
  /// What was asked about: "work_queue_size", "health_state".
  public let subject: String
  /// What was found: "8", "critical", "unknown".
  public let observed: String
  /// What the rule asks for: "> 15", "one of critical, degraded".
  public let required: String

  /// A mismatch in words.
  public init(subject: String, observed: String, required: String) {
    self.subject = subject
    self.observed = observed
    self.required = required
  }

  /// `work_queue_size is 8, required > 15`.
  public var description: String { "\(subject) is \(observed), required \(required)" }
}

extension Condition {
  /// Asks the condition; of several that are not met, the first that failed is told, else the first unknown
  /// one.
  func ask(_ scope: Scope) -> Truth {
    switch self {
    case .compare(let name, let comparison, let expression, let text):
      let observed = scope[name]
      let bound = expression.value { scope[$0] }
      var required = "\(comparison.sign) \(text)"
      if case .number = expression {} else { required += " (\(bound.map(NumberText.short) ?? "unknown"))" }
      let mismatch = ConditionMismatch(
        subject: name, observed: observed.map(NumberText.short) ?? "unknown", required: required)
      guard let observed, let bound else { return .unknown(mismatch) }
      return comparison.holds(observed, bound) ? .met : .failed(mismatch)
    case .state(let states):
      if states.contains(scope.state) { return .met }
      let words = states.map(\.rawValue).joined(separator: ", ")
      return .failed(
        ConditionMismatch(
          subject: Scope.stateName, observed: scope.state.rawValue,
          required: states.count == 1 ? words : "one of \(words)"))
    case .all(let parts):
      let truths = parts.map { $0.ask(scope) }
      if let failed = truths.first(where: { if case .failed = $0 { true } else { false } }) { return failed }
      return truths.first { $0 != .met } ?? .met
    case .any(let parts): return Self.anyOf(parts.map { $0.ask(scope) })
    case .not(let inner):
      let mismatch = ConditionMismatch(subject: "not", observed: "met", required: "not to be met")
      switch inner.ask(scope) {
      case .met: return .failed(mismatch)
      case .failed: return .met
      case .unknown(let inner): return .unknown(inner)
      }
    }
  }

  private static func anyOf(_ truths: [Truth]) -> Truth {
    if truths.contains(.met) || truths.isEmpty { return .met }
    let mismatches = truths.compactMap(\.mismatch)
    let together = ConditionMismatch(
      subject: mismatches.map(\.subject).joined(separator: " or "),
      observed: mismatches.map(\.observed).joined(separator: " and "),
      required: mismatches.map(\.required).joined(separator: " or "))
    let unknown = truths.contains { if case .unknown = $0 { true } else { false } }
    return unknown ? .unknown(together) : .failed(together)
  }
}
