/// The last `capacity` values of a series, kept in order of size as well as of time.
///
/// Medians, ranks and nearest values come from it without sorting again. Values must be finite: callers refuse the others.
package struct SlidingOrder: Sendable, Equatable {
  package let capacity: Int
  /// The values, smallest first.
  package private(set) var sorted: [Double] = []
  /// The values by age; `oldest` is the place of the first to go once it is full.
  private var ring: [Double] = []
  private var oldest = 0

  package init(capacity: Int) {
    precondition(capacity > 0, "a window that holds nothing")
    self.capacity = capacity
  }

  /// The values in `values`, oldest first; when there are more than fit, the newest.
  package init(capacity: Int, values: [Double]) {
    self.init(capacity: capacity)
    ring = Array(values.suffix(capacity))
    sorted = ring.sorted()
  }

  package var count: Int { ring.count }

  /// The values in the order in which they came.
  package var values: [Double] { Array(ring[oldest...] + ring[..<oldest]) }

  /// Adds a value, and drops the oldest one when it is full.
  ///
  /// - Complexity: O(log n) comparisons and one move of memory.
  package mutating func append(_ value: Double) {
    if ring.count < capacity {
      ring.append(value)
    } else {
      sorted.remove(at: lowerBound(ring[oldest]))
      ring[oldest] = value
      oldest = (oldest + 1) % capacity
    }
    sorted.insert(value, at: lowerBound(value))
  }

  /// How many values are below `value`.
  ///
  /// - Complexity: O(log n).
  package func lowerBound(_ value: Double) -> Int {
    sorted.withUnsafeBufferPointer { values in
      var low = 0
      var high = values.count
      while low < high {
        let middle = (low + high) / 2
        if values[middle] < value { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  /// The middle value, or the mean of the two in the middle; `nil` when it is empty.
  package var median: Double? {
    guard let last = sorted.indices.last else { return nil }
    return sorted[last / 2] / 2 + sorted[(last + 1) / 2] / 2
  }

  /// The mean distance from `value` to the `count` nearest values; `nil` while there are fewer than that.
  ///
  /// - Complexity: O(log n + count).
  package func distance(from value: Double, toNearest count: Int) -> Double? {
    guard sorted.count >= count else { return nil }
    return sorted.withUnsafeBufferPointer { values in
      var above = lowerBound(value)
      var below = above - 1
      var total = 0.0
      for _ in 0..<count {
        let up = above < values.count ? values[above] - value : .infinity
        let down = below >= 0 ? value - values[below] : .infinity
        if up < down {
          total += up
          above += 1
        } else {
          total += down
          below -= 1
        }
      }
      return total / Double(count)
    }
  }
}
