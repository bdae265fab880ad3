import DSLBase

/// The rules by which an observation becomes decisions: data, written in YAML (`docs/policies.md`).
public struct Policy: Sendable, Equatable {
  /// Its name, as it appears in the journal.
  public let name: String
  /// What it is for.
  public let description: String
  /// The text it was read from.
  public let source: String
  /// The rules' names, in order.
  public var ruleNames: [String] { rules.map(\.name) }

  /// What a rule may say of approval: the position is how many people it takes.
  static let approvals = ["none", "required", "two_person"]
  /// How many people have to approve what a rule decides, by its name; without those that need none.
  package var approvers: [String: Int] {
    var found: [String: Int] = [:]
    for rule in rules where rule.approvers > 0 { found[rule.name] = rule.approvers }
    return found
  }

  let bindings: [Binding]
  let rules: [Rule]
  let silences: [Silence]
  let evidence: EvidenceWeights
  /// Limits on actions in a window of time, beside those configured.
  var budgets: [TargetBudget] = []
  /// Limits on reversals in a window of time, beside the one configured.
  var flaps: [FlapBudget] = []

  /// One rule: when it matches, what it proposes.
  struct Rule: Sendable, Equatable {
    let name: String
    let bindings: [Binding]
    let when: Condition
    let type: DecisionType
    let priority: Int
    let confidence: Double
    let target: String
    let parameters: [Parameter]
    let description: Template
    let rationale: Template
    /// How many people have to approve what it decides.
    let approvers: Int
  }

  /// A parameter of the decision: as written, or computed.
  struct Parameter: Sendable, Equatable {
    enum Value: Sendable, Equatable {
      case constant(JSONValue)
      case formula(Expression)
    }

    let name: String
    let value: Value
  }

  /// What to say when no rule matches.
  struct Silence: Sendable, Equatable {
    let when: Condition
    let say: Template
  }

  /// Policies are compared by what they say, not by how it is laid out.
  public static func == (lhs: Policy, rhs: Policy) -> Bool {
    lhs.name == rhs.name && lhs.description == rhs.description && lhs.bindings == rhs.bindings
      && lhs.rules == rhs.rules && lhs.silences == rhs.silences && lhs.evidence == rhs.evidence
      && lhs.budgets == rhs.budgets && lhs.flaps == rhs.flaps
  }
}

extension Policy {
  /// The policies that ship, by name: their YAML text.
  public static let builtInTexts: [(name: String, text: String)] = [
    ("default", DefaultPolicy.text), ("dslmodel", OriginalPolicy.text),
  ]

  /// One of the policies that ship.
  ///
  /// - Throws: `DSLError` (`not_found`) for another name.
  public static func builtIn(_ name: String) throws -> Policy {
    guard let found = builtInTexts.first(where: { $0.name == name }) else {
      let names = builtInTexts.map(\.name)
      throw DSLError(
        .notFound, "there is no policy \"\(name)\"" + NearestSpelling.hint(for: name, among: names),
        fix: "name one of \(names.joined(separator: ", ")) or a YAML file")
    }
    return try Policy(yaml: found.text, file: "\(name).yaml")
  }

  /// The policy used unless another is named.
  public static var `default`: Policy { get throws { try builtIn("default") } }
  /// The original engine's rules, to the letter.
  public static var dslmodel: Policy { get throws { try builtIn("dslmodel") } }
}
