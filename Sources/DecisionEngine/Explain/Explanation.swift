package import DSLBase

/// Why a policy decides what it does in one observation, why not, and how far it is from the opposite.
package struct Explanation: Sendable, Equatable {
  /// One rule, or one proposal of a strategy.
  package struct RuleNote: Sendable, Equatable {
    package var consideration: Consideration
    /// The decision, when it makes one.
    package var decision: Decision?
    /// What the confidence of its decisions is made of; `nil` for a strategy that proposes nothing.
    package var confidence: ConfidenceNote?
    /// What every gate says of the decision; empty without one.
    package var gates: [GateNote]
    /// The changes of a single metric that flip it, the nearest first; the nearest of two where there is none.
    package var flips: [MetricFlip]
    /// Whether a strategy proposed it, which was asked about this observation only: what flips it is not known.
    package var isStrategy = false
  }

  /// What was observed, scored.
  package var observation: Observation
  /// The score in words, with what each term adds.
  package var health: String
  /// Why nothing is decided; `nil` when something is.
  package var silence: String?
  /// In the order of the policy; what strategies proposed behind them.
  package var rules: [RuleNote]

  /// Explains an observation.
  ///
  /// - Parameters:
  ///   - observation: scored or not.
  ///   - history: what the gates look back on.
  ///   - now: the wall clock of the gates.
  ///   - strategies: what strategies answered about this observation.
  /// - Complexity: O(metrics · 200) decisions.
  package init(
    _ engine: DecisionEngine, _ observation: Observation, gates: GateSettings, history: GateHistory,
    now: Timestamp, cycle: String = "explain", strategies: [AnsweredStrategy] = []
  ) {
    let scored = engine.assess(observation)
    let set = engine.decide(scored, cycle: cycle, strategies: strategies)
    self.observation = scored
    health =
      scored.blind.map { "unknown: \($0)" } ?? engine.health.score(scored.metrics).explanation
    silence = set.silence
    let settings = gates.adding(engine.policy)
    let made = Dictionary(set.decisions.map { ($0.rule, $0) }, uniquingKeysWith: { first, _ in first })
    let confidences = engine.policy.rules.map { rule in
      ConfidenceNote(
        engine, scored, rule, made: made[rule.name]?.assessment, settings, history.record)
    }
    let names = engine.policy.ruleNames
    let notes = set.decisions.map { decision in
      names.firstIndex(of: decision.rule).map { confidences[$0] }
        ?? ConfidenceNote(
          constant: decision.confidence,
          required: settings.requiredConfidence(of: history.record[decision.type, decision.rule]))
    }
    let reviews = GateNote.review(
      set.decisions, notes, settings: settings, history: history, now: now)
    let flips = FlipSearch(engine, scored).run()
    rules = engine.policy.rules.enumerated().map { index, rule in
      let place = set.decisions.firstIndex { $0.rule == rule.name }
      let blind = Consideration(
        rule: rule.name, type: rule.type, outcome: .unusable(set.silence ?? "it was not asked"))
      return RuleNote(
        consideration: set.considered.first { $0.rule == rule.name } ?? blind,
        decision: place.map { set.decisions[$0] }, confidence: confidences[index],
        gates: place.map { reviews[$0] } ?? [], flips: flips[index])
    }
    rules += set.considered.filter { !names.contains($0.rule) }.map { consideration in
      var place: Int?
      if case .matched(let id) = consideration.outcome { place = set.decisions.firstIndex { $0.id == id } }
      return RuleNote(
        consideration: consideration, decision: place.map { set.decisions[$0] },
        confidence: place.map { notes[$0] }, gates: place.map { reviews[$0] } ?? [], flips: [],
        isStrategy: true)
    }
  }
}

extension Explanation.RuleNote {
  /// Whether the rule made a decision, and what kept it from it otherwise.
  package var outcome: String {
    switch consideration.outcome {
    case .matched: "matches"
    case .superseded(let winner): "matches, but \(winner) has precedence"
    case .failed(let mismatch): "does not match: \(mismatch)"
    case .unusable(let reason): "is not usable: \(reason)"
    }
  }

  /// The nearest flip in words; says so when there is none.
  package var distance: String {
    guard !isStrategy else { return "what it answers to other observations only the strategy knows" }
    guard let nearest = flips.first else {
      return "no change of one metric, or of two counts by up to \(FlipSearch.pairReach) in all, flips it"
    }
    return (decision == nil ? "needs " : "no longer with ") + nearest.text
  }

  /// All fields.
  package var json: JSONValue {
    var object: JSONObject = [
      "rule": .string(consideration.rule), "type": .optional(consideration.type?.rawValue),
      "outcome": .string(outcome),
    ]
    if case .failed(let mismatch) = consideration.outcome {
      object["condition"] = [
        "subject": .string(mismatch.subject), "observed": .string(mismatch.observed),
        "required": .string(mismatch.required),
      ]
    }
    object["decision"] = decision?.json ?? .null
    object["confidence"] = confidence?.json ?? .null
    object["gates"] = .array(gates.map(\.json))
    object["distance"] = .string(distance)
    object["flips"] = .array(flips.map(\.json))
    return .object(object)
  }
}

extension Explanation {
  /// All fields but the observation's agents.
  package var json: JSONValue {
    [
      "health": .string(health), "metrics": observation.metrics.json,
      "evidence": .array(observation.evidence.map(\.json)), "silence": .optional(silence),
      "rules": .array(rules.map(\.json)),
    ]
  }
}
