/// The values of the eight actions in every row, learned and averaged.
final class ActionValues {
  let coder: FeatureCoder
  /// 2 with double Q-learning.
  let sets: Int
  /// Values of one set.
  let count: Int
  private let learned: UnsafeMutablePointer<Float>
  private let averaged: UnsafeMutablePointer<Float>

  init(_ coder: FeatureCoder, sets: Int) {
    (self.coder, self.sets) = (coder, sets)
    count = coder.rows * Action.count
    learned = .allocate(capacity: sets * count)
    learned.initialize(repeating: 0, count: sets * count)
    averaged = .allocate(capacity: count)
    averaged.initialize(repeating: 0, count: count)
  }

  deinit {
    learned.deallocate()
    averaged.deallocate()
  }

  /// The values of all actions in a situation, in one set or summed over both.
  @inline(__always)
  func values(_ rows: UnsafePointer<Int32>, set: Int) -> SIMD8<Float> {
    let raw = UnsafeRawPointer(learned + set &* count)
    var sum = SIMD8<Float>()
    for j in 0..<coder.active {
      sum += raw.loadUnaligned(fromByteOffset: Int(rows[j]) &* 32, as: SIMD8<Float>.self)
    }
    return sum
  }

  /// The values that actions are chosen by.
  @inline(__always)
  func values(_ rows: UnsafePointer<Int32>) -> SIMD8<Float> {
    sets == 1 ? values(rows, set: 0) : values(rows, set: 0) + values(rows, set: 1)
  }

  /// The action of the largest value, the first of equal ones.
  @inline(__always)
  static func best(_ values: SIMD8<Float>) -> Int {
    var (action, most) = (0, values[0])
    for a in 1..<Action.count where values[a] > most { (action, most) = (a, values[a]) }
    return action
  }

  /// Moves the value of an action towards a target.
  @inline(__always)
  func move(_ rows: UnsafePointer<Int32>, _ action: Int, set: Int, toward target: Float, stepSize: Float) {
    let base = learned + set &* count
    var value: Float = 0
    for j in 0..<coder.active { value += base[Int(rows[j]) &* Action.count &+ action] }
    let change = stepSize * (target - value)
    for j in 0..<coder.active { base[Int(rows[j]) &* Action.count &+ action] += change }
  }

  /// Lets the averages follow what was learned.
  func average(share: Float) {
    let second = learned + (sets &- 1) &* count
    let scale: Float = sets == 1 ? 0.5 : 1
    for k in 0..<count { averaged[k] += share * (scale * (learned[k] + second[k]) - averaged[k]) }
  }

  /// What was learned, set by set.
  var all: [Float] {
    get { Array(UnsafeBufferPointer(start: learned, count: sets * count)) }
    set { for k in 0..<min(newValue.count, sets * count) { learned[k] = newValue[k] } }
  }
  var averages: [Float] {
    get { Array(UnsafeBufferPointer(start: averaged, count: count)) }
    set { for k in 0..<min(newValue.count, count) { averaged[k] = newValue[k] } }
  }
  /// No value has run away.
  var isFinite: Bool { (0..<count).allSatisfy { averaged[$0].isFinite } }
}
