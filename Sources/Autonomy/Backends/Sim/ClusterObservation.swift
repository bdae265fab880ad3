package import ClusterSim
package import DSLBase
import DecisionEngine

/// What the engine sees of a simulated cluster: the table of `docs/simulator.md`. Pure, and made of nothing but what every
/// policy sees, so that engine and learned policies are compared on the same view.
package enum ClusterObservation {
  /// A cell with more memory than this is unwell.
  private static let unwell = 0.9
  /// What the cluster measures for each state: the floats of an observation.
  private static let measurements = ObservationLayout.count

  /// - Parameters:
  ///   - episode: its number.
  ///   - notes: for the evidence, a sentence each.
  package static func make(
    _ gauges: ClusterGauges, episode: Int, at time: Timestamp, notes: [String] = []
  ) -> Observation {
    Observation(
      at: time, backend: SimBackend.word, metrics: metrics(gauges, episode: episode),
      evidence: [
        SourceEvidence(
          source: "cluster", status: .fresh, records: gauges.cells, newestAgeSeconds: 0, oldestAgeSeconds: 0,
          notes: notes)
      ],
      agents: agents(gauges))
  }

  private static func metrics(_ gauges: ClusterGauges, episode: Int) -> SystemMetrics {
    // A cluster that failed has no cell that works.
    let hot = gauges.cause.isFailure ? gauges.cells : gauges.hot
    let sound = gauges.cells - hot
    var metrics = SystemMetrics()
    metrics[.activeAgents] = Double(sound)
    metrics[.workQueueSize] = Double(hot)
    metrics[.completedCount] = Double(sound)
    metrics[.completionRate] = Double(sound) / Double(gauges.cells)
    metrics[.telemetryVolume] = Double(measurements)
    metrics[.clusterFailed] = gauges.cause.isFailure ? 1 : 0
    metrics[.clusterEpisode] = Double(episode)
    metrics[.clusterStep] = Double(gauges.step)
    metrics[.clusterOOMs] = Double(gauges.ooms)
    metrics[.clusterBudget] = gauges.budget
    metrics[.clusterLoad] = (gauges.meanCPU + gauges.meanMemory) / 2
    metrics[.meanCPU] = gauges.meanCPU
    metrics[.meanMemory] = gauges.meanMemory
    metrics[.criticalMemory] = gauges.criticalMemory
    metrics[.ownCPU] = gauges.own.cpu
    metrics[.ownMemory] = gauges.own.memory
    metrics[.ownPriority] = gauges.own.priority
    metrics[.nearbyNeed] = gauges.need
    return metrics
  }

  /// The cells in view, by id.
  private static func agents(_ gauges: ClusterGauges) -> [AgentView] {
    var views: [AgentView] = []
    for cell in gauges.view.sorted(by: { ($0.row, $0.column) < ($1.row, $1.column) }) {
      let id = cell.id
      guard views.last?.id != id else { continue }
      let state: AgentView.State =
        gauges.cause.isFailure
        ? .stopped
        : cell.memory > unwell ? .stale : max(cell.memory, cell.cpu) > gauges.hotLine ? .busy : .idle
      views.append(AgentView(id: id, state: state, heartbeatAgeSeconds: 0))
    }
    return views
  }
}

extension ClusterGauges.Cell {
  /// The name that the engine has for it: digits of equal number, so that names sort as places do.
  package var id: String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "cell-\(two(row))-\(two(column))"
  }
}
