import DSLBase
import Testing

@testable import DecisionEngine

/// What a check says of the policies that ship. A check of the whole grid takes seconds in a debug build, so that each
/// is made once.
@Suite struct PolicyCheckTests {
  private static let original = Result { PolicyCheck.run(DecisionEngine(policy: try Policy.dslmodel)) }
  private static let standard = Result { PolicyCheck.run(DecisionEngine(policy: try Policy.default)) }

  @Test func theGridIsTheDocumentedOne() {
    #expect(CheckGrid.documented.count == 73_997)
    #expect(CheckGrid.documented.situations == CheckState.Situation.allCases)
  }

  @Test func theDefaultPolicyIsClean() throws {
    let report = try Self.standard.get()
    #expect(report.findings.map(\.message) == [])
    #expect(report.isClean)
    #expect(report.allStates == 8 * 73_997)
    #expect(report.loops == 1280)
    for share in report.shares where [.critical, .degraded].contains(share.health) {
      #expect(share.silent == 0)
    }
  }

  @Test func theOriginalPolicyHasTheFaultsThatAreKnown() throws {
    let report = try Self.original.get()
    #expect(
      report.findings.map { "\($0.kind.rawValue): \($0.message)" } == [
        "dead_zone: in 521 critical states no rule matches and the policy says no reason "
          + "(5.6 % of the critical states of the grid)",
        "dead_zone: in 1812 degraded states no rule matches and the policy says no reason "
          + "(4.1 % of the degraded states of the grid)",
        "runaway: the fleet grows from 2 to 13 agents in 11 cycles, past its maximum of 10, with no work at all, "
          + "agents up 10 s after they were asked for, items of 1 cycle",
        "runaway: the queue grows from 0 to 33 items in 79 cycles and on, while the fleet stays at 2 agents; "
          + "4 of at most 10 would work it off; with 1 new item a cycle, agents up 10 s after they were asked for, "
          + "items of 3 cycles",
        "not_produced: no state leads to a decision of type restart",
        "not_produced: no state leads to a decision of type health_check",
      ])
    #expect(!report.isClean)
    #expect(report.findings.map(\.isFault) == [true, true, true, true, false, false])
    #expect(
      report.findings.map(\.id) == [
        "dead_zone-1", "dead_zone-2", "runaway-1", "runaway-2", "not_produced-1", "not_produced-2",
      ])
    #expect(report.findings[0].state?.text == "2 agents, 2 items, 0 completed, 0 telemetry records")
    #expect(report.findings[0].sample == CheckState(agents: 2, work: 8, completed: 3, telemetry: 4))
    #expect(report.findings[1].state?.text == "0 agents, 1 items, 1 completed, 0 telemetry records")
    #expect(report.findings[1].sample == nil)
  }

  @Test func sharesAreThoseMeasuredOnTheOriginalEngine() throws {
    let shares = try Self.original.get().shares
    #expect(shares.map(\.health) == [.critical, .degraded, .healthy, .optimal])
    #expect(shares.map(\.states).reduce(0, +) == 73_997)
    let percents = shares.map { (Double($0.undecided) / Double($0.states) * 1000).rounded() / 10 }
    #expect(percents == [5.6, 4.1, 38.5, 29.4])
  }

  @Test func counterExamplesHoldOnTheEngineItself() throws {
    let engine = DecisionEngine(policy: try Policy.dslmodel)
    let report = try Self.original.get()
    for finding in report.findings where finding.kind == .deadZone {
      for state in [finding.state, finding.sample].compactMap({ $0 }) {
        #expect(engine.decide(engine.assess(state.observation()), cycle: "c").decisions.isEmpty)
      }
    }
    let runaway = try #require(report.findings.first { $0.kind == .runaway })
    #expect(runaway.trace.map(\.agents) == Array(2...13))
    for (step, next) in zip(runaway.trace, runaway.trace.dropFirst()) {
      let state = CheckState(
        agents: step.agents, work: step.work, completed: step.completed, telemetry: step.telemetry)
      let observation = engine.assess(state.observation())
      #expect(observation.metrics.healthScore == step.health)
      let decision = try #require(engine.decide(observation, cycle: "c").decisions.first)
      #expect(step.passed == ["\(decision.rule) → \(next.agents)"])
      #expect(decision.parameters["target_agents"]?.int == next.agents)
    }
  }

  @Test func aSmallerStateIsNowhereInTheZone() throws {
    let engine = DecisionEngine(policy: try Policy.dslmodel)
    let smallest = try #require(try Self.original.get().findings[0].state)
    for agents in 0...4 {
      for work in 0...4 {
        for completed in 0...4 {
          let state = CheckState(agents: agents, work: work, completed: completed, telemetry: 0)
          guard CheckState.isSmaller(state, than: smallest) else { continue }
          let observation = engine.assess(state.observation())
          guard observation.metrics.healthState == .critical else { continue }
          #expect(!engine.decide(observation, cycle: "c").decisions.isEmpty, "\(state.text)")
        }
      }
    }
  }
}
