import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct ConfidenceTests {
  private let weights = Policy.EvidenceWeights(
    stale: 0.8, missing: 0.7, corrupt: 0.5, unverified: 0.9, disagreement: 0.6, record: 0)

  private func source(
    _ name: String = "work", _ status: EvidenceStatus = .fresh, records: Int = 10, unreadable: Int = 0,
    age: Double? = nil, limit: Double? = nil
  ) -> SourceEvidence {
    SourceEvidence(
      source: name, status: status, records: records, unreadable: unreadable, newestAgeSeconds: age,
      limitSeconds: limit)
  }

  @Test(arguments: [
    (29.0, 1.0), (30, 1), (60, 0.5), (-60, 0.5), (300, 0.1),
  ])
  func freshnessIsAgeAgainstLimit(age: Double, value: Double) {
    let status = age.magnitude > 30 ? EvidenceStatus.stale : .fresh
    let term = SourceTerms.freshness([source("agents", status, age: age, limit: 30)], weights)
    #expect(term.value == value)
    #expect(term.weight == 1 - 0.8)
    if value == 0.5 { #expect(term.why == "agents: the newest is 60 s old, the limit is 30 s") }
  }

  @Test func sourcesWithoutAgesAreJudgedByTheirStatus() {
    #expect(SourceTerms.freshness([source("work", .stale)], weights).factor == 0.8)
    #expect(SourceTerms.freshness([source("work", .unverified)], weights).factor == 0.9)
    #expect(
      SourceTerms.freshness([source(age: 1e9)], weights).factor == 1, "without a limit nothing is stale")
    #expect(
      SourceTerms.freshness([source("work", .unverified), source("agents", .stale)], weights).why
        == "agents are stale", "the source that leaves least counts")
  }

  @Test(arguments: [(10, 0, 1.0), (9, 1, 0.9), (0, 5, 0)])
  func completenessIsTheShareThatCouldBeRead(records: Int, unreadable: Int, value: Double) {
    let status = unreadable > 0 ? EvidenceStatus.corrupt : .fresh
    let term = SourceTerms.completeness(
      [source("work", status, records: records, unreadable: unreadable)], weights)
    #expect(term.value == value)
    if value == 0.9 { #expect(term.why == "work: 1 of 10 records cannot be read") }
    #expect(SourceTerms.completeness([source("work", .missing)], weights).factor == 0.7)
  }

  private func observation(_ agents: [AgentView], claimed: Double, live: Double = 9) -> Observation {
    var metrics = SystemMetrics()
    metrics[.claimedWork] = claimed
    metrics[.workQueueSize] = live
    metrics[.activeAgents] = Double(agents.count { $0.state != .stale })
    return Observation(at: Timestamp(seconds: 1), backend: "test", metrics: metrics, agents: agents)
  }

  @Test func claimsOfUnknownAgentsAreADisagreement() {
    let one = AgentView(id: "a", state: .busy, claims: 1)
    #expect(Agreement.term(observation([one], claimed: 1), weight: 1).value == 1)
    let term = Agreement.term(observation([one], claimed: 4), weight: 1)
    #expect(term.value == 0.25)
    #expect(term.why == "the queue knows 4 claims, and agents with a record hold 1")
    #expect(Agreement.term(observation([], claimed: 2), weight: 1).value == 0)
    var counts = observation([], claimed: 2)
    counts.metrics[.activeAgents] = 2
    #expect(Agreement.term(counts, weight: 1).value == 1, "numbers alone cannot contradict each other")
  }

  @Test func claimsWithoutFilesAreADisagreement() {
    let three = AgentView(id: "a", state: .busy, claims: 3)
    let term = Agreement.term(observation([three], claimed: 3, live: 2), weight: 1)
    #expect(term.value == 2.0 / 3)
    #expect(term.why == "the queue knows 3 claims, and there are files of 2 live items")
  }

  @Test func silentAgentsWhoseProcessesRunAreADisagreement() {
    var agents = (0..<4).map { AgentView(id: "a\($0)", state: .stale, running: true) }
    let term = Agreement.term(observation(agents, claimed: 0), weight: 1)
    #expect(term.value == 0, "a clock that was set makes every heartbeat old")
    #expect(term.why == "4 of 4 agents are silent although their processes run")
    agents[0].running = false
    agents[1].state = .idle
    #expect(Agreement.term(observation(agents, claimed: 0), weight: 1).value == 0.5)
  }

  @Test func noHistoryAndGoodEvidenceChangeNoBit() {
    let fresh = EvidenceTerms(observation([], claimed: 0), weights)
    var random = SplitMix64(seed: 11)
    let policy = try? Policy.default
    for _ in 0..<1000 {
      let ceiling = Double.random(in: 0...1, using: &random)
      let empty = CalibrationRecord.Kind(type: .optimize, rule: "r", hits: 0, count: 0, claimed: 0.5)
      for kind in [nil, empty] {
        #expect(policy?.assess(ceiling, fresh, kind).result.bitPattern == ceiling.bitPattern)
      }
    }
  }

  @Test func anAssessmentTellsWhatWouldLiftIt() throws {
    let term = ConfidenceAssessment.Term.init
    let assessment = ConfidenceAssessment(
      ceiling: 0.8,
      terms: [
        term("freshness", 0.5, 0.2, "a"), term("completeness", 1, 0.5, "b"), term("record", 0.5, 1, "c"),
      ])
    #expect(abs(assessment.result - 0.8 * 0.9 * 0.5) < 1e-15)
    #expect(assessment.lifts.map(\.term.name) == ["record", "freshness"])
    #expect(assessment.lifts.map(\.result) == [0.8 * 0.9, 0.8 * 0.5])
    #expect(assessment.lifted("nothing") == assessment.result)
    #expect(try ConfidenceAssessment(json: JSONParser.parse(assessment.json.text())) == assessment)
  }

  @Test func constantsStayConstants() throws {
    var observation = CheckState.sample.observation()
    observation.evidence = [source("agents", .corrupt, records: 0, unreadable: 3)]
    let original = DecisionEngine(policy: try .dslmodel)
    let state = CheckState(agents: 1, work: 8, completed: 0, telemetry: 0).observation()
    let decision = try #require(
      original.decide(original.assess(state), cycle: "c").decisions.first)
    #expect(decision.confidence == 0.95 && decision.assessment == nil)
    #expect(decision.json["assessment"] == nil)
    let computed = DecisionEngine(policy: try .default)
    let held = try #require(computed.decide(computed.assess(observation), cycle: "c").decisions.first)
    #expect(held.confidence == 0.95 * 0.5)
    #expect(held.assessment?.terms.map(\.name) == ["freshness", "completeness", "agreement", "record"])
    #expect(try Decision(json: JSONParser.parse(held.json.text())) == held)
  }
}
