package import DSLBase

/// An anomaly score for any series of numbers: one pass, no look ahead, no parameter to set, no memory of units.
///
/// Two questions are asked of each value. How far is it from the nearest values seen so far? How far is the distribution of
/// the last 48 values from the nearest such windows seen so far? Both distances are turned into p-values by their rank
/// among the distances of earlier values, and combined by Fisher's rule: the sum of their logarithms. A score that is not
/// the highest of the last 150 is given as 0: what is still strange is not strange again.
///
/// The method is conformal nearest-neighbour detection (Laxhammar and Falkman 2014; Burnaev and Ishimtsev 2016) with a
/// distance between distributions in the place of one between delay vectors. See `docs/detectors.md`.
package struct RarityDetector: Sendable {
  /// Values remembered; the oldest are forgotten beyond this.
  package static let memory = 16_384
  /// Values in a window.
  private static let window = 48
  /// Neighbours whose distances are averaged.
  private static let neighbours = 4
  /// Values for which a score stands before another one of that height is given.
  private static let rest = 150

  private var values = SlidingOrder(capacity: memory)
  private var windows = WindowLibrary(length: window, capacity: memory / 4, nearest: neighbours)
  private var valueSurprise = RankedSurprise(capacity: memory)
  private var windowSurprise = RankedSurprise(capacity: memory)
  private var recent = RecentMaximum(length: rest)

  package init() {}

  /// The anomaly score of the next value: 0 for nothing new, about 3 for what is worth an alarm.
  ///
  /// - Throws: `DSLError` `.invalidInput` for NaN and the infinities, which leave everything as it was.
  /// - Complexity: about 6 µs; memory is bounded (2.5 MiB).
  package mutating func score(_ value: Double) throws(DSLError) -> Double {
    guard value.isFinite else {
      throw DSLError(.invalidInput, "a series has the value \(value)", fix: "leave out what was not measured")
    }
    var surprise = 0.0
    if let distance = values.distance(from: value, toNearest: Self.neighbours) {
      surprise += valueSurprise.observe(distance)
    }
    values.append(value)
    if let distance = windows.observe(value) { surprise += windowSurprise.observe(distance) }
    return recent.exceeds(surprise) ? surprise : 0
  }
}

/// Whether a number is above all of the last ones.
struct RecentMaximum: Sendable {
  private let length: Int
  private var index = 0
  /// Numbers of the last `length` that no later one has reached, with their indices; falling.
  private var falling: [(index: Int, number: Double)] = []

  init(length: Int) { self.length = length }

  /// Whether `number` is above the last `length` ones, of which it is one from now on.
  ///
  /// - Complexity: O(1) on average.
  mutating func exceeds(_ number: Double) -> Bool {
    if let first = falling.first, first.index < index - length { falling.removeFirst() }
    let exceeds = falling.first.map { number > $0.number } ?? true
    while let last = falling.last, last.number <= number { falling.removeLast() }
    falling.append((index, number))
    index += 1
    return exceeds
  }
}
