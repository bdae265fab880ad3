import DSLBase
import Glibc

/// What one signal of one service usually is, and how much says that it no longer is.
///
/// A value is compared with what predicts it best: the median of the last 512, the hour of the day or the hour of the week.
/// What is left is freed of its own echo, twice, and ranked among what was left before.
struct SignalBaseline: Sendable, Equatable {
  /// Windows remembered. What lasts longer than half of this becomes the new normal.
  static let memory = 512

  /// One value of the signal as its window gives it.
  struct Sample {
    /// In a unit in which noise is about the same at all levels, higher for worse.
    let value: Double
    /// The least spread of `value` by the way in which it was sampled; 0 when that is not known.
    let scale: Double
    /// The weight of a deviation, 0 to 1: less than 1 for a window with much less in it than usual.
    let weight: Double
    /// An upper bound on the probability of the window by how it was sampled, given the expectation; 0 when not known.
    let sampling: (_ expected: Double) -> Double
  }

  /// What a sample says.
  struct Verdict {
    let p: Double
    let expected: Double
    /// How many times over the sample lies beyond what nine of ten windows stay within; 0 for one within.
    let excess: Double
  }

  var levels = SlidingOrder(capacity: memory)
  /// Deviations without their echo.
  var innovations = SlidingOrder(capacity: memory)
  var profiles = [SeasonalProfile(hours: 24, depth: 7), SeasonalProfile(hours: 168, depth: 4)]
  /// Smoothed errors of the predictions: median, day, week.
  var errors: [Double?] = [nil, nil, nil]
  /// The echo of deviations, and of what is left without it: a drift echoes twice.
  var echoes = [Echo(), Echo()]
  /// When the last sample was.
  var last: Timestamp?
  var evidence = ChangeEvidence()
  /// Windows in a row with enough evidence.
  var alarmed = 0
  /// Whether deviations echo: not so where a lasting trend is what is looked for.
  let whitens: Bool

  init(whitens: Bool = true) { self.whitens = whitens }

  /// Takes a window's sample in.
  ///
  /// - Parameters:
  ///   - length: of the window, in seconds.
  ///   - interval: windows between two false alarms, on average, at least.
  /// - Returns: `nil` for the first sample.
  mutating func observe(
    _ sample: Sample, at time: Timestamp, length: Double, interval: Double
  ) -> Verdict? {
    defer { learn(sample.value, at: time) }
    guard let expected = prediction(at: time) else { return nil }
    let deviation = (sample.value - expected) * sample.weight
    let parts = parts(of: deviation, at: time, length: length)
    let innovation = parts.last ?? deviation
    let ranked = TailProbability.above(innovation, history: innovations, scale: sample.scale)
    let p = max(ranked, min(1, sample.sampling(expected)))
    evidence.observe(p: p, at: time, limit: 100 * interval)
    let reach = TailProbability.upperTenth(of: innovations)
    let usual = max(reach ?? .infinity, sample.scale)
    // A history without any spread does not say how far is far: then twice as far as usual stands for all of it.
    let excess = usual > 0 ? max(0, innovation / usual) : innovation > 0 ? 2 : 0
    settle(parts, at: time, interval: interval)
    return Verdict(p: p, expected: expected, excess: reach == nil ? 0 : excess)
  }

  /// A deviation, and what is left of it after each echo.
  private func parts(of deviation: Double, at time: Timestamp, length: Double) -> [Double] {
    guard whitens, let last else { return [deviation] }
    let steps = max(1, (time.seconds(since: last) / length).rounded())
    return echoes.reduce(into: [deviation]) { parts, echo in
      parts.append(echo.removed(from: parts[parts.count - 1], steps: steps))
    }
  }

  /// Keeps the deviation for the windows to come, unless it belongs to an alarm: what is wrong must not become usual before
  /// it has lasted for half of the memory.
  private mutating func settle(_ parts: [Double], at time: Timestamp, interval: Double) {
    alarmed = evidence.value >= interval ? alarmed + 1 : 0
    if alarmed > Self.memory / 2 {
      alarmed = 0
      evidence = ChangeEvidence()
      innovations = SlidingOrder(capacity: Self.memory)
    }
    if alarmed == 0, let innovation = parts.last { innovations.append(innovation) }
    for (index, part) in zip(echoes.indices, parts) { echoes[index].observe(part, learns: alarmed == 0) }
    last = time
  }

  private func prediction(at time: Timestamp) -> Double? {
    guard let middle = levels.median else { return nil }
    let candidates = [middle] + profiles.map { $0.expectation(at: time) }
    var best = (value: middle, error: errors[0] ?? .infinity)
    for (candidate, error) in zip(candidates, errors).dropFirst() {
      if let candidate, let error, error < best.error { best = (candidate, error) }
    }
    return best.value
  }

  private mutating func learn(_ value: Double, at time: Timestamp) {
    let candidates = [levels.median] + profiles.map { $0.expectation(at: time) }
    for (index, candidate) in candidates.enumerated() {
      guard let candidate else { continue }
      let error = (value - candidate).magnitude
      errors[index] = errors[index].map { $0 + (error - $0) / 128 } ?? (index == 0 ? error : 2 * error)
    }
    levels.append(value)
    for index in profiles.indices { profiles[index].observe(value, at: time) }
  }
}
