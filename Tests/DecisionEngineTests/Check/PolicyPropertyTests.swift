import DSLBase
import RandomPolicies
import Testing

@testable import DecisionEngine

/// What holds of every policy, whatever it says.
@Suite struct PolicyPropertyTests {
  static let seeds: [UInt64] = [1, 2, 3, 20_261_121]

  private struct World {
    var policies: RandomPolicy
    var random: SplitMix64

    init(_ seed: UInt64) {
      policies = RandomPolicy(seed: seed, metrics: MetricCatalog.standard.names)
      random = SplitMix64(seed: seed &* 31)
    }

    /// A state, with some measures missing and some evidence bad.
    mutating func observation() -> Observation {
      func count(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
      var observation = CheckState(
        agents: count(0...9), work: count(0...20), completed: count(0...40), telemetry: count(0...24),
        situation: CheckState.Situation.allCases.randomElement(using: &random) ?? .usual
      ).observation(at: Timestamp(seconds: 1_700_000_000 + Double(count(0...1000)) / 7))
      if count(0...3) == 0 {
        let names = observation.metrics.values.keys.sorted()
        observation.metrics[names[count(0...names.count - 1)]] = nil
      }
      let statuses: [EvidenceStatus] = [.fresh, .stale, .missing, .corrupt]
      observation.evidence.append(SourceEvidence(source: "work", status: statuses[count(0...3)]))
      if count(0...15) == 0 { observation.blind = "nothing to see" }
      return observation
    }
  }

  private func engine(_ text: String) throws -> DecisionEngine {
    DecisionEngine(policy: try Policy(yaml: text, file: "random.yaml"))
  }

  @Test(arguments: seeds)
  func decisionsAreDeterministicBoundedAndReplayed(seed: UInt64) throws {
    var world = World(seed)
    var decided = 0
    for number in 0..<60 {
      let text = world.policies.text()
      let (first, second) = (try engine(text), try engine(text))
      #expect(first.policy == second.policy, "seed \(seed), policy \(number)")
      for _ in 0..<5 {
        let observation = world.observation()
        let set = first.decide(first.assess(observation), cycle: "c-1")
        let again = second.decide(second.assess(observation), cycle: "c-1")
        let place: Comment = "seed \(seed), policy \(number):\n\(text)"
        #expect(set.decisions.map { $0.json.text() } == again.decisions.map { $0.json.text() }, place)
        #expect(set.silence == again.silence && set.considered == again.considered, place)
        #expect((set.silence?.isEmpty == false) == set.decisions.isEmpty, place)
        #expect(
          set.considered.count
            == (observation.blind == nil && first.isScored(observation) ? first.policy.rules.count : 0), place
        )
        let keys = set.decisions.map {
          "\(ActionDirection(of: $0.type) == .neutral ? $0.type.rawValue : "scale") \($0.target)"
        }
        #expect(Set(keys).count == keys.count, place)
        let read = try Observation(json: try JSONParser.parse(observation.json.text()))
        let journaled = try set.decisions.map { try JSONParser.parse($0.json.text()) }
        #expect(Replay.compare(second, read, cycle: "c-1", journaled: journaled) == [], place)
        decided += set.decisions.count
      }
    }
    #expect(decided > 100, "seed \(seed): the policies are not all mute")
  }

  @Test(arguments: seeds)
  func anExplanationIsNeverBlank(seed: UInt64) throws {
    var world = World(seed)
    for number in 0..<4 {
      let text = world.policies.text()
      let engine = try engine(text)
      let explanation = Explanation(
        engine, world.observation(), gates: GateSettings(), history: GateHistory(),
        now: Timestamp(seconds: 1_800_000_000))
      let place: Comment = "seed \(seed), policy \(number):\n\(text)"
      #expect(explanation.rules.map(\.consideration.rule) == engine.policy.ruleNames, place)
      #expect(!explanation.health.isEmpty, place)
      for note in explanation.rules {
        #expect(!note.outcome.isEmpty && note.distance.count > 8, place)
        #expect((note.decision == nil) == note.gates.isEmpty, place)
        #expect(
          note.gates.allSatisfy { !$0.text.isEmpty && ($0.refusal == nil || !$0.remedy.isEmpty) }, place)
      }
    }
  }

  @Test(arguments: seeds)
  func aCheckEndsAndEveryFindingIsProved(seed: UInt64) throws {
    var world = World(seed)
    var grid = CheckGrid()
    (grid.agents, grid.work, grid.completed, grid.telemetry) = (0...3, 0...3, 0...2, 0...4)
    grid.arrivals = [0, 2]
    for number in 0..<3 {
      let text = world.policies.text()
      let engine = try engine(text)
      let gates = GateSettings()
      let report = PolicyCheck.run(engine, gates: gates, grid: grid)
      let place: Comment = "seed \(seed), policy \(number):\n\(text)"
      #expect(report.allStates == 4 * 4 * 3 * 2 * 8 && report.loops <= 2 * 4 * 60 + 2 * 4 * 5, place)
      #expect(PolicyCheck.run(try self.engine(text), gates: gates, grid: grid) == report, place)
      for finding in report.findings {
        guard let proof = finding.proof else { continue }
        let document = proof.document(of: finding, engine, gates: gates, settings: [:], hash: "h")
        let read = try PolicyTrace.Recorded(try JSONParser.parse(document.text()))
        #expect(read.replay(engine, gates: gates).isEqual, "\(finding.message) \(place)")
      }
    }
  }
}

extension DecisionEngine {
  fileprivate func isScored(_ observation: Observation) -> Bool {
    assess(observation).metrics.healthScore != nil
  }
}
