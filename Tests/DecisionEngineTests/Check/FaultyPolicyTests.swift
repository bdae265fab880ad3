import DSLBase
import RandomPolicies
import Testing

@testable import DecisionEngine

/// Policies with one fault each, on a small grid.
@Suite struct FaultyPolicyTests {
  private var grid: CheckGrid {
    var grid = CheckGrid()
    (grid.agents, grid.work, grid.completed, grid.telemetry) = (0...10, 0...12, 0...3, 0...4)
    grid.situations = [.usual]
    return grid
  }

  private func check(
    _ rules: String, gates: GateSettings = GateSettings(), arrivals: [Int] = []
  ) throws -> PolicyReport {
    var text = "name: faulty\nrules:\n"
    for rule in rules.split(separator: "\n") {
      text += "  - {\(rule), description: d, rationale: r}\n"
    }
    text += "silence:\n  - {when: {work_queue_size: {gte: 0}}, say: nothing to do}\n"
    let engine = DecisionEngine(policy: try Policy(yaml: text, file: "faulty.yaml"))
    var grid = grid
    grid.arrivals = arrivals
    return PolicyCheck.run(engine, gates: gates, grid: grid)
  }

  private static let calm =
    "name: calm, type: optimize, priority: 1, confidence: 0.8, when: {work_queue_size: {gt: 3}}"

  @Test func onePolicyIsClean() throws {
    let report = try check(Self.calm)
    #expect(report.isClean)
    #expect(report.findings.map(\.kind) == Array(repeating: .notProduced, count: 6))
  }

  @Test func aRuleThatCannotMatchNeverFires() throws {
    let report = try check(
      """
      \(Self.calm)
      name: never, type: restart, priority: 2, confidence: 0.8, when: {completion_rate: {gt: 1}}
      """)
    let finding = try #require(report.findings.first)
    #expect(finding.kind == .neverFires && finding.rules == ["never"])
    #expect(!report.isClean)
  }

  @Test func aRuleBehindAnotherIsShadowed() throws {
    let report = try check(
      """
      name: behind, type: optimize, priority: 1, confidence: 0.8, when: {work_queue_size: {gt: 5}}
      name: front, type: optimize, priority: 3, confidence: 0.8, when: {work_queue_size: {gt: 3}}
      """)
    let finding = try #require(report.findings.first)
    #expect(finding.kind == .shadowed && finding.rules == ["behind", "front"])
    #expect(finding.state == CheckState(agents: 0, work: 6, completed: 0, telemetry: 0))
    #expect(finding.states == 11 * 7 * 4 * 2)
  }

