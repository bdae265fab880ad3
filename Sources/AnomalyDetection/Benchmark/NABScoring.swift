import Glibc

/// The scoring of the Numenta Anomaly Benchmark: Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", 2015,
/// as version 1.1 of its code does it.
///
/// A window that is found earns up to 1, more for an early detection; only its best detection counts. A window that is
/// missed costs `missed`. A detection outside costs up to `falseAlarm`, less when it comes soon after a window. One
/// threshold serves all series. 0 is a detector that says nothing, 100 a perfect one.
package struct NABScoring: Sendable {
  package let missed: Double
  package let falseAlarm: Double

  package init(missed: Double, falseAlarm: Double) {
    self.missed = missed
    self.falseAlarm = falseAlarm
  }

  /// The profile by which detectors are compared.
  package static let standard = NABScoring(missed: 1, falseAlarm: 0.11)

  /// What a detection is worth at each row, and the number of the window it lies in.
  package struct Row: Sendable {
    package let worth: Double
    package let window: Int?
  }

  /// The rows of a series, those of the probation too.
  package func rows(of series: LabelledSeries) -> [Row] {
    var rows: [Row] = []
    var previous: ClosedRange<Int>?
    var next = 0
    for index in series.values.indices {
      let window = next < series.windows.count ? series.windows[next] : nil
      if let window, window.contains(index) {
        let position = -Double(window.upperBound - index + 1) / Double(window.count)
        rows.append(Row(worth: Self.sigmoid(position) / Self.sigmoid(-1), window: next))
        if index == window.upperBound {
          previous = window
          next += 1
        }
      } else {
        let worth = previous.map {
          Self.sigmoid(Double(index - $0.upperBound) / Double(max(1, $0.count - 1)))
        }
        rows.append(Row(worth: falseAlarm * (worth ?? -1), window: nil))
      }
    }
    return rows
  }

  /// 1 far before an end, 0 at it, −1 far behind it; exactly −1 beyond three lengths.
  private static func sigmoid(_ position: Double) -> Double {
    position > 3 ? -1 : 2 / (1 + exp(5 * position)) - 1
  }

  /// How a sum of points moves as the threshold falls.
  private struct Step {
    let score: Double
    let change: Double
  }

  private func steps(_ series: LabelledSeries, _ scores: [Double]) -> [Step] {
    var steps: [Step] = []
    var inWindows: [[Step]] = Array(repeating: [], count: series.windows.count)
    for (index, row) in rows(of: series).enumerated().dropFirst(series.probation) {
      let step = Step(score: scores[index], change: row.worth)
      if let window = row.window { inWindows[window].append(step) } else { steps.append(step) }
    }
    for window in inWindows {
      var best = -missed
      for step in window.sorted(by: { $0.score > $1.score }) where step.change > best {
        steps.append(Step(score: step.score, change: step.change - best))
        best = step.change
      }
    }
    return steps
  }

  /// The threshold that maximises the normalised score of a corpus, and that score.
  ///
  /// - Parameter scores: one array a series, one number a row, higher for what is stranger.
  package func best(_ corpus: [LabelledSeries], scores: [[Double]]) -> (threshold: Double, score: Double) {
    let steps = zip(corpus, scores).flatMap { self.steps($0, $1) }.sorted { $0.score > $1.score }
    let silent = -missed * Double(corpus.reduce(0) { $0 + $1.windows.count })
    var best = (threshold: Double.infinity, points: silent)
    var points = silent
    for (index, step) in steps.enumerated() {
      points += step.change
      // Rows of one score are taken or left together.
      if index + 1 < steps.count, steps[index + 1].score == step.score { continue }
      if points > best.points { best = (step.score, points) }
    }
    return (best.threshold, normalised(points: best.points, corpus))
  }

  /// The points of one series at a threshold, not normalised.
  package func points(_ series: LabelledSeries, scores: [Double], threshold: Double) -> Double {
    steps(series, scores).reduce(-missed * Double(series.windows.count)) {
      $0 + ($1.score >= threshold ? $1.change : 0)
    }
  }

  /// The normalised score of a corpus at a threshold.
  package func score(_ corpus: [LabelledSeries], scores: [[Double]], threshold: Double) -> Double {
    let points = zip(corpus, scores).reduce(0) { $0 + self.points($1.0, scores: $1.1, threshold: threshold) }
    return normalised(points: points, corpus)
  }

  private func normalised(points: Double, _ corpus: [LabelledSeries]) -> Double {
    let windows = Double(corpus.reduce(0) { $0 + $1.windows.count })
    return 100 * (points + missed * windows) / (windows + missed * windows)
  }
}
