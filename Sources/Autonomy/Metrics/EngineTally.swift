import Coordination
import DSLBase
import Telemetry

/// What a cycle adds to the journal's counts, and the counts read back as metrics.
enum EngineTally {
  /// Upper bounds of the buckets of cycles' durations, seconds.
  static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
  private static let (cycles, decisions) = ("cycles", "decisions")
  /// The words of `DecisionReport.word` that a journaled cycle has.
  private static let words = ["executed", "failed", "nothing_to_do", "refused", "stopped"]
  private static let (bucket, sum) = ("cycle_seconds_bucket", "cycle_seconds_sum")

  static func entries(_ report: CycleReport) -> [TallyEntry] {
    let seconds = report.durationMs / 1000
    let bound = bounds.first { seconds <= $0 }.map(\.description) ?? "+Inf"
    return [TallyEntry(cycles), TallyEntry(bucket, [bound]), TallyEntry(sum, [], seconds)]
      + report.decisions.map { TallyEntry(decisions, [$0.decision.type.rawValue, $0.word]) }
  }

  /// A point for each type and outcome, those that never came up included: a counter that appears at 1 hides from
  /// Prometheus that it grew.
  private static func outcomes(_ tally: [TallyEntry]) -> [MetricPoint] {
    let counted = tally.filter { $0.name == decisions && $0.labels.count == 2 }
    let usual = DecisionType.all.flatMap { type in
      words.map { TallyEntry(decisions, [type.rawValue, $0], 0) }
    }
    let absent = usual.filter { entry in !counted.contains { $0.labels == entry.labels } }
    return (counted + absent).sorted { $0.labels.lexicographicallyPrecedes($1.labels) }.map { entry in
      MetricPoint(
        .number(entry.value),
        labels: [MetricLabel("type", entry.labels[0]), MetricLabel("outcome", entry.labels[1])])
    }
  }

  /// The families of counted things; a counter of a journal that has none yet says 0.
  ///
  /// - Parameter last: a duration that is counted already, with its trace.
  static func families(_ tally: [TallyEntry], _ last: HistogramValue.Exemplar? = nil) -> [MetricFamily] {
    func total(_ name: String) -> Double { tally.filter { $0.name == name }.map(\.value).reduce(0, +) }
    var durations = HistogramValue(bounds: bounds)
    durations.sum = total(sum)
    durations.exemplar = last
    for entry in tally where entry.name == bucket {
      // Counts under bounds that an earlier version had go into the bucket that holds all of them.
      let bound = entry.labels.first.flatMap { Double($0) } ?? .infinity
      durations.counts[HistogramValue.bucket(of: bound, bounds)] += UInt64(max(0, entry.value))
    }
    return [
      MetricFamily(EngineMetric.cycles, total(cycles)),
      MetricFamily(EngineMetric.decisions, outcomes(tally)),
      MetricFamily(EngineMetric.cycleDuration, [MetricPoint(.histogram(durations))]),
    ]
  }
}
