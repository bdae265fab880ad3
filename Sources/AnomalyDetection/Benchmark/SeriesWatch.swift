import DSLBase
import Glibc

/// What the detectors of issues make of a bare series of numbers: the same baseline and the same evidence that judge the signals
/// of a service, once for values that are too high and once for values that are too low.
///
/// It exists so that benchmarks score the code that runs; a service's signals have units and samplings that a series lacks.
package struct SeriesWatch: Sendable {
  private let interval: Double
  private let seconds: Double
  private var sides = [SignalBaseline(), SignalBaseline()]
  private var onsets: [Timestamp?] = [nil, nil]
  private var time = Timestamp(seconds: 1_700_000_000)

  /// - Parameters:
  ///   - interval: values between two false alarms, on average, at least.
  ///   - seconds: between two values.
  package init(interval: Double = IssueDetector.Settings().windowsPerFalseAlarm, seconds: Double = 300) {
    self.interval = interval
    self.seconds = seconds
  }

  /// Takes the next value in.
  ///
  /// - Returns: the logarithm (base 10) of the evidence where an issue is told for the first time, else 0: an issue that goes
  ///   on is one alarm.
  package mutating func score(_ value: Double) -> Double {
    var score = 0.0
    for (number, sign) in [1.0, -1.0].enumerated() {
      let sample = SignalBaseline.Sample(value: sign * value, scale: 0, weight: 1, sampling: { _ in 0 })
      let verdict = sides[number].observe(sample, at: time, length: seconds, interval: interval)
      let evidence = sides[number].evidence
      guard let verdict, let onset = evidence.onset, IssueDetector.isTold(verdict, evidence, interval) else {
        continue
      }
      if onsets[number] != onset { score = max(score, log10(evidence.value)) }
      onsets[number] = onset
    }
    time = time.adding(seconds: seconds)
    return score
  }
}
