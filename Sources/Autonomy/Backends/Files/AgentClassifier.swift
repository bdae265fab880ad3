package import Coordination
package import DSLBase

/// Tells from an agent's record, its claims and its process what it is doing. Pure.
package struct AgentClassifier: Sendable {
  /// How many times the start time-out an agent that somebody else is to start may take.
  private static let requestPatience = 10.0

  package let now: Timestamp
  package let heartbeatLimitSeconds: Double
  package let startTimeoutSeconds: Double

  package init(now: Timestamp, heartbeatLimitSeconds: Double, startTimeoutSeconds: Double) {
    self.now = now
    self.heartbeatLimitSeconds = heartbeatLimitSeconds
    self.startTimeoutSeconds = startTimeoutSeconds
  }

  /// The agent as the engine sees it.
  ///
  /// - Parameters:
  ///   - record: its record.
  ///   - claims: items it holds under a valid lease.
  ///   - running: whether its process runs on this machine; `nil` when that cannot be told: no process in the record,
  ///     or one of another machine.
  package func view(_ record: AgentRecord, claims: Int, running: Bool?) -> AgentView {
    AgentView(
      id: record.id, state: state(record, claims: claims, running: running), claims: claims,
      concurrency: record.concurrency, pid: running == nil ? nil : record.pid,
      heartbeatAgeSeconds: record.heartbeatAge(at: now),
      idleSeconds: claims > 0
        ? nil : (record.lastActive ?? record.created).map { max(0, now.seconds(since: $0)) },
      managed: record.startedBy == FilesBackend.starter, running: running)
  }

  private func state(_ record: AgentRecord, claims: Int, running: Bool?) -> AgentView.State {
    switch record.status {
    case .stopped, .other: return .stopped
    case .requested:
      return age(record) > Self.requestPatience * startTimeoutSeconds ? .stopped : .starting
    case .starting:
      if running == false { return .stale }
      return age(record) > startTimeoutSeconds ? .stale : .starting
    case .active, .idle, .draining: break
    }
    if running == false { return record.isDraining ? .stopped : .stale }
    if record.isSilent(at: now, limitSeconds: heartbeatLimitSeconds) { return .stale }
    if record.isDraining { return .draining }
    return claims > 0 ? .busy : .idle
  }

  /// Seconds since the record was made; none for a record that does not say, or says a time to come.
  private func age(_ record: AgentRecord) -> Double { record.created.map { now.seconds(since: $0) } ?? 0 }
}
