import DSLBase
import Testing

/// One row of the original engine's behaviour, as run on the original: what is there, its score, state and decisions.
struct HealthVector: Sendable, CustomTestStringConvertible {
  struct Expected: Sendable, Equatable {
    let type: String
    let priority: Int
    let target: Int?
    init(_ type: String, _ priority: Int, target: Int? = nil) {
      self.type = type
      self.priority = priority
      self.target = target
    }
  }

  let metrics: SystemMetrics
  let score: Double
  let state: HealthState
  let decisions: [Expected]
  let testDescription: String

  init(
    _ agents: Int, _ work: Int, _ completed: Int, _ telemetry: Int, _ score: Double, _ state: HealthState,
    _ decisions: [Expected]
  ) {
    metrics = SystemMetrics(counts: agents, work, completed, telemetry)
    self.score = score
    self.state = state
    self.decisions = decisions
    testDescription = "\(agents),\(work),\(completed),\(telemetry)"
  }

  static let all: [HealthVector] = [
    HealthVector(0, 0, 0, 0, 0.2, .critical, [.init("scale_up", 10, target: 2)]),
    HealthVector(1, 0, 0, 0, 0.26, .critical, [.init("scale_up", 10, target: 2)]),
    HealthVector(2, 8, 3, 4, 0.28909090909090907, .critical, []),
    HealthVector(3, 12, 0, 0, 0.18, .critical, []),
    HealthVector(
      1, 16, 0, 0, 0.06, .critical, [.init("scale_up", 10, target: 2), .init("coordination_improve", 9)]),
    HealthVector(2, 16, 0, 0, 0.12, .critical, [.init("coordination_improve", 9)]),
    HealthVector(2, 0, 0, 4, 0.34, .degraded, [.init("scale_up", 7, target: 3)]),
    HealthVector(5, 0, 0, 0, 0.5, .degraded, [.init("scale_up", 7, target: 6)]),
    HealthVector(50, 0, 0, 5, 0.525, .degraded, [.init("scale_up", 7, target: 51)]),
    HealthVector(5, 0, 0, 20, 0.6, .healthy, [.init("optimize", 4)]),
    HealthVector(
      3, 6, 1, 0, 0.31714285714285717, .degraded,
      [.init("scale_up", 7, target: 4), .init("coordination_improve", 6)]),
    HealthVector(4, 6, 4, 10, 0.53, .degraded, [.init("coordination_improve", 6)]),
    HealthVector(5, 2, 18, 10, 0.8700000000000001, .healthy, []),
    HealthVector(5, 0, 10, 20, 0.9999999999999999, .optimal, [.init("scale_down", 2, target: 4)]),
    HealthVector(
      5, 0, 10, 9, 0.945, .optimal, [.init("scale_down", 2, target: 4), .init("telemetry_enhance", 1)]),
    HealthVector(8, 3, 97, 20, 0.9279999999999999, .optimal, []),
    HealthVector(9, 1, 99, 20, 0.976, .optimal, [.init("scale_down", 2, target: 8)]),
    HealthVector(7, 10, 90, 20, 0.76, .healthy, []),
    HealthVector(2, 5, 5, 0, 0.42000000000000004, .degraded, []),
    HealthVector(3, 0, 10, 20, 0.88, .healthy, []),
    HealthVector(4, 0, 100, 9, 0.8850000000000001, .healthy, []),
  ]
}

extension SystemMetrics {
  /// What the original measures: four counts.
  init(counts agents: Int, _ work: Int, _ completed: Int, _ telemetry: Int) {
    let all = work + completed
    self.init(values: [
      .activeAgents: Double(agents), .workQueueSize: Double(work), .completedCount: Double(completed),
      .completionRate: all == 0 ? 0 : Double(completed) / Double(all), .telemetryVolume: Double(telemetry),
    ])
  }
}
