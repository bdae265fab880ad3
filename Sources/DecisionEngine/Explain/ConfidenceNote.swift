package import DSLBase

/// A rule's confidence beside what its gate asks for.
package struct ConfidenceNote: Sendable, Equatable {
  /// What the confidence is made of.
  package var assessment: ConfidenceAssessment
  /// What the gate asks for, what the rule's record adds included.
  package var required: Double
  /// The fewest heartbeats and records that would make it pass: `two fresh heartbeats`; `nil` when it passes or no
  /// evidence would.
  package var lacks: String?

  /// Notes how a rule's confidence stands.
  ///
  /// - Parameter made: how the rule's decision came to its confidence, where it made one.
  init(
    _ engine: DecisionEngine, _ observation: Observation, _ rule: Policy.Rule, made: ConfidenceAssessment?,
    _ gates: GateSettings, _ record: CalibrationRecord
  ) {
    let (policy, known) = (engine.policy, engine.record[rule.type, rule.name])
    func assess(_ seen: Observation) -> ConfidenceAssessment {
      policy.assess(rule.confidence, EvidenceTerms(seen, policy.evidence), known)
    }
    assessment = made ?? assess(observation)
    required = gates.requiredConfidence(of: record[rule.type, rule.name])
    lacks =
      assessment.result >= required
      ? nil : Shortfall(observation) { assess($0).result }.things(to: required)
  }

  /// A confidence that nothing is known of but the number.
  init(constant: Double, required: Double) {
    assessment = ConfidenceAssessment(ceiling: constant, terms: [])
    self.required = required
  }

  /// What would make it pass, as a phrase; `nil` when it passes.
  var lift: String? {
    guard assessment.result < required else { return nil }
    return lacks.map { "with \($0)" } ?? GateNote.lift(assessment, to: required)
  }

  /// `confidence 0.72, gate 0.80: two fresh heartbeats short`.
  package var text: String {
    let isShort = assessment.result < required
    let (has, needs) = NumberText.pair(assessment.result, required)
    let head = "confidence \(has), gate \(needs)"
    guard isShort else { return head }
    if let lacks { return "\(head): \(lacks) short" }
    if let lift { return "\(head): passes \(lift)" }
    return "\(head): the rule claims \(NumberText.hundredths(assessment.ceiling)) at most"
  }

  /// What takes from the ceiling, a line a term: `× 0.75 freshness 0.5: agents: the newest is 180 s old, …`.
  package var factors: [String] {
    assessment.terms.filter { $0.factor < 1 }.map {
      "\u{00D7} \(NumberText.short($0.factor)) \($0.name) \(NumberText.short($0.value)): \($0.why)"
    }
  }

  /// All fields; each term with its factor and what the confidence would be with the term at its best.
  package var json: JSONValue {
    let terms = assessment.terms.map { term -> JSONValue in
      [
        "name": .string(term.name), "value": .double(term.value), "weight": .double(term.weight),
        "factor": .double(term.factor), "lifted": .double(assessment.lifted(term.name)),
        "why": .string(term.why),
      ]
    }
    return [
      "ceiling": .double(assessment.ceiling), "terms": .array(terms), "result": .double(assessment.result),
      "required": .double(required), "lacks": .optional(lacks), "text": .string(text),
    ]
  }
}
