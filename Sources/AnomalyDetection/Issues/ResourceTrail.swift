import DSLBase

/// The last readings of a resource: where it is going.
struct ResourceTrail: Sendable, Equatable {
  struct Point: Sendable, Equatable {
    let time: Timestamp
    let used: Double
  }

  /// Readings kept.
  private static let length = 64
  private(set) var points: [Point] = []

  init() {}
  init(points: [Point]) { self.points = points }

  /// Takes a reading in. When there are too many every other one goes, so that the trail reaches further back.
  mutating func observe(_ used: Double, at time: Timestamp) {
    points.append(Point(time: time, used: used))
    if points.count > Self.length {
      points = points.indices.filter { $0 % 2 == 0 || $0 == points.count - 1 }.map { points[$0] }
    }
  }

  /// Forgets what was before `time`, but for the newest reading.
  mutating func forget(before time: Timestamp) {
    points = points.enumerated().filter { $0.element.time >= time || $0.offset == points.count - 1 }
      .map(\.element)
  }

  /// Seconds until the limit is reached if it goes on as it has since `onset`; `nil` when it is not going there.
  ///
  /// The slope is the median of the slopes between all readings (Theil 1950, Sen 1968), which a third of wrong readings does
  /// not move.
  ///
  /// - Complexity: O(64² log 64).
  func secondsToLimit(since onset: Timestamp) -> Double? {
    guard let last = points.last else { return nil }
    if last.used >= 1 { return 0 }
    let recent = points.filter { $0.time >= onset }
    var slopes: [Double] = []
    for (index, first) in recent.enumerated() {
      for second in recent[(index + 1)...] where second.time > first.time {
        slopes.append((second.used - first.used) / second.time.seconds(since: first.time))
      }
    }
    guard recent.count >= 3, let slope = SlidingOrder(capacity: slopes.count, values: slopes).median,
      slope > 0
    else { return nil }
    return (1 - last.used) / slope
  }
}
