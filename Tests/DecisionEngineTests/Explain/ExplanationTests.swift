import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct ExplanationTests {
  private func explain(
    _ policy: String, _ state: CheckState, gates: GateSettings = GateSettings(),
    history: GateHistory = GateHistory()
  ) throws -> Explanation {
    Explanation(
      DecisionEngine(policy: try Policy.builtIn(policy)), state.observation(), gates: gates, history: history,
      now: Timestamp(seconds: 1000))
  }

  @Test func theSampleUnderTheOriginalRules() throws {
    let explanation = try explain("dslmodel", .sample)
    #expect(explanation.health.hasPrefix("0.2891 critical = 0.1091 completion_rate + 0.12 active_agents"))
    #expect(
      explanation.rules.prefix(4).map { "\($0.consideration.rule) \($0.outcome); \($0.distance)" } == [
        "critical_agents does not match: active_agents is 2, required < 2; needs active_agents <= 1, is 2",
        "critical_queue does not match: work_queue_size is 8, required > 15; needs work_queue_size >= 16, is 8",
        "degraded_completion does not match: health_state is critical, required degraded; "
          + "needs active_agents >= 3, is 2",
        "degraded_queue does not match: health_state is critical, required degraded; "
          + "needs active_agents >= 3, is 2",
      ])
    #expect(explanation.silence?.contains("critical_agents does not match") == true)
  }

  @Test func everyFlipFlips() throws {
    for name in ["default", "dslmodel"] {
      let engine = DecisionEngine(policy: try Policy.builtIn(name))
      for state in [CheckState.sample, CheckState(agents: 5, work: 0, completed: 10, telemetry: 9)] {
        let explanation = try explain(name, state)
        #expect(explanation.rules.map(\.consideration.rule) == engine.policy.ruleNames)
        for note in explanation.rules {
          for flip in note.flips {
            let changed = try #require(explanation.observation.changed(as: flip))
            let rules = engine.decide(engine.assess(changed), cycle: "c").decisions.map(\.rule)
            #expect(rules.contains(note.consideration.rule) == (note.decision == nil), "\(note.distance)")
          }
          #expect(note.flips.map(\.distance) == note.flips.map(\.distance).sorted())
        }
      }
    }
  }

  @Test func noNearerCountFlipsTheRule() throws {
    let explanation = try explain("dslmodel", .sample)
    let engine = DecisionEngine(policy: try Policy.dslmodel)
    let note = explanation.rules[1]
    #expect(note.flips.first?.change.metric == .workQueueSize)
    for work in 0..<16 where work != 8 {
      guard let changed = explanation.observation.changing(.workQueueSize, to: Double(work)) else { continue }
      let rules = engine.decide(engine.assess(changed), cycle: "c").decisions.map(\.rule)
      #expect(!rules.contains("critical_queue"), "\(work)")
    }
  }

  /// By brute force: what is told flips the rule, and no count that is nearer does.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func nothingSmallerFlipsIt(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var checked = 0
    for name in ["default", "dslmodel"] {
      let engine = DecisionEngine(policy: try Policy.builtIn(name))
      func rules(_ observation: Observation) -> Set<String> {
        Set(engine.decide(engine.assess(observation), cycle: "c").decisions.map(\.rule))
      }
      let state = CheckState(
        agents: Int.random(in: 0...9, using: &random), work: Int.random(in: 0...20, using: &random),
        completed: Int.random(in: 0...30, using: &random), telemetry: Int.random(in: 0...22, using: &random))
      let explanation = try explain(name, state)
      let before = explanation.observation
      let now = rules(before)
      for metric in [MetricName.activeAgents, .workQueueSize, .completedCount, .telemetryVolume] {
        let value = Int(try #require(before.metrics[metric]))
        /// For each rule the least distance at which this metric alone flips it.
        var least: [String: Int] = [:]
        for distance in 1...60 {
          for target in [value + distance, value - distance] where target >= 0 {
            guard let changed = before.changing(metric, to: Double(target)) else { continue }
            let flipped = rules(changed).symmetricDifference(now)
            for rule in flipped where least[rule] == nil { least[rule] = distance }
          }
        }
        for note in explanation.rules {
          let told = note.flips.first { $0.change.metric == metric && $0.second == nil }
          let place: Comment = "seed \(seed), \(name), \(state.text), \(note.consideration.rule), \(metric)"
          if let expected = least[note.consideration.rule] {
            #expect(told?.distance == Double(expected), place)
            checked += 1
          } else {
            #expect(told == nil || told?.distance ?? 0 > 60, place)
          }
        }
      }
    }
    #expect(checked > 10, "seed \(seed)")
  }

  @Test func twoChangesAreToldWhereOneIsNotEnough() throws {
    let explanation = try explain("dslmodel", CheckState(agents: 3, work: 0, completed: 5, telemetry: 0))
    let engine = DecisionEngine(policy: try Policy.dslmodel)
    let pairs = explanation.rules.filter { $0.flips.first?.second != nil }
    #expect(pairs.map(\.consideration.rule) == ["critical_agents", "optimal_agents", "optimal_telemetry"])
    for note in pairs {
      let flip = try #require(note.flips.first)
      let changed = try #require(explanation.observation.changed(as: flip))
      let rules = engine.decide(engine.assess(changed), cycle: "c").decisions.map(\.rule)
      #expect(rules.contains(note.consideration.rule), "\(note.distance)")
      #expect(note.distance.contains(", and "), "\(note.distance)")
    }
  }

  @Test func farThresholdsAreFoundByHalving() throws {
    let text = """
      name: far
      rules:
        - {name: long, type: optimize, priority: 1, confidence: 0.8, when: {completed_count: {gt: 1234}}, description: d, rationale: r}
        - {name: old, type: restart, priority: 1, confidence: 0.8, when: {oldest_pending_s: {gte: "60 * active_agents"}}, description: d, rationale: r}
      """
    let explanation = Explanation(
      DecisionEngine(policy: try Policy(yaml: text, file: "far.yaml")),
      CheckState(agents: 7, work: 9, completed: 3, telemetry: 1).observation(), gates: GateSettings(),
      history: GateHistory(), now: Timestamp(seconds: 1))
    #expect(explanation.rules[0].distance == "needs completed_count >= 1235, is 3")
    #expect(explanation.rules[1].flips.contains { $0.text == "oldest_pending_s >= 420, is 60" })
  }

  @Test func busyAgentsGoAfterIdleOnesAndLeaveTheirItems() throws {
    let observation = CheckState(agents: 3, work: 2, completed: 2, telemetry: 0).observation()
    let changed = try #require(observation.changing(.activeAgents, to: 1)).metrics
    #expect(changed[.idleAgents] == 0 && changed[.busyAgents] == 1 && changed[.pendingWork] == 1)
    #expect(changed[.claimedWork] == 1 && changed[.agentSlots] == 1)
    let less = try #require(observation.changing(.workQueueSize, to: 0)).metrics
    #expect(less[.busyAgents] == 0 && less[.idleAgents] == 3 && less[.completionRate] == 1)
  }

  @Test func aRuleThatMatchesSaysWhenItNoLongerWould() throws {
    let explanation = try explain("default", .sample)
    let note = try #require(explanation.rules.first { $0.consideration.rule == "scale_up_critical" })
    #expect(note.outcome == "matches" && note.distance.hasPrefix("no longer with "))
    #expect(note.gates.map(\.gate) == GateName.allCases)
    #expect(note.gates.first { $0.gate == .confidence }?.text == "confidence lets it pass: 0.95, needs 0.6")
  }

  @Test func everyGateSaysHowFar() throws {
    let now = Timestamp(seconds: 1000)
    var history = GateHistory(
      past: [PastActionFact(type: .scaleUp, target: "fleet", at: now.adding(seconds: -12))], running: 2,
      otherHolder: "host:1")
    history.stopped = "fire (STOP)"
    history.paused = PauseFact(
      until: Timestamp(seconds: 1060), by: "alice", reason: "a move", leftSeconds: 60)
    var gates = GateSettings(
      minConfidence: 0.96, dryRun: true, maxDecisionsPerCycle: 0, maxConcurrent: 1,
      budget: .init(count: 1, windowSeconds: 60))
    gates.approval.types = [.scaleUp]
    let explanation = try explain("default", .sample, gates: gates, history: history)
    let note = try #require(explanation.rules.first { $0.consideration.rule == "scale_up_critical" })
    #expect(
      note.gates.map(\.text) == [
        "leader holds it: the loop is led by host:1; passes when that process ends",
        "kill_switch holds it: the kill switch is thrown: fire (STOP); passes when that file is removed",
        "paused holds it: paused until 1970-01-01T00:17:40Z by alice because a move; "
          + "passes then, or with dsl auto resume",
        "confidence holds it: confidence 0.95 is below 0.96; passes at min_confidence 0.95 or less",
        "cooldown holds it: scale_up of fleet was 12 s ago, scale_up waits 30 s after it; passes in 18 s",
        "budget holds it: 1 actions in the last 60 s, the budget is 1; passes after 1 fewer in the window",
        "target_budget lets it pass", "flap lets it pass",
        "approval holds it: needs a person's approval: approval.types names scale_up; passes with dsl auto approve",
        "max_decisions holds it: 0 decisions passed in this cycle, at most 0 may; "
          + "passes with max_decisions_per_cycle 1",
        "max_concurrent holds it: 2 actions are under way, at most 1 may be; passes when 2 of them have ended",
        "dry_run holds it: dry run: nothing is done; passes without dry run",
      ])
  }

  @Test func theRecordAndTheWindowsOfATargetAreToldAtTheirGates() throws {
    let now = Timestamp(seconds: 1000)
    var gates = GateSettings(flaps: .init(count: 0, windowSeconds: 600))
    gates.budget.up = 1
    let kind = CalibrationRecord.Kind(
      type: .scaleUp, rule: "scale_up_critical", hits: 0, count: 8, claimed: 0.9)
    let history = GateHistory(
      past: [
        PastActionFact(type: .scaleUp, target: "fleet", at: now.adding(seconds: -500)),
        PastActionFact(type: .scaleDown, target: "fleet", at: now.adding(seconds: -400)),
      ], record: CalibrationRecord([kind]))
    let explanation = try explain("default", .sample, gates: gates, history: history)
    let note = try #require(explanation.rules.first { $0.consideration.rule == "scale_up_critical" })
    func text(_ gate: GateName) -> String? { note.gates.first { $0.gate == gate }?.text }
    #expect(
      text(.confidence)
        == "confidence holds it: confidence 0.95 is below 1.00, of which 0.40 because of its record: "
        + "0 of 8 predictions came true, older ones counting less; passes at min_confidence 0.55 or less")
    #expect(text(.targetBudget)?.hasSuffix("; passes in 3100 s") == true)
    #expect(text(.flap)?.hasSuffix("; passes in 200 s") == true)
  }

  @Test func staleEvidenceIsToldAtTheGate() throws {
    var observation = CheckState.sample.observation()
    observation.evidence = [SourceEvidence(source: "agents", status: .corrupt)]
    let explanation = Explanation(
      DecisionEngine(policy: try Policy.default), observation, gates: GateSettings(minConfidence: 0.8),
      history: GateHistory(), now: Timestamp(seconds: 1))
    let note = try #require(explanation.rules.first { $0.decision != nil })
    #expect(note.confidence?.assessment.ceiling == 0.95 && note.confidence?.assessment.result == 0.475)
    #expect(
      note.gates.first { $0.gate == .confidence }?.remedy
        == "with completeness 0.6843 or more, is 0 (agents: 0 of 0 records cannot be read)")
  }

  @Test func theLeastLiftIsTheLeast() throws {
    typealias Term = ConfidenceAssessment.Term
    let fresh = Term(name: "freshness", value: 0.5, weight: 0.4, why: "agents: old")
    let agreed = Term(name: "agreement", value: 0.2, weight: 0.1, why: "they differ")
    let assessment = ConfidenceAssessment(ceiling: 0.9, terms: [fresh, agreed])
    let told = try #require(GateNote.lift(assessment, to: 0.7))
    #expect(told == "with freshness 0.6136 or more, is 0.5 (agents: old)")
    for (value, passes) in [(0.6136, true), (0.6135, false)] {
      var lifted = fresh
      lifted.value = value
      #expect((ConfidenceAssessment(ceiling: 0.9, terms: [lifted, agreed]).result >= 0.7) == passes)
    }
    #expect(
      GateNote.lift(assessment, to: 0.85)
        == "with the best freshness (agents: old) and agreement (they differ), which makes it 0.9")
    #expect(GateNote.lift(assessment, to: 0.95) == nil, "the rule does not claim as much")
  }

  @Test func blindnessIsExplainedToo() throws {
    var observation = CheckState.sample.observation()
    observation.blind = "the directory is gone"
    let explanation = Explanation(
      DecisionEngine(policy: try Policy.default), observation, gates: GateSettings(), history: GateHistory(),
      now: Timestamp(seconds: 1))
    #expect(explanation.health == "unknown: the directory is gone")
    #expect(explanation.rules.count == 12)
    #expect(
      explanation.rules.allSatisfy {
        $0.outcome == "is not usable: the engine is blind: the directory is gone" && !$0.distance.isEmpty
      })
  }
}

extension Observation {
  /// With what a flip asks for.
  fileprivate func changed(as flip: MetricFlip) -> Observation? {
    let first = changing(flip.change.metric, to: flip.change.needed)
    return flip.second.map { second in first?.changing(second.metric, to: second.needed) } ?? first
  }
}
