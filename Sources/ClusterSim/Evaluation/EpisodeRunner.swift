package import DSLBase

/// How an episode went.
package struct EpisodeOutcome: Sendable, Hashable {
  package var key: UInt64
  package var steps: Int
  /// In 1/1000 of a point.
  package var reward: Int
  package var ooms: Int
  package var cause: EndCause
  /// How often each of the eight actions was chosen.
  package var actions: [Int]
}

/// Runs whole episodes of a policy.
package struct EpisodeRunner {
  /// Environments that are stepped side by side; the outcomes do not depend on it.
  private static let width = 64

  private let configuration: ClusterConfiguration

  package init(_ configuration: ClusterConfiguration) { self.configuration = configuration }

  /// The outcomes of the episodes of the keys, in their order.
  ///
  /// - Throws: ``DSLError`` for a configuration that is not valid or a level that is not there.
  package func run(_ policy: some Policy, keys: [UInt64], level: Int = 0) throws(DSLError) -> [EpisodeOutcome]
  {
    var outcomes: [EpisodeOutcome] = []
    outcomes.reserveCapacity(keys.count)
    var policy = policy
    var first = 0
    while first < keys.count {
      let chunk = Array(keys[first..<min(first + Self.width, keys.count)])
      let table = try EpisodeTable(configuration, keys: chunk, level: level)
      for i in chunk.indices { policy.begin(i, of: chunk.count) }
      while table.step({ i, sight in policy.act(i, sight) }) > 0 {}
      outcomes += chunk.indices.map { table.outcome($0) }
      first += chunk.count
    }
    return outcomes
  }
}

/// Environments that each play one episode; those that are over stand still.
final class EpisodeTable {
  let batch: ClusterBatch
  private let observations: UnsafeMutablePointer<Float>
  private let counts: UnsafeMutablePointer<Int>

  init(_ configuration: ClusterConfiguration, keys: [UInt64], level: Int = 0) throws(DSLError) {
    batch = try ClusterBatch(configuration, count: keys.count, autoreset: .disabled)
    let floats = keys.count * ObservationLayout.count
    observations = .allocate(capacity: floats)
    observations.initialize(repeating: 0, count: floats)
    counts = .allocate(capacity: keys.count * Action.count)
    counts.initialize(repeating: 0, count: keys.count * Action.count)
    try start(keys, level: level)
  }

  deinit {
    observations.deallocate()
    counts.deallocate()
  }

  /// Starts the episodes of other keys.
  func start(_ keys: [UInt64], level: Int = 0) throws(DSLError) {
    let buffer = UnsafeMutableBufferPointer(start: observations, count: batch.count * ObservationLayout.count)
    counts.update(repeating: 0, count: batch.count * Action.count)
    let batch = batch
    try keys.withUnsafeBufferPointer { (keys) throws(DSLError) in
      try batch.reset(keys: keys, level: level, observations: buffer)
    }
  }

  /// Starts the episode of a key in one environment.
  func start(_ i: Int, key: UInt64, level: Int, survivals: Int) {
    batch.world.start(&batch.states[i], batch.cells(i), key: key, level: level, survivals: survivals)
    batch.world.observe(&batch.states[i], batch.cells(i), observations + i &* ObservationLayout.count)
    (counts + i &* Action.count).update(repeating: 0, count: Action.count)
  }

  /// Puts an environment into a saved state.
  ///
  /// - Throws: as ``ClusterBatch/restore(_:from:observation:)``.
  func restore(_ i: Int, from bytes: [UInt8]) throws(DSLError) {
    try batch.restore(
      i, from: bytes,
      observation: UnsafeMutableBufferPointer(
        start: observations + i &* ObservationLayout.count, count: ObservationLayout.count))
  }

  @inline(__always)
  func sight(_ i: Int) -> Sight {
    Sight(
      observation: observations + i &* ObservationLayout.count, episode: batch.states + i,
      cells: batch.cells(i), world: batch.world)
  }

  @inline(__always)
  func isOver(_ i: Int) -> Bool { batch.states[i].cause != .none }

  /// Does one step of an environment whose episode goes on, and returns its reward in 1/1000 of a point.
  @inline(__always)
  func step(_ i: Int, _ action: UInt8) -> Int {
    counts[i &* Action.count &+ Int(action)] &+= 1
    let reward = batch.world.step(&batch.states[i], batch.cells(i), action)
    batch.world.observe(&batch.states[i], batch.cells(i), observations + i &* ObservationLayout.count)
    return reward
  }

  /// Does one step of every episode that goes on, and returns how many those were.
  @inline(__always)
  func step(_ act: (Int, Sight) -> UInt8) -> Int {
    var live = 0
    for i in 0..<batch.count where !isOver(i) {
      _ = step(i, act(i, sight(i)) & 7)
      live += 1
    }
    return live
  }

  func outcome(_ i: Int) -> EpisodeOutcome {
    let state = batch.state(of: i)
    return EpisodeOutcome(
      key: state.key, steps: state.step, reward: state.reward, ooms: state.ooms, cause: state.cause,
      actions: (0..<Action.count).map { counts[i * Action.count + $0] })
  }
}
