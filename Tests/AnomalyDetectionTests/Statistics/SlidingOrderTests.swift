import AnomalyDetection
import DSLBase
import Testing

@Suite struct SlidingOrderTests {
  /// Against sorting the last values anew, on values with many ties.
  @Test(arguments: [UInt64(1), 2, 3]) func itIsTheSortedTail(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let capacity = Int(random.next() % 20) + 1
    var order = SlidingOrder(capacity: capacity)
    var all: [Double] = []
    for _ in 0..<200 {
      let value = Double(random.next() % 9)
      all.append(value)
      order.append(value)
      let tail = Array(all.suffix(capacity))
      let sorted = tail.sorted()
      #expect(order.sorted == sorted && order.values == tail)
      #expect(order.median == (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2)
      #expect(order.lowerBound(4) == tail.count { $0 < 4 })
      let nearest = tail.map { ($0 - 4).magnitude }.sorted().prefix(3)
      let expected = tail.count < 3 ? nil : nearest.reduce(0, +) / 3
      #expect(order.distance(from: 4, toNearest: 3) == expected)
      #expect(SlidingOrder(capacity: capacity, values: all).sorted == sorted)
    }
  }

  @Test func nothingHasNoMiddle() {
    #expect(SlidingOrder(capacity: 3).median == nil)
  }
}
