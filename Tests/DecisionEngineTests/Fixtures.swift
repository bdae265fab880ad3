import DSLBase

@testable import DecisionEngine

/// A fleet in words: what a backend would have measured.
struct Fleet {
  var idle = 0
  var busy = 0
  var starting = 0
  var stale = 0
  var pending = 0
  var completed = 0
  var telemetry = 20
  var expired = 0
  var overdue = 0
  var verified = true

  var observation: Observation {
    let live = pending + busy + expired
    var metrics = SystemMetrics(counts: idle + busy, live, completed, telemetry)
    let more: [(MetricName, Int)] = [
      (.idleAgents, idle), (.busyAgents, busy), (.startingAgents, starting), (.staleAgents, stale),
      (.pendingWork, pending), (.claimedWork, busy), (.expiredClaims, expired), (.overdueWork, overdue),
    ]
    for (name, value) in more { metrics[name] = Double(value) }
    let evidence = SourceEvidence(source: "agents", status: verified ? .fresh : .unverified)
    return Observation(
      at: Timestamp(seconds: 1_700_000_000), backend: "test", metrics: metrics, evidence: [evidence])
  }
}

extension DecisionEngine {
  /// Assesses and decides in cycle "c1".
  func decide(_ fleet: Fleet, strategies: [any DecisionStrategy] = []) -> DecisionSet {
    decide(assess(fleet.observation), cycle: "c1", strategies: strategies)
  }
}

extension DecisionSet {
  /// `type priority target_agents` of each decision, in their order.
  var summary: [String] {
    decisions.map { decision in
      "\(decision.type) p\(decision.priority)"
        + (decision.parameters["target_agents"]?.int.map { " ->\($0)" } ?? "")
    }
  }
}

extension Decision {
  /// A decision for the gates.
  static func sample(
    _ type: DecisionType, confidence: Double = 0.9, target: String = "fleet", id: String = "d-0"
  ) -> Decision {
    Decision(
      id: id, type: type, priority: 5, description: "", rationale: "", confidence: confidence, target: target,
      createdAt: Timestamp(seconds: 0), rule: "test")
  }
}
