package import DSLBase
package import DecisionEngine

extension Programs {
  private static let scoreMembers = ["dsl", "score", "reason"]

  /// Scores an observation, with the score program's answer among its metrics.
  ///
  /// The answer is the metric `program_score`; a failure is evidence of a source that is missing, which lowers the
  /// confidence of a policy that weighs evidence, and the configured terms score alone.
  package func scored(_ observation: Observation, _ model: HealthModel) async -> Observation {
    guard let score = settings.score, observation.blind == nil else { return model.assess(observation) }
    var seen = observation
    var evidence = SourceEvidence(source: "program \(score.program.name)", status: .fresh, records: 1)
    do throws(ProgramFailure) {
      let question: JSONObject = ["observation": model.assess(observation).json]
      let answer = try await ask(score.program, .score, question) { (json) throws(DSLError) in
        let answer = try ProgramAnswer(json)
        _ = try answer.text("reason")
        return (value: try answer.number("score"), unknown: answer.unknown(Self.scoreMembers))
      }
      let clamped = min(1, max(0, answer.value))
      seen.metrics[.programScore] = clamped
      evidence.notes = answer.unknown
      if clamped != answer.value {
        evidence.notes.append("score \(answer.value) is not within 0 and 1 and was taken for \(clamped)")
      }
    } catch {
      evidence.status = .missing
      evidence.records = 0
      evidence.notes = [error.message]
    }
    seen.evidence.append(evidence)
    return effective(model, seen).assess(seen)
  }

  /// The health model of an observation: with the program's share when it answered, else the configured one.
  func effective(_ model: HealthModel, _ observation: Observation) -> HealthModel {
    guard let score = settings.score, observation.metrics[.programScore] != nil else { return model }
    var mixed = model
    mixed.terms =
      score.weight == 1
      ? []
      : model.terms.map { term in
        var term = term
        term.weight *= 1 - score.weight
        return term
      }
    mixed.terms.append(HealthModel.Term(.programScore, weight: score.weight, shape: .value))
    return mixed
  }

  /// What the score program's evidence has to say, a sentence each, for a report's warnings.
  func scoreNotes(_ observation: Observation) -> [String] {
    guard let score = settings.score else { return [] }
    let source = "program \(score.program.name)"
    return observation.evidence.filter { $0.source == source }.flatMap(\.notes).map {
      "score program \(score.program.name): \($0)"
    }
  }
}
