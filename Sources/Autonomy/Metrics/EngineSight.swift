package import Coordination
package import DSLBase
import DecisionEngine
package import Telemetry

/// All that the engine's metrics are made from. Pure: the same sight gives the same families.
package struct EngineSight: Sendable {
  /// What was seen, scored.
  package var observation: Observation
  /// The latest decisions, newest first.
  package var recent: [JournaledDecision] = []
  package var control = ControlStatus()
  /// Who leads; `nil` where that cannot be told.
  package var leader: LeaderStatus?
  /// When the latest journaled cycle began.
  package var lastCycle: Timestamp?
  /// What the journal counted.
  package var tally: [TallyEntry] = []
  /// How long the latest finished cycle took, and its trace.
  package var lastDuration: HistogramValue.Exemplar?

  package init(_ observation: Observation) { self.observation = observation }

  /// The families, in the order of `EngineMetric.all`. What is not known has no point: unknown is not zero.
  package var families: [MetricFamily] {
    fleet + evidence + engine + EngineTally.families(tally, lastDuration) + documented
  }

  private var metrics: SystemMetrics { observation.metrics }

  private var fleet: [MetricFamily] {
    let version = MetricLabel("version", DSLVersion.current)
    return [
      MetricFamily(EngineMetric.build, [MetricPoint(.number(1), labels: [version])]),
      MetricFamily(EngineMetric.observed, Self.seconds(observation.at)),
      MetricFamily(EngineMetric.blind, observation.blind != nil),
      MetricFamily(EngineMetric.healthScore, metrics.healthScore),
      MetricFamily(
        EngineMetric.healthState,
        Self.oneHot("state", HealthState.allCases.map(\.rawValue), metrics.healthState.rawValue)),
      MetricFamily(EngineMetric.activeAgents, metrics[.activeAgents]),
      MetricFamily(
        EngineMetric.agents,
        points(
          "state",
          [
            ("busy", .busyAgents), ("idle", .idleAgents), ("starting", .startingAgents),
            ("draining", .drainingAgents), ("stale", .staleAgents),
          ])),
      MetricFamily(EngineMetric.slots, metrics[.agentSlots]),
      MetricFamily(EngineMetric.queue, metrics[.workQueueSize]),
      MetricFamily(
        EngineMetric.work,
        points(
          "state",
          [
            ("pending", .pendingWork), ("claimed", .claimedWork), ("expired", .expiredClaims),
            ("failed", .failedWork), ("completed", .completedCount),
          ])),
      MetricFamily(EngineMetric.overdue, metrics[.overdueWork]),
      MetricFamily(EngineMetric.oldestPending, metrics[.oldestPendingSeconds]),
      MetricFamily(EngineMetric.completion, metrics[.completionRate]),
      MetricFamily(EngineMetric.throughput, metrics[.throughputPerMinute].map { $0 / 60 }),
      MetricFamily(EngineMetric.errorRatio, metrics[.errorRate]),
      MetricFamily(EngineMetric.response, metrics[.responseTimeMs].map { $0 / 1000 }),
      MetricFamily(EngineMetric.telemetryRecords, metrics[.telemetryVolume]),
    ]
  }

  private var evidence: [MetricFamily] {
    func source(_ evidence: SourceEvidence) -> MetricLabel { MetricLabel("source", evidence.source) }
    return [
      MetricFamily(
        EngineMetric.evidenceAge,
        observation.evidence.compactMap { evidence in
          evidence.newestAgeSeconds.map { MetricPoint(.number($0), labels: [source(evidence)]) }
        }),
      MetricFamily(
        EngineMetric.evidenceStatus,
        observation.evidence.flatMap { evidence in
          Self.oneHot("status", EvidenceStatus.allCases.map(\.rawValue), evidence.status.rawValue).map {
            point in
            MetricPoint(point.value, labels: [source(evidence)] + point.labels)
          }
        }),
      MetricFamily(
        EngineMetric.unreadable,
        observation.evidence.map { MetricPoint(.number(Double($0.unreadable)), labels: [source($0)]) }),
    ]
  }

  private var engine: [MetricFamily] {
    [
      MetricFamily(EngineMetric.leader, leader.map { $0.word == "leading" }),
      MetricFamily(EngineMetric.epoch, leader?.record.map { Double($0.epoch) }),
      MetricFamily(EngineMetric.paused, control.paused != nil),
      MetricFamily(EngineMetric.stopped, control.stopped != nil),
      MetricFamily(
        EngineMetric.approvals,
        [("pending", control.waiting), ("approved", control.approved)].map { status, count in
          MetricPoint(.number(Double(count)), labels: [MetricLabel("status", status)])
        }),
      MetricFamily(EngineMetric.lastCycle, lastCycle.map(Self.seconds)),
    ]
  }

  private var documented: [MetricFamily] {
    let executed = recent.count { $0.outcome == .executed }
    let failed = recent.count { [.failed, .undoneAfterFailure, .stopped].contains($0.outcome) }
    let attempted = executed + failed
    return [
      MetricFamily(EngineMetric.documentScore, metrics.healthScore),
      MetricFamily(EngineMetric.documentAgents, metrics[.activeAgents]),
      MetricFamily(EngineMetric.documentQueue, metrics[.workQueueSize]),
      MetricFamily(EngineMetric.documentExecuted, Double(executed)),
      MetricFamily(
        EngineMetric.documentFailures, attempted == 0 ? nil : Double(failed) / Double(attempted)),
    ]
  }

  private func points(_ label: String, _ names: [(String, MetricName)]) -> [MetricPoint] {
    names.compactMap { word, name in
      metrics[name].map { MetricPoint(.number($0), labels: [MetricLabel(label, word)]) }
    }
  }

  /// A point a word: 1 for the one that holds.
  private static func oneHot(_ label: String, _ words: [String], _ holds: String) -> [MetricPoint] {
    words.map { MetricPoint(.number($0 == holds ? 1 : 0), labels: [MetricLabel(label, $0)]) }
  }

  private static func seconds(_ time: Timestamp) -> Double { Double(time.nanoseconds / 1_000_000) / 1000 }
}
