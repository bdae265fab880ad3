import DSLBase
import Testing

@testable import DecisionEngine

extension RemediationIssue {
  static func sample(
    _ type: String = "error_spike", of service: String = "checkout", severity: Double = 0.7,
    confidence: Double = 0.99
  ) -> Self {
    RemediationIssue(
      type: type, service: service, severity: severity, confidence: confidence,
      onset: Timestamp(seconds: 1_700_000_000), evidence: "12 of 40 spans failed, 1 in 100 is usual")
  }
}

/// An issue becomes a plan, or a reason why there is none.
@Suite struct RemediationPlannerTests {
  private let observation = Fleet(idle: 3, completed: 10).observation

  private func planner(
    _ table: RemediationTable = .standard, threshold: Double = 0.7,
    _ handler: @escaping @Sendable (RemediationAction, String) -> ActionHandler = { _, _ in .builtIn }
  ) throws -> RemediationPlanner {
    RemediationPlanner(
      engine: DecisionEngine(policy: try .default), table: table, threshold: threshold, handler: handler)
  }

  private func plan(_ answer: RemediationAnswer) throws -> RemediationPlan {
    guard case .plan(let plan) = answer else {
      Issue.record("expected a plan, got \(answer)")
      throw DSLError(.notFound, "no plan")
    }
    return plan
  }

  @Test(arguments: [
    ("error_spike", "restart_service", 0.7, 10), ("latency_increase", "scale_up", 0.8, 3),
    ("throughput_drop", "scale_up", 0.8, 5), ("cascade_failure", "circuit_breaker", 0.9, 300),
  ])
  func theTableIsTheDocuments(issue: String, action: String, confidence: Double, parameter: Int) throws {
    let plan = try plan(try planner().plan(.sample(issue), observation))
    #expect(plan.action.rawValue == action && plan.assessment.result == confidence)
    #expect(plan.parameters.first { _ in true }?.value == .int(parameter))
    #expect(plan.json["issue_type"]?.string == issue && plan.json["severity"]?.string == "high")
    for key in ["action", "parameters", "estimated_impact", "rollback_plan", "confidence", "trace_id"] {
      #expect(plan.json[key] != nil, "\(key)")
    }
  }

  @Test func whatNobodyCarriesOutIsRefusedWhenThePlanIsMade() throws {
    let answer = try planner { action, service in
      .missing("nobody here can \(action.rawValue) \(service)", fix: "remediation.commands")
    }.plan(.sample("cascade_failure", of: "shop"), observation)
    #expect(answer == .refused("nobody here can circuit_breaker shop", fix: "remediation.commands"))
  }

  @Test func aDetectorThatIsUnsureLowersTheConfidence() throws {
    let sure = try plan(try planner().plan(.sample(confidence: 0.7), observation))
    #expect(sure.assessment.result == 0.7)
    guard case .refused(let reason, _) = try planner().plan(.sample(confidence: 0.35), observation) else {
      Issue.record("a plan in spite of an unsure detector")
      return
    }
    #expect(reason.contains("confidence 0.35 in restart_service is below") && reason.contains("0.70"))
    #expect(reason.contains("the detector is sure of error_spike by 0.35"))
  }

  @Test func staleEvidenceLowersTheConfidenceBelowTheTablesNumber() throws {
    var stale = observation
    stale.evidence = [
      SourceEvidence(
        source: "agents", status: .stale, records: 3, newestAgeSeconds: 400, limitSeconds: 100)
    ]
    let plan = try plan(try planner(threshold: 0).plan(.sample(), stale))
    #expect(plan.assessment.result < 0.7 && plan.assessment.ceiling == 0.7)
    #expect(plan.assessment.terms.map(\.name).contains("freshness"))
  }

  @Test func theFirstLineThatFitsCountsAndMayLeaveAnIssueAlone() throws {
    let own = RemediationTable([
      .init("error_spike", service: "checkout", nil, confidence: 1),
      .init("error_spike", .throttleRequests, confidence: 0.75, ["percent": 20]),
    ]).before(.standard)
    #expect(
      try planner(own).plan(.sample(), observation)
        == .refused("remediation.plans leaves error_spike of checkout alone", fix: nil))
    let other = try plan(try planner(own).plan(.sample(of: "cart"), observation))
    #expect(other.action == .throttleRequests && other.parameters["percent"] == 20)
    #expect(try plan(try planner(own).plan(.sample("latency_increase"), observation)).action == .scaleUp)
  }

  @Test func anOrderIsSureButItsParametersAreChecked() throws {
    let planner = try planner(threshold: 0.99)
    let issue = RemediationIssue.sample("manual_intervention", confidence: 1)
    let plan = try planner.ordered(issue, .scaleUp, ["agents": 2], observation)
    #expect(plan.assessment.result == 1 && plan.parameters["agents"] == 2)
    func reason(_ action: RemediationAction, _ parameters: JSONObject) -> String {
      do throws(DSLError) {
        _ = try planner.ordered(issue, action, parameters, observation)
        return "accepted"
      } catch { return error.message }
    }
    #expect(
      reason(.scaleUp, ["agents": 0])
        == "scale_up: parameter agents is 0, expected a whole number from 1 to 100")
    #expect(
      reason(.scaleUp, ["agent": 2]).hasPrefix("scale_up has no parameter agent, did you mean \"agents\"?"))
    #expect(reason(.killProcess, [:]) == "kill_process needs the parameter agent: The agent's id.")
    #expect(reason(.updateConfig, ["key": "a\u{1B}", "value": "b"]).contains("without control characters"))
  }

  @Test func aProposalCarriesEverythingTheJournalHasToKnow() throws {
    let plan = try plan(try planner().plan(.sample(), observation))
    let proposal = plan.proposal(["agents_of_service": ["a1"]])
    #expect(proposal.type.rawValue == "restart_service" && proposal.target == "checkout")
    #expect(proposal.priority == 8 && proposal.assessment == plan.assessment)
    #expect(proposal.parameters["issue_type"] == "error_spike" && proposal.parameters["limit"] == 10)
    let answer = AnsweredStrategy(name: plan.rule, proposals: [proposal])
    #expect(try AnsweredStrategy(json: answer.json) == answer, "a replay reads back what was proposed")
    let set = DecisionEngine(policy: try .default).decide(
      HealthModel.standard.assess(observation), cycle: "c1", strategies: [answer])
    let decision = try #require(set.decisions.first { $0.rule == "remediate_error_spike" })
    #expect(decision.assessment == plan.assessment)
  }

  @Test func everyActionIsInTheCatalogueOnce() throws {
    #expect(RemediationCatalog.all.map(\.action) == RemediationAction.allCases)
    #expect(RemediationCatalog.all.count == 10)
    for info in RemediationCatalog.all {
      #expect(!info.impact.isEmpty && !info.undo.isEmpty && info.json["parameters"]?.array != nil)
    }
    #expect(throws: DSLError.self) { try RemediationAction(named: "scale_upp") }
  }
}
