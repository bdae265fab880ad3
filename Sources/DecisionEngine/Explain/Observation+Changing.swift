import DSLBase

extension Observation {
  /// The observation with one metric changed and what follows from it. Items that come are pending, agents that come
  /// are idle; pending items and idle agents go first, and then agents that are busy, or what they hold.
  ///
  /// - Returns: `nil` when that many are not there to go.
  func changing(_ name: MetricName, to value: Double) -> Observation? {
    var changed = self
    let difference = value - (metrics[name] ?? value)
    changed.metrics[name] = value
    switch name {
    case .workQueueSize: changed.shift(.pendingWork, by: difference, andFrom: .idleAgents)
    case .activeAgents:
      changed.shift(.idleAgents, by: difference, andFrom: .pendingWork)
      changed.metrics[.agentSlots] = metrics[.agentSlots].map { max(0, $0 + difference) }
    default: break
    }
    if name == .workQueueSize || name == .completedCount, let work = changed.metrics[.workQueueSize],
      let done = changed.metrics[.completedCount]
    {
      changed.metrics[.completionRate] = work + done > 0 ? done / (work + done) : 0
    }
    return changed.metrics.values.values.contains { $0 < 0 } ? nil : changed
  }

  /// Changes the free part, and where that is not enough breaks pairs of a busy agent and its item, of which the other
  /// half becomes free.
  private mutating func shift(_ free: MetricName, by difference: Double, andFrom other: MetricName) {
    guard let old = metrics[free] else { return }
    let broken = max(0, -(old + difference))
    metrics[free] = max(0, old + difference)
    guard broken > 0 else { return }
    for pair in [MetricName.busyAgents, .claimedWork] {
      metrics[pair] = metrics[pair].map { $0 - broken }
    }
    metrics[other] = metrics[other].map { $0 + broken }
  }
}
