package import DSLBase

/// What one gate says of one decision, as if it were the only one.
package struct GateNote: Sendable, Equatable {
  package var gate: GateName
  /// Why it holds the decision back; `nil` when it lets it pass.
  package var refusal: GateRefusal?
  /// What would let it pass, as a phrase; what it found otherwise.
  package var remedy: String

  /// `confidence holds it: … ; passes with …`.
  package var text: String {
    guard let refusal else { return "\(gate.rawValue) lets it pass" + (remedy.isEmpty ? "" : ": \(remedy)") }
    return "\(gate.rawValue) holds it: \(refusal.reason)" + (remedy.isEmpty ? "" : "; passes \(remedy)")
  }

  /// All fields.
  package var json: JSONValue {
    [
      "gate": .string(gate.rawValue), "passed": .bool(refusal == nil), "reason": .optional(refusal?.reason),
      "observed": .optional(refusal?.observed), "required": .optional(refusal?.required),
      "free_at": refusal?.freesAt?.json ?? .null, "remedy": .string(remedy),
    ]
  }

  /// Asks every gate about every decision, each gate alone, in the order of the decisions' rank.
  ///
  /// - Parameter confidences: how each decision came to its confidence.
  static func review(
    _ decisions: [Decision], _ confidences: [ConfidenceNote], settings: GateSettings, history: GateHistory,
    now: Timestamp
  ) -> [[GateNote]] {
    var notes: [[GateNote]] = decisions.map { _ in [] }
    for gate in GateName.allCases {
      let (alone, past) = isolated(gate, settings, history)
      let verdicts = Gate.judge(decisions, settings: alone, history: past, now: now)
      for (index, verdict) in verdicts.enumerated() {
        let remedy = remedy(gate, verdict, confidences[index], settings, past, now)
        notes[index].append(GateNote(gate: gate, refusal: verdict.refusal, remedy: remedy))
      }
    }
    return notes
  }

  private static func isolated(
    _ gate: GateName, _ settings: GateSettings, _ history: GateHistory
  ) -> (GateSettings, GateHistory) {
    var alone = GateSettings(
      minConfidence: 0, maxDecisionsPerCycle: .max, maxConcurrent: .max,
      cooldown: .init(up: 0, down: 0, other: 0),
      budget: .init(count: .max, windowSeconds: settings.budget.windowSeconds), flaps: .unlimited,
      calibration: .init(halfLifeSeconds: settings.calibration.halfLifeSeconds, maxOffset: 0))
    var past = history
    if gate != .leader { past.otherHolder = nil }
    if gate != .killSwitch { past.stopped = nil }
    if gate != .paused { past.paused = nil }
    switch gate {
    case .leader, .killSwitch, .paused: break
    case .confidence:
      alone.minConfidence = settings.requiredConfidence
      if settings.forceConfidence == nil { alone.calibration = settings.calibration }
    case .cooldown: alone.cooldown = settings.cooldown
    case .budget: alone.budget.count = settings.budget.count
    case .targetBudget:
      (alone.budget.up, alone.budget.down, alone.budget.other) =
        (settings.budget.up, settings.budget.down, settings.budget.other)
      alone.policyBudgets = settings.policyBudgets
    case .flap: (alone.flaps, alone.policyFlaps) = (settings.flaps, settings.policyFlaps)
    case .approval: alone.approval = settings.approval
    case .maxDecisions: alone.maxDecisionsPerCycle = settings.maxDecisionsPerCycle
    case .maxConcurrent: alone.maxConcurrent = settings.maxConcurrent
    case .dryRun: alone.dryRun = settings.dryRun
    }
    return (alone, past)
  }

  private static func remedy(
    _ gate: GateName, _ verdict: Verdict, _ confidence: ConfidenceNote, _ settings: GateSettings,
    _ history: GateHistory, _ now: Timestamp
  ) -> String {
    guard let refusal = verdict.refusal else {
      guard gate == .confidence else { return "" }
      let has = NumberText.short(verdict.decision.confidence)
      return "\(has), needs \(NumberText.short(confidence.required))"
    }
    let missing = refusal.observed.flatMap { found in refusal.required.map { $0 - found } }
    switch gate {
    case .leader: return "when that process ends"
    case .killSwitch: return "when that file is removed"
    case .paused: return "then, or with dsl auto resume"
    case .confidence:
      if let lift = confidence.lift { return lift }
      let added = confidence.required - settings.requiredConfidence
      return "at min_confidence \(NumberText.short(max(0, verdict.decision.confidence - added))) or less"
    case .cooldown: return "in \(NumberText.short(missing ?? 0)) s"
    case .budget: return "after \(NumberText.short(1 - (missing ?? 0))) fewer in the window"
    case .approval: return "with dsl auto approve"
    case .targetBudget, .flap:
      guard let frees = refusal.freesAt else { return "with a budget above 0" }
      return "in \(NumberText.short(frees.seconds(since: now))) s"
    case .maxDecisions: return "with max_decisions_per_cycle \(NumberText.short((refusal.observed ?? 0) + 1))"
    case .maxConcurrent: return "when \(NumberText.short(1 - (missing ?? 0))) of them have ended"
    case .dryRun: return "without dry run"
    }
  }

  /// What would lift a confidence to what is required: the least that one term would have to be, or else the terms
  /// that together would do it at their best; `nil` when not even all of them do.
  static func lift(_ assessment: ConfidenceAssessment, to required: Double) -> String? {
    var best: (term: ConfidenceAssessment.Term, value: Double)?
    for (term, lifted) in assessment.lifts where lifted >= required {
      let value = least(term, assessment, required)
      if value - term.value < best.map({ $0.value - $0.term.value }) ?? .infinity { best = (term, value) }
    }
    if let best {
      return "with \(best.term.name) \(NumberText.short(best.value)) or more, is "
        + "\(NumberText.short(best.term.value)) (\(best.term.why))"
    }
    var rest = assessment.terms
    var lifted: [String] = []
    for (term, _) in assessment.lifts {
      rest.removeAll { $0.name == term.name }
      lifted.append("\(term.name) (\(term.why))")
      let result = ConfidenceAssessment(ceiling: assessment.ceiling, terms: rest).result
      if result >= required {
        return
          "with the best \(lifted.joined(separator: " and ")), which makes it \(NumberText.short(result))"
      }
    }
    return nil
  }

  /// The least value of a term, to a ten-thousandth, with which the result reaches what is required.
  private static func least(
    _ term: ConfidenceAssessment.Term, _ assessment: ConfidenceAssessment, _ required: Double
  ) -> Double {
    var (low, high) = (Int((term.value * 10_000).rounded(.down)), 10_000)
    while high - low > 1 {
      let middle = (low + high) / 2
      var terms = assessment.terms
      for place in terms.indices where terms[place].name == term.name {
        terms[place].value = Double(middle) / 10_000
      }
      let result = ConfidenceAssessment(ceiling: assessment.ceiling, terms: terms).result
      if result >= required { high = middle } else { low = middle }
    }
    return Double(high) / 10_000
  }
}