  @Test func confidenceBelowTheGateIsBlocked() throws {
    let unsure =
      "name: unsure, type: optimize, priority: 1, confidence: 0.55, when: {work_queue_size: {gt: 3}}"
    let finding = try #require(try check(unsure).findings.first)
    #expect(finding.kind == .blocked && finding.rules == ["unsure"])
    #expect(finding.state == CheckState(agents: 0, work: 4, completed: 0, telemetry: 0))
    #expect(
      finding.message == "rule unsure has the confidence 0.55 at best, and the gate asks for 0.60")
    #expect(try check(unsure, gates: GateSettings(minConfidence: 0.5)).isClean)
  }

  @Test func whatPeopleHaveToApproveIsNoted() throws {
    let asked = Self.calm + ", approval: two_person"
    let report = try check(asked)
    #expect(report.isClean && report.findings.first?.id == "needs_approval-1")
    #expect(
      report.findings.first?.message.hasPrefix(
        "nothing that rule calm decides is done before 2 people approved it: rule calm asks for it") == true)
    var all = GateSettings()
    all.approval.below = 0.9
    #expect(try check(Self.calm, gates: all).findings.first?.kind == .needsApproval)
  }

  /// One agent more whenever none is idle, one fewer whenever one is: under steady load it never comes to rest.
  private static let restless = """
    name: more, type: scale_up, priority: 5, confidence: 0.8, when: {work_queue_size: {gt: 0}, idle_agents: 0, active_agents: {lt: max_agents}}, parameters: {target_agents: = active_agents + 1}
    name: fewer, type: scale_down, priority: 5, confidence: 0.8, when: {idle_agents: {gt: 0}, active_agents: {gt: 1}}, parameters: {target_agents: = active_agents - 1}
    """

  @Test func upAndDownAndUpIsALimitCycle() throws {
    let report = try check(Self.restless, arrivals: [0, 1])
    let finding = try #require(report.findings.first { $0.kind == .limitCycle })
    #expect(finding.rules == ["more", "fewer"])
    let sizes = finding.trace.map { $0.agents + $0.starting }
    let turns = zip(sizes, sizes.dropFirst()).map { $1 - $0 }.filter { $0 != 0 }
    #expect(turns.contains { $0 > 0 } && turns.contains { $0 < 0 }, "\(sizes)")
    #expect(finding.trace.first?.passed.contains { $0.hasPrefix("more → ") } == true)
    #expect(finding.trace.last?.passed.contains { $0.hasPrefix("more → ") } == true)
    #expect(finding.state == finding.proof?.start && finding.state?.agents == 0)
  }

  @Test func aQueueThatNobodyWorksOffIsARunaway() throws {
    let timid =
      "name: timid, type: scale_up, priority: 5, confidence: 0.8, when: {work_queue_size: {gt: 0}, "
      + "active_agents: {lt: 2}}, parameters: {target_agents: 2}"
    let finding = try #require(try check(timid, arrivals: [0, 1]).findings.first { $0.kind == .runaway })
    #expect(finding.quantity == .workQueueSize)
    #expect(finding.state == CheckState(agents: 0, work: 0, completed: 0, telemetry: 0))
    #expect(finding.trace.last?.agents == 2 && finding.trace.last?.work ?? 0 > 20)
    let bold = timid.replacing("target_agents: 2", with: "target_agents: 3").replacing(
      "{lt: 2}", with: "{lt: 3}")
    #expect(try !check(bold, arrivals: [0, 1]).findings.contains { $0.kind == .runaway }, "three are enough")
  }

  /// It swings only when exactly 60 items are completed and none is left: three a cycle that stop after 20 cycles.
  @Test func aLoadThatChangesShowsMoreThanOneThatDoesNot() throws {
    let late = """
      name: more, type: scale_up, priority: 5, confidence: 0.8, when: {completed_count: 60, work_queue_size: 0, active_agents: {lt: 5}}, parameters: {target_agents: 5}
      name: fewer, type: scale_down, priority: 5, confidence: 0.8, when: {completed_count: 60, work_queue_size: 0, active_agents: {gt: 4}}, parameters: {target_agents: 1}
      name: first, type: scale_up, priority: 5, confidence: 0.8, when: {work_queue_size: {gt: 0}, active_agents: 0}, parameters: {target_agents: 1}
      """
    let finding = try #require(
      try check(late, arrivals: [0, 3]).findings.first { $0.kind == .limitCycle })
    #expect(finding.proof?.conditions?.arrivals == 3 && finding.proof?.conditions?.later == 0)
    #expect(finding.rules == ["more", "fewer"])
    #expect(finding.message.contains("with 3 and from cycle 20 on 0 new items a cycle"))
  }

  @Test func theCooldownsOfTheGatesAreInTheLoop() throws {
    let slow = GateSettings(cooldown: .init(up: 30, down: 30 * 200, other: 30))
    #expect(
      try check(Self.restless, gates: slow, arrivals: [0, 1]).findings.allSatisfy { $0.kind != .limitCycle })
  }

  @Test func oppositeDirectionsAreAContradiction() throws {
    let report = try check(
      """
      name: more, type: scale_up, priority: 5, confidence: 0.8, when: {work_queue_size: {gt: 2}, active_agents: {lt: 4}}, parameters: {target_agents: 4}
      name: fewer, type: scale_down, priority: 4, confidence: 0.8, when: {active_agents: {gt: 2}}, parameters: {target_agents: 2}
      """)
    let finding = try #require(report.findings.first { $0.kind == .contradiction })
    #expect(finding.rules == ["more", "fewer"])
    #expect(finding.state == CheckState(agents: 3, work: 3, completed: 0, telemetry: 0))
    #expect(finding.states == 10 * 4 * 2)
  }

  @Test func checksOfRandomPoliciesEndAndRepeat() throws {
    var small = CheckGrid()
    (small.agents, small.work, small.completed, small.telemetry) = (0...3, 0...3, 0...2, 0...4)
    small.arrivals = [2]
    var source = RandomPolicy(seed: 11, metrics: MetricCatalog.standard.names)
    var faults = 0
    for number in 0..<3 {
      let engine = DecisionEngine(policy: try Policy(yaml: source.text(), file: "random.yaml"))
      let report = PolicyCheck.run(engine, grid: small)
      #expect(PolicyCheck.run(engine, grid: small).json.text() == report.json.text(), "policy \(number)")
      faults += report.findings.count
    }
    #expect(faults > 0)
  }
}
