package import DSLBase

/// A strategy that was asked before the engine decides: its proposals stand, so that deciding stays pure and a replay
/// decides on the same ones.
///
/// The journal keeps these answers of a cycle under `program_answers` of its settings, whatever the strategy was: a
/// program, or Swift that embeds the engine.
package struct AnsweredStrategy: DecisionStrategy, Equatable {
  /// Where the answers of a cycle stand in its journaled settings.
  package static let journalKey = "program_answers"

  package let name: String
  package let proposals: [DecisionProposal]
  package let silence: String?

  /// An answer.
  package init(name: String, proposals: [DecisionProposal], silence: String? = nil) {
    self.name = name
    self.proposals = proposals
    self.silence = silence
  }

  /// Asks a strategy now.
  package init(asking strategy: any DecisionStrategy, _ observation: Observation) {
    self.init(
      name: strategy.name, proposals: strategy.decide(observation), silence: strategy.silence)
  }

  package func decide(_ observation: Observation) -> [DecisionProposal] { proposals }

  /// All fields. Proposals whose confidence is no share are left out: they never become decisions.
  package var json: JSONValue {
    let usable = proposals.filter { (0...1).contains($0.confidence) }
    return [
      "name": .string(name), "decisions": .array(usable.map(\.json)), "silence": .optional(silence),
    ]
  }

  /// - Throws: `DSLError` (`corrupt`) when a member is missing or of the wrong kind.
  package init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "answer of a strategy")
    self.init(
      name: try fields.string("name"),
      proposals: try fields.array("decisions").map { (value) throws(DSLError) in
        try DecisionProposal(json: value)
      }, silence: fields["silence"]?.string)
  }

  /// The answers that the journaled settings of a cycle hold; none in those of older versions.
  ///
  /// - Throws: `DSLError` (`corrupt`).
  package static func all(in settings: JSONValue) throws(DSLError) -> [AnsweredStrategy] {
    guard let answers = settings[journalKey]?.array else { return [] }
    return try answers.map { (value) throws(DSLError) in try AnsweredStrategy(json: value) }
  }
}

extension DecisionProposal {
  /// All fields, in the words of `Decision`.
  package var json: JSONValue {
    var object: JSONObject = [
      "type": .string(type.rawValue), "priority": .int(priority), "description": .string(description),
      "rationale": .string(rationale), "parameters": .object(parameters), "confidence": .double(confidence),
      "target": .string(target),
    ]
    if let assessment { object["assessment"] = assessment.json }
    return .object(object)
  }

  /// - Throws: `DSLError` (`corrupt`) when a member is missing or of the wrong kind.
  package init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "proposal")
    self.init(
      type: DecisionType(rawValue: try fields.string("type")), priority: try fields.int("priority"),
      description: try fields.string("description"), rationale: try fields.string("rationale"),
      parameters: try fields.object("parameters"), confidence: try fields.double("confidence"),
      target: try fields.string("target"))
    assessment = try fields["assessment"].map { (value) throws(DSLError) in
      try ConfidenceAssessment(json: value)
    }
  }
}
