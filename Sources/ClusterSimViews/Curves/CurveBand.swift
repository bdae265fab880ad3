import ClusterSim
package import DSLBase

/// What several trainings of one learner have in common: their mean at each number of episodes, and how sure it is.
package struct CurveBand: Sendable, Hashable {
  /// What is averaged.
  package enum Measure: String, Sendable, CaseIterable {
    case reward, steps, ooms, failures

    func value(_ point: TrainingRun.Point) -> Double {
      switch self {
      case .reward: point.reward
      case .steps: point.steps
      case .ooms: point.ooms
      case .failures: point.failures
      }
    }
  }

  /// A mean over the trainings that have a point there.
  package struct Point: Sendable, Hashable {
    package var episodes: Int
    /// Trainings.
    package var count: Int
    package var mean: Double
    /// The 95 % interval by Student's t; `nil` where there is one training.
    package var low, high: Double?
  }

  package var measure: Measure
  package var points: [Point]

  /// Trainings are compared where they have done the same number of episodes; nothing is interpolated.
  package init(_ runs: [TrainingRun], _ measure: Measure) {
    var values: [Int: [Double]] = [:]
    for run in runs {
      for point in run.points { values[point.episodes, default: []].append(measure.value(point)) }
    }
    self.measure = measure
    points = values.sorted { $0.key < $1.key }.map { episodes, values in
      let estimate = Student.interval(values)
      return Point(
        episodes: episodes, count: values.count, mean: estimate.mean,
        low: values.count > 1 ? estimate.low : nil, high: values.count > 1 ? estimate.high : nil)
    }
  }

  package var json: JSONValue {
    func rounded(_ x: Double?) -> JSONValue { .optional(x.map { ($0 * 1e6).rounded() / 1e6 }) }
    return .array(
      points.map {
        [
          "episodes": .int($0.episodes), "trainings": .int($0.count), "mean": rounded($0.mean),
          "low": rounded($0.low), "high": rounded($0.high),
        ]
      })
  }
}

/// Intervals of means of few values.
package enum Student {
  /// Quantiles of the t distribution at 0.975 for 1 to 30 degrees of freedom (Fisher, Yates: "Statistical tables", table III).
  private static let quantiles = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
  ]

  /// The mean with its 95 % interval; of one value the interval is that value.
  package static func interval(_ values: [Double]) -> (mean: Double, low: Double, high: Double) {
    let (n, mean) = (values.count, Statistics.average(values))
    guard n > 1 else { return (mean, mean, mean) }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let error = (squares / Double(n - 1) / Double(n)).squareRoot()
    let half = (n - 1 <= quantiles.count ? quantiles[n - 2] : 1.96) * error
    return (mean, mean - half, mean + half)
  }
}
