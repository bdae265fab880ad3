import Coordination
import DSLBase
import Telemetry
import Testing

@testable import Autonomy

@Suite struct EngineSightTests {
  private func value(_ families: [MetricFamily], _ metric: MetricDeclaration, _ labels: [String] = [])
    -> Double?
  {
    let points = families.filter { $0.declaration == metric }.flatMap(\.points)
    guard case .number(let number)? = points.first(where: { $0.labels.map(\.value) == labels })?.value else {
      return nil
    }
    return number
  }

  private func observation(_ values: [MetricName: Double]) -> Observation {
    Observation(
      at: Timestamp(nanoseconds: 1_500_000_000), backend: "memory", metrics: SystemMetrics(values: values))
  }

  @Test func unknownIsNotZero() {
    var seen = observation([:])
    seen.blind = "nothing there"
    let families = EngineSight(seen).families
    #expect(value(families, EngineMetric.blind) == 1)
    #expect(value(families, EngineMetric.healthState, ["unknown"]) == 1)
    let told = families.filter { !$0.points.isEmpty }.map(\.declaration)
    #expect(
      told == [
        EngineMetric.build, EngineMetric.observed, EngineMetric.blind, EngineMetric.healthState,
        EngineMetric.paused, EngineMetric.stopped, EngineMetric.approvals, EngineMetric.cycles,
        EngineMetric.decisions, EngineMetric.cycleDuration, EngineMetric.documentExecuted,
      ])
  }

  @Test func whatWasSeenIsTold() {
    var seen = observation([
      .activeAgents: 2, .busyAgents: 1, .workQueueSize: 8, .responseTimeMs: 250, .throughputPerMinute: 30,
    ])
    seen.metrics.healthScore = 0.5
    seen.metrics.healthState = .degraded
    seen.evidence = [
      SourceEvidence(source: "work", status: .stale, records: 8, unreadable: 3, newestAgeSeconds: 12)
    ]
    let families = EngineSight(seen).families
    #expect(value(families, EngineMetric.observed) == 1.5)
    #expect(value(families, EngineMetric.healthScore) == 0.5)
    #expect(value(families, EngineMetric.documentScore) == 0.5)
    #expect(
      HealthState.allCases.map { value(families, EngineMetric.healthState, [$0.rawValue]) } == [
        0, 0, 1, 0, 0,
      ])
    #expect(value(families, EngineMetric.agents, ["busy"]) == 1)
    #expect(value(families, EngineMetric.agents, ["idle"]) == nil)
    #expect(value(families, EngineMetric.response) == 0.25)
    #expect(value(families, EngineMetric.throughput) == 0.5)
    #expect(value(families, EngineMetric.evidenceAge, ["work"]) == 12)
    #expect(value(families, EngineMetric.evidenceStatus, ["work", "stale"]) == 1)
    #expect(value(families, EngineMetric.evidenceStatus, ["work", "fresh"]) == 0)
    #expect(value(families, EngineMetric.unreadable, ["work"]) == 3)
  }

  @Test func everyFamilyIsDeclaredOnceAndInOrder() {
    let names = EngineSight(observation([:])).families.map(\.declaration)
    #expect(names == EngineMetric.all)
    #expect(Set(names.map(\.prometheusName)).count == names.count)
  }

  @Test func countsComeFromTheJournal() throws {
    var report = CycleReport(id: "c-1", traceID: "", at: Timestamp(nanoseconds: 0))
    report.durationMs = 30
    let decision = Decision(
      id: "d", type: .scaleUp, priority: 1, description: "", rationale: "", confidence: 1, target: "fleet",
      createdAt: Timestamp(nanoseconds: 0), rule: "r")
    report.decisions = [
      DecisionReport(decision: decision, outcome: .executed("x"), durationMs: 1),
      DecisionReport(decision: decision, outcome: .failed(error: "x", undone: "y"), durationMs: 1),
    ]
    var tally: [TallyEntry] = []
    for _ in 0..<2 { tally += EngineTally.entries(report) }
    report.durationMs = 90_000
    tally += EngineTally.entries(report)
    var sight = EngineSight(observation([:]))
    sight.tally = tally.reduce(into: []) { sum, entry in
      if let place = sum.firstIndex(where: { $0.name == entry.name && $0.labels == entry.labels }) {
        sum[place].value += entry.value
      } else {
        sum.append(entry)
      }
    }
    let families = sight.families
    #expect(value(families, EngineMetric.cycles) == 3)
    #expect(value(families, EngineMetric.decisions, ["scale_up", "executed"]) == 3)
    #expect(value(families, EngineMetric.decisions, ["scale_up", "failed"]) == 3)
    #expect(value(families, EngineMetric.decisions, ["restart", "refused"]) == 0)
    let durations = try #require(
      families.first { $0.declaration == EngineMetric.cycleDuration }?.points.first)
    guard case .histogram(let spread) = durations.value else { return #expect(Bool(false), "a histogram") }
    #expect(spread.count == 3 && spread.sum == 90.06)
    #expect(spread.counts[3] == 2 && spread.counts.last == 1)
  }
}
