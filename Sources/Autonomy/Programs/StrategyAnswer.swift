import DSLBase
import DecisionEngine

/// What a strategy proposed, read by the protocol `strategy/v1`.
struct StrategyAnswer {
  /// Decisions that one answer may hold.
  static let limit = 50
  private static let members = ["dsl", "decisions", "reason"]
  private static let decisionMembers = [
    "type", "rationale", "confidence", "priority", "description", "target", "parameters",
  ]

  let proposals: [DecisionProposal]
  /// Why there are none, in the program's words.
  let reason: String?
  /// What the protocol does not know.
  let unknown: [String]

  /// Reads an answer whole: one wrong member refuses all of it, as one in a policy file would.
  ///
  /// - Parameter types: the decision types that somebody here can carry out.
  /// - Throws: `DSLError` `.invalidInput` naming the member.
  init(_ json: JSONValue?, types: [DecisionType]) throws(DSLError) {
    let answer = try ProgramAnswer(json)
    var unknown = answer.unknown(Self.members)
    let entries = try answer.array("decisions")
    guard entries.count <= Self.limit else {
      throw answer.wrong("decisions", "at most \(Self.limit)", "\(entries.count)")
    }
    var proposals: [DecisionProposal] = []
    for (number, entry) in entries.enumerated() {
      let decision = try ProgramAnswer(entry, path: "decisions[\(number)]")
      unknown += decision.unknown(Self.decisionMembers)
      proposals.append(try Self.proposal(decision, types))
    }
    self.proposals = proposals
    reason = try answer.text("reason")
    self.unknown = unknown
  }

  private static func proposal(
    _ decision: ProgramAnswer, _ types: [DecisionType]
  ) throws(DSLError) -> DecisionProposal {
    let word = try decision.string("type")
    guard types.contains(DecisionType(rawValue: word)) else {
      throw DSLError(
        .invalidInput,
        "\(decision.place("type")): nothing here carries out \"\(word)\""
          + NearestSpelling.hint(for: word, among: types.map(\.rawValue)))
    }
    let target = try decision.text("target") ?? "fleet"
    guard (1...200).contains(target.utf8.count) else {
      throw decision.wrong("target", "1 to 200 bytes", "\(target.utf8.count)")
    }
    let rationale = try decision.string("rationale")
    guard !rationale.isEmpty else { throw decision.wrong("rationale", "a reason", "an empty text") }
    return DecisionProposal(
      type: DecisionType(rawValue: word), priority: try decision.integer("priority", in: 0...10) ?? 5,
      description: try decision.text("description") ?? "", rationale: rationale,
      parameters: try decision.object("parameters") ?? [:],
      confidence: try decision.number("confidence", in: 0...1), target: target)
  }
}
