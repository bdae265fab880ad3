import DSLBase
import Testing

@testable import DecisionEngine

/// What a confidence lacks, counted, and told by the explanation.
@Suite struct ShortfallTests {
  private static let policy = """
    name: careful
    evidence: {stale: 0.5, missing: 0.5, corrupt: 0.5, disagreement: 0.5}
    rules:
      - {name: grow, type: scale_up, priority: 1, confidence: 0.9, when: {work_queue_size: {gt: 0}},
         parameters: {target_agents: 9}, description: d, rationale: r}
    """

  /// So many agents, of which some run and are silent.
  private func observation(agents: Int, torn: Int) -> Observation {
    var observation = CheckState(agents: agents, work: 9, completed: 3, telemetry: 1).observation()
    observation.agents = (0..<agents).map {
      AgentView(id: "a\($0)", state: $0 < torn ? .stale : .idle, running: true)
    }
    observation.metrics[.claimedWork] = 0
    return observation
  }

  private func note(_ observation: Observation, needs required: Double) throws -> Explanation.RuleNote {
    let explanation = Explanation(
      DecisionEngine(policy: try Policy(yaml: Self.policy, file: "careful.yaml")), observation,
      gates: GateSettings(minConfidence: required), history: GateHistory(), now: Timestamp(seconds: 1))
    return try #require(explanation.rules.first)
  }

  @Test func heartbeatsAreCounted() throws {
    // 4 of 8 silent: 0.9 · (1 − 0.5 · 0.5) = 0.675; with two more heartbeats 0.9 · (1 − 0.5 · 0.25) = 0.7875.
    let note = try note(observation(agents: 8, torn: 4), needs: 0.78)
    let confidence = try #require(note.confidence)
    #expect(confidence.text == "confidence 0.68, gate 0.78: two fresh heartbeats short")
    #expect(confidence.lacks == "two fresh heartbeats")
    #expect(
      confidence.factors == ["× 0.75 agreement 0.5: 4 of 8 agents are silent although their processes run"])
    let gate = try #require(note.gates.first { $0.gate == .confidence })
    #expect(
      gate.text == "confidence holds it: confidence 0.68 is below 0.78; passes with two fresh heartbeats")
    #expect(try self.note(observation(agents: 8, torn: 2), needs: 0.78).confidence?.lacks == nil, "it passes")
    #expect(
      try self.note(observation(agents: 8, torn: 3), needs: 0.78).confidence?.lacks == "one fresh heartbeat")
  }

  @Test(arguments: 1...8) func soManyAreEnoughAndOneLessIsNot(torn: Int) throws {
    for hundredths in 46...90 {
      let required = Double(hundredths) / 100
      let least = (0...torn).first { fresh in
        0.9 * (1 - 0.5 * (1 - (1 - Double(torn - fresh) / 8))) >= required
      }
      let lacks = try note(observation(agents: 8, torn: torn), needs: required).confidence?.lacks
      let words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"]
      let expected = least.flatMap { $0 == 0 ? nil : "\(words[$0]) fresh heartbeat\($0 == 1 ? "" : "s")" }
      #expect(lacks == expected, "\(torn) silent, needs \(required)")
    }
  }

  @Test func recordsAreCountedAndTheFewestThingsAreTold() throws {
    var seen = observation(agents: 4, torn: 0)
    seen.evidence = [
      SourceEvidence(source: "agents", status: .fresh, records: 4),
      SourceEvidence(source: "work", status: .fresh, records: 6, unreadable: 4),
    ]
    // 0.9 · (1 − 0.5 · 0.4) = 0.72; with three of the four 0.9 · (1 − 0.5 · 0.1) = 0.855.
    #expect(try note(seen, needs: 0.85).confidence?.lacks == "three readable records of work")
    seen.evidence[0] = SourceEvidence(
      source: "agents", status: .stale, records: 4, newestAgeSeconds: 180, limitSeconds: 90)
    #expect(
      try note(seen, needs: 0.85).confidence?.lacks
        == "one fresh heartbeat and three readable records of work")
    #expect(try note(seen, needs: 0.72).confidence?.lacks == "one fresh heartbeat")
    seen.evidence[1] = SourceEvidence(source: "work", status: .missing)
    #expect(try note(seen, needs: 0.8).confidence?.lacks == "one fresh heartbeat and one record of work")
  }

  @Test func whatNoEvidenceLiftsIsTheRulesOwn() throws {
    let confidence = try #require(try note(observation(agents: 8, torn: 4), needs: 0.95).confidence)
    #expect(confidence.lacks == nil)
    #expect(confidence.text == "confidence 0.68, gate 0.95: the rule claims 0.90 at most")
  }

  @Test func everyTermIsInTheJSON() throws {
    let json = try #require(try note(observation(agents: 8, torn: 4), needs: 0.78).confidence?.json)
    #expect(json["ceiling"] == 0.9 && json["result"] == 0.675 && json["required"] == 0.78)
    let terms = try #require(json["terms"]?.array)
    #expect(terms.map { $0["name"]?.string } == ["freshness", "completeness", "agreement", "record"])
    #expect(terms.map { $0["factor"]?.double } == [1, 1, 0.75, 1])
    #expect(terms.map { $0["lifted"]?.double } == [0.675, 0.675, 0.9, 0.675])
    #expect(json["lacks"] == "two fresh heartbeats")
  }

  @Test func whatAStrategyProposedIsExplainedAsWell() throws {
    let proposal = DecisionProposal(
      type: .optimize, priority: 3, description: "d", rationale: "r", parameters: [:], confidence: 0.5,
      target: "fleet")
    let explanation = Explanation(
      DecisionEngine(policy: try Policy(yaml: Self.policy, file: "careful.yaml")),
      observation(agents: 8, torn: 0), gates: GateSettings(minConfidence: 0.6), history: GateHistory(),
      now: Timestamp(seconds: 1), strategies: [AnsweredStrategy(name: "mine", proposals: [proposal])])
    let note = try #require(explanation.rules.last)
    #expect(note.consideration.rule == "mine" && note.outcome == "matches")
    #expect(note.decision?.type == .optimize && note.flips.isEmpty && !note.distance.isEmpty)
    #expect(note.confidence?.text == "confidence 0.50, gate 0.60: the rule claims 0.50 at most")
    #expect(note.gates.first { $0.gate == .confidence }?.refusal != nil)
  }
}
