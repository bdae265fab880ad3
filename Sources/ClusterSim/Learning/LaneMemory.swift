/// The last steps of the lanes of a training round, as rings of `n` steps each: what n-step returns are made of.
final class LaneMemory {
  let n: Int
  private let active: Int
  private let rows: UnsafeMutablePointer<Int32>
  private let actions: UnsafeMutablePointer<UInt8>
  private let rewards: UnsafeMutablePointer<Float>

  init(lanes: Int, n: Int, active: Int) {
    (self.n, self.active) = (n, active)
    rows = .allocate(capacity: lanes * n * active)
    rows.initialize(repeating: 0, count: lanes * n * active)
    actions = .allocate(capacity: lanes * n)
    actions.initialize(repeating: 0, count: lanes * n)
    rewards = .allocate(capacity: lanes * n)
    rewards.initialize(repeating: 0, count: lanes * n)
  }

  deinit {
    rows.deallocate()
    actions.deallocate()
    rewards.deallocate()
  }

  @inline(__always)
  func put(_ lane: Int, step: Int, _ now: UnsafePointer<Int32>, action: UInt8, reward: Float) {
    let slot = lane &* n &+ step % n
    for j in 0..<active { rows[slot &* active &+ j] = now[j] }
    actions[slot] = action
    rewards[slot] = reward
  }

  /// The active rows of a step and its action.
  @inline(__always)
  func situation(_ lane: Int, step: Int) -> (rows: UnsafePointer<Int32>, action: Int) {
    let slot = lane &* n &+ step % n
    return (UnsafePointer(rows + slot &* active), Int(actions[slot]))
  }

  /// The discounted rewards of `count` steps and what comes after them.
  @inline(__always)
  func gain(_ lane: Int, from step: Int, count: Int, discount: Float, after: Float) -> Float {
    var gain = after
    for at in stride(from: step &+ count &- 1, through: step, by: -1) {
      gain = rewards[lane &* n &+ at % n] + discount * gain
    }
    return gain
  }
}
