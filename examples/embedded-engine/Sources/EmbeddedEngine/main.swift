// The engine inside a program of your own: another score, a strategy and a handler.
// Usage: EmbeddedEngine DIRECTORY

import Autonomy
import DSLBase
import DecisionEngine

let directory = CommandLine.arguments.dropFirst().first ?? "coordination"
let engine = AutonomousDecisionEngine(coordinationDirectory: directory)
engine.confidenceThreshold = 0.7
engine.maxConcurrentDecisions = 5
engine.healthModel = HealthModel(terms: [
  .init(.completionRate, weight: 0.5, shape: .value),
  .init(.activeAgents, weight: 0.2, shape: .saturating(at: 3)),
  .init(.workQueueSize, weight: 0.2, shape: .inverse(at: 5)),
  .init(.telemetryVolume, weight: 0.1, shape: .saturating(at: 10)),
])
engine.addDecisionStrategy(HeavyQueueStrategy())
engine.addDecisionHandler(DecisionType(rawValue: "emergency_scale"), EmergencyHandler())

let metrics = try await engine.analyzeSystemState()
print("health: \(metrics.healthScore.map { "\($0)" } ?? "unknown") (\(metrics.healthState.rawValue))")
let decisions = try engine.makeAutonomousDecisions(metrics)
for decision in decisions {
  print("\(decision.type) p\(decision.priority) \(decision.confidence): \(decision.rationale)")
}
let results = try await engine.executeDecisions(decisions, maxDecisions: 1, minConfidence: 0.6)
for result in results.executed { print("executed \(result.decision.type) in \(result.durationMs) ms") }
