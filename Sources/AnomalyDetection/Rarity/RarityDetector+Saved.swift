/// What a detector knows, as numbers.
extension RarityDetector {
  /// All that has to be kept: windows are made again from the values.
  struct Saved: Sendable, Equatable {
    /// Values seen in all.
    var seen: Int
    /// The last values, and the distances of values and of windows; the oldest first.
    var series: [[Float]]
    /// The last high scores: where, and how high.
    var peaks: [Peak]

    struct Peak: Sendable, Equatable {
      var index: Int
      var score: Double
    }
  }

  var saved: Saved {
    Saved(
      seen: windows.seen,
      series: [values.values, valueSurprise.values, windowSurprise.values].map { $0.map(Float.init) },
      peaks: recent.falling.map { Saved.Peak(index: $0.index, score: $0.number) })
  }

  /// A detector that goes on from what was saved, bit for bit; `nil` where that cannot be.
  init?(memory: Int, _ saved: Saved) {
    self.init(memory: memory)
    let numbers = saved.series.map { $0.map(Double.init) }
    guard numbers.count == 3, numbers[0].count == min(saved.seen, self.memory), saved.seen >= 0,
      numbers.allSatisfy({ $0.count <= numbers[0].count && $0.allSatisfy(\.isFinite) })
    else { return nil }
    values = SlidingOrder(capacity: self.memory, values: numbers[0])
    windows = WindowLibrary(
      length: Self.window, memory: self.memory, nearest: Self.neighbours, values: numbers[0], seen: saved.seen
    )
    valueSurprise = RankedSurprise(capacity: self.memory, values: numbers[1])
    windowSurprise = RankedSurprise(capacity: self.memory, values: numbers[2])
    recent = RecentMaximum(
      length: Self.rest, index: saved.seen, falling: saved.peaks.map { ($0.index, $0.score) })
  }
}
