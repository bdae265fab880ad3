/// Free thousandths of each GPU of one node.
package struct IdleGPUs: Sendable, Hashable {
  /// The most GPUs of a node: as many as the largest machines on sale have behind one switch.
  package static var limit: Int { 16 }

  private var lanes = SIMD16<Int16>(repeating: 0)
  /// How many GPUs there are.
  package let count: Int

  /// GPUs that are entirely free, at most `limit`.
  package init(free count: Int) {
    self.count = min(count, Self.limit)
    for gpu in 0..<self.count { lanes[gpu] = 1000 }
  }

  package subscript(gpu: Int) -> Int16 {
    get { lanes[gpu] }
    set { lanes[gpu] = newValue }
  }

  /// Free thousandths altogether.
  package var total: Int {
    // 16 times 1000 stays within 16 bits.
    Int(lanes.wrappedSum())
  }

  /// What is free on the freest GPU.
  var most: Int16 { lanes.max() }

  /// GPUs with at least so much free; `milli` is above 0.
  package func count(atLeast milli: Int16) -> Int {
    Int(SIMD16<Int16>(repeating: 0).replacing(with: 1, where: lanes .>= milli).wrappedSum())
  }

  /// The fullest GPU that still has room, the first among equals; `nil` when none has.
  package func tightest(_ milli: Int16) -> Int? {
    var (best, least): (Int?, Int16) = (nil, .max)
    for gpu in 0..<count where lanes[gpu] >= milli && lanes[gpu] < least { (best, least) = (gpu, lanes[gpu]) }
    return best
  }

  /// The lowest numbered GPUs that are entirely free, one bit each: as many as asked for, or all there are.
  package func whole(_ wanted: Int) -> UInt32 {
    var (mask, left): (UInt32, Int) = (0, wanted)
    for gpu in 0..<count where left > 0 && lanes[gpu] == 1000 {
      mask |= 1 << UInt32(gpu)
      left -= 1
    }
    return mask
  }

  /// Changes some GPUs, one bit each.
  package mutating func add(_ milli: Int16, to gpus: UInt32) {
    for gpu in 0..<count where gpus >> UInt32(gpu) & 1 == 1 { lanes[gpu] += milli }
  }

  /// Sixteen lanes in four words: hashed one by one they would cost more than what is looked up.
  package func hash(into hasher: inout Hasher) {
    let words = unsafeBitCast(lanes, to: SIMD4<UInt64>.self)
    var mixed = words[0]
    for word in 1..<4 { mixed = (mixed ^ mixed >> 29) &* 0x9E37_79B9_7F4A_7C15 &+ words[word] }
    hasher.combine(mixed)
  }

  /// The same GPUs from the fullest to the freest: nodes that differ in the order only are alike to a score.
  var sorted: IdleGPUs {
    var sorted = self
    for index in 1..<max(count, 1) {
      let value = sorted.lanes[index]
      var place = index
      while place > 0, sorted.lanes[place - 1] > value {
        sorted.lanes[place] = sorted.lanes[place - 1]
        place -= 1
      }
      sorted.lanes[place] = value
    }
    return sorted
  }
}
