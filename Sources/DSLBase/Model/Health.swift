/// How well the fleet does, by its health score.
public enum HealthState: String, Sendable, Hashable, CaseIterable {
  /// The engine is blind: there is no score to speak of.
  case unknown
  /// Below 0.3.
  case critical
  /// From 0.3 to below 0.6.
  case degraded
  /// From 0.6 to below 0.9.
  case healthy
  /// 0.9 and above.
  case optimal
}

/// What was measured in one observation: the four terms of the score, what the rules ask about, and the score itself.
///
/// Every number has a name (`MetricName`), so that policies, custom scores and backends can speak of all of them alike.
public struct SystemMetrics: Sendable, Equatable {
  /// Name → value, for all that was measured. A name that is absent was not measured; it is not zero.
  public var values: [MetricName: Double]
  /// The score in 0…1, or `nil` in the state `unknown`.
  public var healthScore: Double?
  /// The state that follows from the score.
  public var healthState: HealthState

  /// Metrics before scoring.
  public init(values: [MetricName: Double] = [:]) {
    self.values = values
    healthScore = nil
    healthState = .unknown
  }

  /// A measured value, or `nil`.
  public subscript(name: MetricName) -> Double? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// Completed / (live + completed), 0 when there is neither; 0…1.
  public var completionRate: Double { self[.completionRate] ?? 0 }
  /// Agents that are up and fresh.
  public var activeAgents: Int { Int(self[.activeAgents] ?? 0) }
  /// Work items not yet finished, claimed ones included.
  public var workQueueSize: Int { Int(self[.workQueueSize] ?? 0) }
  /// Completed items kept in the directory.
  public var completedCount: Int { Int(self[.completedCount] ?? 0) }
  /// Telemetry records kept in the directory.
  public var telemetryVolume: Int { Int(self[.telemetryVolume] ?? 0) }
  /// Share of failures in telemetry, 0…1; `nil` when no telemetry speaks of it.
  public var errorRate: Double? { self[.errorRate] }
  /// Mean response time in telemetry, milliseconds; `nil` when no telemetry speaks of it.
  public var responseTimeMs: Double? { self[.responseTimeMs] }
}

/// The name of a metric, in snake case with its unit last.
public struct MetricName: Sendable, Hashable, Comparable, RawRepresentable, CustomStringConvertible {
  /// The name.
  public let rawValue: String
  /// A metric of that name.
  public init(rawValue: String) { self.rawValue = rawValue }
  /// The name.
  public var description: String { rawValue }
  /// Alphabetical order.
  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }

  /// Completed / (live + completed), 0…1.
  public static let completionRate = MetricName(rawValue: "completion_rate")
  /// Agents that are up and fresh, draining ones excluded.
  public static let activeAgents = MetricName(rawValue: "active_agents")
  /// Live work items: pending, claimed and waiting for a retry.
  public static let workQueueSize = MetricName(rawValue: "work_queue_size")
  /// Completed items.
  public static let completedCount = MetricName(rawValue: "completed_count")
  /// Telemetry records.
  public static let telemetryVolume = MetricName(rawValue: "telemetry_volume")
  /// Share of failures in telemetry, 0…1.
  public static let errorRate = MetricName(rawValue: "error_rate")
  /// Mean response time in telemetry, milliseconds.
  public static let responseTimeMs = MetricName(rawValue: "response_time_ms")
  /// Items that no agent holds.
  public static let pendingWork = MetricName(rawValue: "pending_work")
  /// Items that an agent holds under a valid lease.
  public static let claimedWork = MetricName(rawValue: "claimed_work")
  /// Claims whose lease ran out.
  public static let expiredClaims = MetricName(rawValue: "expired_claims")
  /// Items given up after their last attempt.
  public static let failedWork = MetricName(rawValue: "failed_work")
  /// Pending items past their age limit.
  public static let overdueWork = MetricName(rawValue: "overdue_work")
  /// Age of the oldest pending item, seconds.
  public static let oldestPendingSeconds = MetricName(rawValue: "oldest_pending_s")
  /// Active agents that hold a claim.
  public static let busyAgents = MetricName(rawValue: "busy_agents")
  /// Active agents that hold none.
  public static let idleAgents = MetricName(rawValue: "idle_agents")
  /// Agents whose heartbeat is older than its limit.
  public static let staleAgents = MetricName(rawValue: "stale_agents")
  /// Agents that were asked for and have not reported yet.
  public static let startingAgents = MetricName(rawValue: "starting_agents")
  /// Agents that finish what they hold and then stop.
  public static let drainingAgents = MetricName(rawValue: "draining_agents")
  /// The sum of the active agents' concurrency: items that can be worked on at once.
  public static let agentSlots = MetricName(rawValue: "agent_slots")
  /// What the score program answered, 0…1.
  public static let programScore = MetricName(rawValue: "program_score")
  /// Items completed a minute, over the window of observation.
  public static let throughputPerMinute = MetricName(rawValue: "throughput_per_min")
  /// Issues that detectors raised and that are not over; absent while no telemetry is processed.
  public static let openIssues = MetricName(rawValue: "open_issues")
}
