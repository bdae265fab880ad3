package import DSLBase

/// An anomaly score for any series of numbers: one pass, no look ahead, no unit to be told.
///
/// Two questions are asked of each value. How far is it from the nearest values seen so far? How far is the distribution of
/// the last 48 values from the nearest such windows seen so far? Both distances are turned into p-values by their rank
/// among the distances of earlier values, and combined by Fisher's rule: the sum of their logarithms. A score that is not
/// the highest of the last 150 is given as 0: what is still strange is not strange again.
///
/// The method is conformal nearest-neighbour detection (Laxhammar and Falkman 2014; Burnaev and Ishimtsev 2016) with a
/// distance between distributions in the place of one between delay vectors. See `docs/detectors.md`.
package struct RarityDetector: Sendable {
  /// Values that detectors remember which run beside others; the oldest are forgotten beyond this.
  package static let usualMemory = 4_096
  /// Values in a window.
  static let window = 48
  /// Neighbours whose distances are averaged.
  static let neighbours = 4
  /// Values for which a score stands before another one of that height is given.
  static let rest = 150

  /// How many values are remembered.
  package let memory: Int
  var values: SlidingOrder
  var windows: WindowLibrary
  var valueSurprise: RankedSurprise
  var windowSurprise: RankedSurprise
  var recent = RecentMaximum(length: rest)

  /// - Parameter memory: values remembered, 1,024 or more. What is kept of them is 12 bytes each in a file, and about 130 in
  ///   memory.
  package init(memory: Int = usualMemory) {
    self.memory = max(1_024, memory)
    values = SlidingOrder(capacity: self.memory)
    windows = WindowLibrary(length: Self.window, memory: self.memory, nearest: Self.neighbours)
    valueSurprise = RankedSurprise(capacity: self.memory)
    windowSurprise = RankedSurprise(capacity: self.memory)
  }

  /// The anomaly score of the next value: 0 for nothing new, about 3 for what is worth a look.
  ///
  /// Values and distances are rounded to 32 bits, so that what is saved is what was there.
  ///
  /// - Throws: `DSLError` `.invalidInput` for what is no finite number of 32 bits; that leaves everything as it was.
  /// - Complexity: about 6 µs.
  package mutating func score(_ value: Double) throws(DSLError) -> Double {
    let value = Double(Float(value))
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
  private(set) var index: Int
  /// Numbers of the last `length` that no later one has reached, with their indices; falling.
  private(set) var falling: [(index: Int, number: Double)]

  init(length: Int, index: Int = 0, falling: [(index: Int, number: Double)] = []) {
    self.length = length
    self.index = index
    self.falling = falling
  }

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
