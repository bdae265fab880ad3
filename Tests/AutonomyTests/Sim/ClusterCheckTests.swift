import ClusterSim
import Coordination
import DSLBase
import DecisionEngine
import SweepFolders
import Testing

@testable import Autonomy

/// The check of policies on simulated clusters.
@Suite struct ClusterCheckTests {
  private func engine(_ rules: String) throws -> DecisionEngine {
    DecisionEngine(
      policy: try Policy(
        yaml: "name: p\nrules:\n" + rules, file: "p.yaml", catalog: .everywhere,
        types: DecisionType.all + ClusterChoice.ownTypes))
  }

  private func rule(
    _ type: String, _ when: String, priority: Int = 5, confidence: Double = 0.9, more: String = ""
  ) -> String {
    """
      - name: \(type)_\(priority)
        type: \(type)
        priority: \(priority)
        confidence: \(confidence)
        when: {\(when)}
        description: Do it
        rationale: So
    \(more)

    """
  }

  private func check(_ engine: DecisionEngine, _ configuration: ClusterConfiguration = .init())
    -> ClusterCheck
  {
    ClusterCheck(engine, SimSite.gates, configuration, seed: 0, interval: 1)
  }

  /// Every kind of finding with a state, from a policy that is made for it: its trace derives it again, in any order of reading.
  @Test(arguments: [
    (ClusterFinding.Kind.wastedActions, "scale_up", "cluster_step: {gte: 0}", ""),
    (.fails, "coordination_improve", "nearby_need: {gt: 0.3}", ""),
    (.limitCycle, "coordination_improve", "nearby_need: {gt: 0.3}", ""),
    (.noRecovery, "coordination_improve", "nearby_need: {gt: 0.3}", ""),
    (.unsupported, "move", "cluster_step: {gte: 0}", "    parameters: {direction: north}"),
  ])
  func whatIsFoundIsDerivedAgain(
    _ kind: ClusterFinding.Kind, _ type: String, _ when: String, _ more: String
  ) throws {
    let engine = try engine(rule(type, when, more: more))
    var check = check(engine)
    let report = try check.run(episodes: 2)
    let finding = try #require(report.findings.first { $0.kind == kind }, "\(report.findings.map(\.message))")
    #expect(finding.isFault && !report.isClean && finding.states > 0)
    let document = try #require(
      try ClusterTrace.document(of: finding, check, settings: [:], hash: "0"), "\(finding.message)")
    let trace = try ClusterTrace(JSONParser.parse(document.text(.pretty)))
    let outcome = try trace.replay(engine, gates: SimSite.gates)
    #expect(outcome.isEqual, "\(finding.message): \(String(describing: outcome.difference))")
    // With a policy that does not do so the finding does not show.
    let other = try trace.replay(EngineRules.heuristic(), gates: SimSite.gates)
    #expect(!other.isConfirmed && other.difference != nil)
  }

  /// Dead zones need states that the score calls degraded: here all of them are.
  @Test func silenceWithoutAReasonIsFound() throws {
    var engine = try engine(rule("scale_up", "cluster_budget: {gt: 2}"))
    engine.health.thresholds = .init(degraded: 0.1, healthy: 0.99, optimal: 1)
    var check = check(engine)
    let report = try check.run(episodes: 1)
    let finding = try #require(report.findings.first { $0.kind == .deadZone })
    #expect(finding.start?.actions.count == 0, "the smallest state is the start of an episode")
    #expect(report.findings.contains { $0.kind == .neverFires && !$0.isFault })
    let document = try #require(try ClusterTrace.document(of: finding, check, settings: [:], hash: "0"))
    #expect(try ClusterTrace(document).replay(engine, gates: SimSite.gates).isEqual)
  }

  /// Beside the yardstick there is nothing to find: the rules are those of the heuristic.
  @Test(arguments: [ClusterConfiguration.Preset.calm, .canonical, .storm])
  func theHeuristicWrittenAsRulesHasNoFaults(_ preset: ClusterConfiguration.Preset) throws {
    var check = check(try EngineRules.heuristic(), ClusterConfiguration(preset, height: 5, width: 7))
    let report = try check.run(episodes: 3)
    #expect(report.isClean && report.failed == report.yardstickFailed, "\(report.findings.map(\.message))")
    #expect(report.looks > report.loops * 50)
  }

  @Test func faultsOfRulesNeedNoStates() throws {
    let rules =
      rule("scale_down", "cluster_load: {gt: 1}", confidence: 0.3)
      + rule("clean", "own_memory: {gt: 0.9}", more: "    approval: required")
    var check = check(try engine(rules))
    let findings = try check.run(episodes: 1).findings
    let kinds = findings.map(\.kind).filter { $0.fault == nil && $0 != .deadZone }
    #expect(kinds == [.unsupported, .blocked, .needsApproval, .neverFires], "\(findings.map(\.message))")
    #expect(findings.map(\.id).contains("unsupported-1"))
  }

  /// What approval would hold is played as approved, and a check is the same in each process: nothing in it is random.
  @Test func twoChecksAreTheSame() throws {
    let rules = rule("coordination_improve", "nearby_need: {gt: 0.3}", more: "    approval: two_person")
    var (one, two) = (check(try engine(rules)), check(try engine(rules)))
    let (first, second) = (try one.run(episodes: 2), try two.run(episodes: 2))
    #expect(first.json.text() == second.json.text())
    #expect(first.findings.contains { $0.kind == .fails })
  }

  /// A budget that is gone: every cell is cleaned, needed or not, and nothing comes back.
  @Test func anEmptyBudgetIsFound() throws {
    var configuration = ClusterConfiguration(.calm, height: 4, width: 4)
    configuration.budgetRecovery = 0.2
    let rules =
      rule("clean", "own_memory: {gt: 0.02}", priority: 9)
      + rule("telemetry_enhance", "cluster_step: {gte: 0}")
    var check = check(try engine(rules), configuration)
    let findings = try check.run(episodes: 4).findings
    #expect(findings.contains { $0.kind == .budgetExhausted }, "\(findings.map(\.message))")
  }

  @Test func periodsAreThoseOfActionsThatDiffer() {
    #expect(ClusterFault.period([0, 1, 0, 1, 0]) == 2)
    #expect(ClusterFault.period([3, 3, 1, 3, 3, 1, 3]) == 3)
    #expect(ClusterFault.period([3, 3, 3, 3]) == nil, "one action is no swing")
    #expect(ClusterFault.period(ArraySlice((0..<40).map { UInt8($0 % 7) })) == 7)
    #expect(ClusterFault.period(ArraySlice((0..<40).map { UInt8($0 / 8 % 8) })) == nil)
  }

  /// A walk from the middle of an episode goes where the episode goes.
  @Test func walksGoOnWhereEpisodesStand() throws {
    var episode = try OpenEpisode(ClusterConfiguration(), key: 77)
    for _ in 0..<9 { episode = try episode.stepping(.moveRight) }
    let walk = try EpisodeWalk(episode)
    for action in [Action.clean, .scale, .moveUp, .throttle] {
      walk.act(action.rawValue)
      episode = try episode.stepping(action)
      #expect(walk.digest == episode.digest && walk.step == episode.step)
    }
    #expect(try walk.open() == episode)
    walk.play(HeuristicPolicy())
    #expect(walk.isOver && walk.cause != .none)
    let steps = walk.step
    walk.act(0)
    #expect(walk.step == steps, "nothing happens after the end")
  }
}
