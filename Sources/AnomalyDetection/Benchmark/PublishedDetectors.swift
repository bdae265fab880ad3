import Glibc

/// NAB's windowed Gaussian: the tail probability of a value under a normal distribution fitted to the last 6400 values,
/// fitted again at every value until there are so many, then at every 100th.
package struct WindowedGaussian: Sendable {
  private var window: [Double] = []
  private var step: [Double] = []
  private var mean = 0.0
  private var squares = 0.0
  private var deviation = 0.0

  package init() {}

  /// 1 minus the tail probability; 0 for the first value.
  package mutating func score(_ value: Double) -> Double {
    let score = window.isEmpty ? 0 : 1 - 0.5 * erfc((value - mean).magnitude / deviation / 1.4142)
    if window.count < 6400 {
      window.append(value)
      let before = value - mean
      mean += before / Double(window.count)
      squares += before * (value - mean)
      setDeviation(squares / Double(window.count))
    } else {
      step.append(value)
      if step.count == 100 {
        window = Array(window.dropFirst(100)) + step
        step = []
        mean = window.reduce(0, +) / Double(window.count)
        setDeviation(window.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(window.count))
      }
    }
    return score
  }

  private mutating func setDeviation(_ variance: Double) {
    deviation = variance > 0 ? variance.squareRoot() : 0.000_001
  }
}

/// NAB's relative entropy: Wang et al., "Statistical Techniques for Online Anomaly Detection in Data Centers", 2011.
///
/// The last 52 values, in five bins over the range, are compared with the histograms kept so far by a χ² test at 1 %.
/// NAB tells its detectors the range of the whole file beforehand; so does the benchmark for this one, not for ours.
package struct RelativeEntropy: Sendable {
  private static let bins = 5
  private static let length = 52
  /// The upper 1 % point of χ² with four degrees of freedom.
  private static let limit = 13.276_704_135_987_6
  private let range: ClosedRange<Double>
  private var recent: [Int] = []
  private var kept: [(histogram: [Double], count: Int)] = []

  package init(range: ClosedRange<Double>) { self.range = range }

  /// 1 when no kept histogram, or one that was met only once, agrees with the last values; else 0.
  package mutating func score(_ value: Double) -> Double {
    let width = (range.upperBound - range.lowerBound) / Double(Self.bins)
    guard width > 0 else { return 0 }
    recent.append(min(Self.bins, Int(((value - range.lowerBound) / width).rounded(.up))))
    if recent.count > Self.length { recent.removeFirst() }
    guard recent.count == Self.length else { return 0 }
    var histogram = [Double](repeating: 0, count: Self.bins + 1)
    for bin in recent { histogram[bin] += 1 / Double(Self.length) }
    guard !kept.isEmpty else {
      kept.append((histogram, 1))
      return 0
    }
    let distances = kept.map { Self.divergence(histogram, from: $0.histogram) }
    let agreeing = distances.indices.filter { 2 * Double(Self.length) * distances[$0] < Self.limit }
    guard let nearest = agreeing.min(by: { distances[$0] < distances[$1] }) else {
      kept.append((histogram, 1))
      return 1
    }
    kept[nearest].count += 1
    return kept[nearest].count <= 1 ? 1 : 0
  }

  private static func divergence(_ one: [Double], from other: [Double]) -> Double {
    zip(one, other).reduce(0) { $1.0 > 0 ? $0 + $1.0 * log($1.0 / $1.1) : $0 }
  }
}
