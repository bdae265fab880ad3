package import DSLBase

extension MetricName {
  /// Whether the simulated cluster has failed: 1 or 0.
  package static let clusterFailed = MetricName(rawValue: "cluster_failed")
  /// The number of the simulated cluster's episode.
  package static let clusterEpisode = MetricName(rawValue: "cluster_episode")
  /// Steps done in it.
  package static let clusterStep = MetricName(rawValue: "cluster_step")
  /// Cells that ran out of memory in it.
  package static let clusterOOMs = MetricName(rawValue: "cluster_ooms")
  /// Share of a full budget.
  package static let clusterBudget = MetricName(rawValue: "cluster_budget")
  /// Mean of CPU and memory over all cells.
  package static let clusterLoad = MetricName(rawValue: "cluster_load")
  /// Mean CPU over all cells.
  package static let meanCPU = MetricName(rawValue: "mean_cpu")
  /// Mean memory over all cells.
  package static let meanMemory = MetricName(rawValue: "mean_memory")
  /// The largest memory of a critical cell.
  package static let criticalMemory = MetricName(rawValue: "critical_memory")
  /// CPU of the cell that the agent stands on.
  package static let ownCPU = MetricName(rawValue: "own_cpu")
  /// Its memory.
  package static let ownMemory = MetricName(rawValue: "own_memory")
  /// Its priority.
  package static let ownPriority = MetricName(rawValue: "own_priority")
  /// The largest need of the other cells in view.
  package static let nearbyNeed = MetricName(rawValue: "nearby_need")
}

extension MetricCatalog {
  /// What the simulated cluster shows beside what every backend measures (docs/simulator.md).
  public static let cluster: [MetricInfo] = [
    MetricInfo(.clusterFailed, unit: "1", kind: .count, meaning: "1 when the cluster has failed, else 0."),
    MetricInfo(.clusterEpisode, unit: "1", kind: .count, meaning: "The number of the episode."),
    MetricInfo(.clusterStep, unit: "steps", kind: .count, meaning: "Steps done in the episode."),
    MetricInfo(.clusterOOMs, unit: "cells", kind: .count, meaning: "Cells that ran out of memory in it."),
    MetricInfo(.clusterBudget, unit: "1", kind: .share, meaning: "What is left of a full budget."),
    MetricInfo(.clusterLoad, unit: "1", kind: .share, meaning: "Mean of CPU and memory over all cells."),
    MetricInfo(.meanCPU, unit: "1", kind: .share, meaning: "Mean CPU over all cells."),
    MetricInfo(.meanMemory, unit: "1", kind: .share, meaning: "Mean memory over all cells."),
    MetricInfo(.criticalMemory, unit: "1", kind: .share, meaning: "The largest memory of a critical cell."),
    MetricInfo(.ownCPU, unit: "1", kind: .share, meaning: "CPU of the cell that the agent stands on."),
    MetricInfo(.ownMemory, unit: "1", kind: .share, meaning: "Memory of that cell."),
    MetricInfo(.ownPriority, unit: "1", kind: .share, meaning: "Priority of that cell: 1 is critical."),
    MetricInfo(
      .nearbyNeed, unit: "1", kind: .quantity,
      meaning: "The largest memory of the other cells in view, where a critical one counts 0.15 more."),
  ]

  /// The metrics of all backends.
  package static let everywhere = standard.adding(cluster)
}
