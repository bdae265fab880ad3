/// Windows of a series as sets of values: how far the last window lies from the nearest ones seen before.
///
/// The distance of two windows is the Euclidean one between their sorted values. That is √w times the 2-Wasserstein
/// distance between the two empirical distributions, so it sees level, spread and shape, and not the order.
struct WindowLibrary: Sendable {
  private let length: Int
  private let capacity: Int
  private let nearest: Int
  /// The last `length` values by age, and by size.
  private var current: SlidingOrder
  private(set) var seen = 0
  /// Kept windows, `length` values each, in slots.
  private var kept: [Double] = []
  /// Slots in the order of the windows' means, with these means.
  private var order: [(mean: Double, slot: Int)] = []
  /// The next slot to be overwritten once all are in use.
  private var oldest = 0
  /// Windows that still overlap too much with the current one to be compared with it, by the value that completed them.
  private var waiting: [(seen: Int, window: [Double])] = []

  /// - Parameters:
  ///   - length: values a window.
  ///   - memory: values that all windows lie within, so that they can be made again from these.
  ///   - nearest: how many of the nearest windows are averaged.
  init(length: Int, memory: Int, nearest: Int) {
    self.length = length
    self.capacity = (memory - 2 * length) / Self.stride
    self.nearest = nearest
    current = SlidingOrder(capacity: length)
  }

  /// The library as it was.
  ///
  /// - Parameters:
  ///   - values: the last `memory` values, the oldest first; all of them when there were fewer.
  ///   - seen: how many values there were in all.
  init(length: Int, memory: Int, nearest: Int, values: [Double], seen: Int) {
    self.init(length: length, memory: memory, nearest: nearest)
    self.seen = seen - values.count
    for value in values { if take(value) { letIn() } }
  }

  /// A window is kept at every value whose number is a multiple of this.
  private static let stride = 4

  /// Adds a value; the mean distance from the window it completes to the nearest kept ones, or `nil` while there is none
  /// to compare with.
  ///
  /// - Complexity: O(kept · length) at worst; bounds on the distance by the means leave little of that.
  mutating func observe(_ value: Double) -> Double? {
    guard take(value) else { return nil }
    let distance = order.isEmpty ? nil : distanceToNearest(current.sorted)
    letIn()
    return distance
  }

  /// Adds a value, and keeps what no longer overlaps with the window it completes.
  ///
  /// - Returns: whether it completes one.
  private mutating func take(_ value: Double) -> Bool {
    current.append(value)
    seen += 1
    guard current.count == length else { return false }
    while let first = waiting.first, first.seen <= seen - 1 - length / 2 {
      keep(first.window)
      waiting.removeFirst()
    }
    return true
  }

  /// Puts the completed window among those that wait, if its turn it is.
  private mutating func letIn() {
    if (seen - length) % Self.stride == 0 { waiting.append((seen, current.sorted)) }
  }

  private mutating func keep(_ window: [Double]) {
    let mean = Self.mean(window)
    let slot: Int
    if kept.count < capacity * length {
      slot = kept.count / length
      kept += window
    } else {
      slot = oldest
      oldest = (oldest + 1) % capacity
      let old = Self.mean(Array(kept[slot * length..<(slot + 1) * length]))
      var place = firstPlace(of: old)
      while order[place].slot != slot { place += 1 }
      order.remove(at: place)
      kept.replaceSubrange(slot * length..<(slot + 1) * length, with: window)
    }
    order.insert((mean, slot), at: firstPlace(of: mean))
  }

  /// Looks at windows by the distance of their means, from near to far. Sorted or not, the squared distance of two windows
  /// is at least `length` times the squared distance of their means, so the search ends early.
  private func distanceToNearest(_ window: [Double]) -> Double {
    let mean = Self.mean(window)
    var best = [Double](repeating: .infinity, count: min(nearest, order.count))
    var above = firstPlace(of: mean)
    var below = above - 1
    kept.withUnsafeBufferPointer { kept in
      window.withUnsafeBufferPointer { window in
        while true {
          let up = above < order.count ? order[above].mean - mean : .infinity
          let down = below >= 0 ? mean - order[below].mean : .infinity
          let gap = min(up, down)
          guard gap < .infinity, Double(length) * gap * gap < best[best.count - 1] else { return }
          let slot = up < down ? order[above].slot : order[below].slot
          if up < down { above += 1 } else { below -= 1 }
          Self.offer(
            Self.squaredDistance(window, kept, at: slot * length, below: best[best.count - 1]), to: &best)
        }
      }
    }
    return best.reduce(0) { $0 + $1.squareRoot() } / Double(best.count)
  }

  /// Puts a squared distance into its place among the best, which are in order.
  private static func offer(_ distance: Double, to best: inout [Double]) {
    var place = best.count - 1
    guard distance < best[place] else { return }
    while place > 0, best[place - 1] > distance {
      best[place] = best[place - 1]
      place -= 1
    }
    best[place] = distance
  }

  private static func squaredDistance(
    _ window: UnsafeBufferPointer<Double>, _ kept: UnsafeBufferPointer<Double>, at offset: Int, below: Double
  ) -> Double {
    var total = 0.0
    var index = 0
    while index < window.count {
      let end = min(index + 16, window.count)
      while index < end {
        let difference = window[index] - kept[offset + index]
        total += difference * difference
        index += 1
      }
      if total >= below { return total }
    }
    return total
  }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// The first place in `order` whose mean is not below `mean`.
  private func firstPlace(of mean: Double) -> Int {
    var low = 0
    var high = order.count
    while low < high {
      let middle = (low + high) / 2
      if order[middle].mean < mean { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
