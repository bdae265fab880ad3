package import DSLBase

/// When an environment whose episode is over starts the next one.
package enum Autoreset: String, Sendable, CaseIterable {
  /// The step after the last ignores its action and returns the first observation, reward 0 and no flag.
  case nextStep = "next_step"
  /// The last step returns the first observation of the next episode; the last one goes to `finalObservations`.
  case sameStep = "same_step"
  /// Never: a step of an environment that is over changes nothing and returns its last observation and flags, reward 0.
  case disabled
}

/// Environments that are stepped together, into buffers of the caller.
///
/// What an environment does depends on its key and its actions alone, not on how many there are, where it stands or how it
/// is reset. A batch belongs to one thread at a time; batches share nothing.
package final class ClusterBatch {
  /// The buffers that a step writes, an element an environment; the observations 35.
  package struct Outputs {
    package var observations: UnsafeMutableBufferPointer<Float>
    package var rewards: UnsafeMutableBufferPointer<Float>
    package var terminated: UnsafeMutableBufferPointer<Bool>
    package var truncated: UnsafeMutableBufferPointer<Bool>
    /// The last observations of episodes that ended in this step, in the mode `sameStep`; others are left as they are.
    package var finalObservations: UnsafeMutableBufferPointer<Float>?

    package init(
      observations: UnsafeMutableBufferPointer<Float>, rewards: UnsafeMutableBufferPointer<Float>,
      terminated: UnsafeMutableBufferPointer<Bool>, truncated: UnsafeMutableBufferPointer<Bool>,
      finalObservations: UnsafeMutableBufferPointer<Float>? = nil
    ) {
      self.observations = observations
      self.rewards = rewards
      self.terminated = terminated
      self.truncated = truncated
      self.finalObservations = finalObservations
    }
  }

  package let configuration: ClusterConfiguration
  package let count: Int
  package let autoreset: Autoreset
  let world: World
  let stride: Int
  let slab: UnsafeMutablePointer<Int16>
  let states: UnsafeMutablePointer<EpisodeState>
  private var isStarted = false

  /// `count` environments; they have to be reset before the first step.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` that names the field.
  package init(_ configuration: ClusterConfiguration, count: Int, autoreset: Autoreset = .nextStep)
    throws(DSLError)
  {
    try configuration.validate()
    guard (1...1_048_576).contains(count) else {
      throw DSLError(.invalidInput, "count is \(count)", fix: "give 1 to 1048576 environments")
    }
    self.configuration = configuration
    self.count = count
    self.autoreset = autoreset
    world = World(configuration)
    stride = World.channels * world.constants.padded
    slab = .allocate(capacity: stride * count)
    slab.initialize(repeating: 0, count: stride * count)
    states = .allocate(capacity: count)
    states.initialize(repeating: EpisodeState(), count: count)
  }

  deinit {
    slab.deallocate()
    states.deallocate()
    world.deallocate()
  }

  @inline(__always)
  func cells(_ i: Int) -> World.Cells { world.cells(at: slab + i &* stride) }

  /// What is known of an environment.
  package func state(of i: Int) -> EpisodeState { states[i] }

  /// Starts the episodes of the keys, one an environment, at a level of difficulty.
  ///
  /// - Parameters:
  ///   - mask: which environments; all without it. The others keep their episode.
  ///   - observations: 35 floats an environment; those outside the mask are left as they are.
  /// - Throws: ``DSLError`` with code `invalid_input` for a buffer of another length or a level that is not there.
  package func reset(
    keys: UnsafeBufferPointer<UInt64>, mask: UnsafeBufferPointer<Bool>? = nil, level: Int = 0,
    observations: UnsafeMutableBufferPointer<Float>
  ) throws(DSLError) {
    try expect(keys.count, count, "keys")
    try expect(observations.count, count * ObservationLayout.count, "observations")
    if let mask { try expect(mask.count, count, "mask") }
    guard (0...configuration.difficultyLevels).contains(level) else {
      throw DSLError(
        .invalidInput, "level is \(level)",
        fix: "give 0 to \(configuration.difficultyLevels), or set difficulty_levels")
    }
    guard isStarted || mask == nil else {
      throw DSLError(.invalidState, "a mask before the first reset", fix: "reset all environments first")
    }
    for i in 0..<count where mask?[i] ?? true {
      world.start(&states[i], cells(i), key: keys[i], level: level, survivals: 0)
      look(i, observations)
    }
    isStarted = true
  }

  @inline(__always)
  func look(_ i: Int, _ observations: UnsafeMutableBufferPointer<Float>) {
    guard let out = observations.baseAddress else { return }
    world.observe(&states[i], cells(i), out + i &* ObservationLayout.count)
  }

  func expect(_ length: Int, _ wanted: Int, _ name: String) throws(DSLError) {
    guard length == wanted else {
      throw DSLError(.invalidInput, "\(name) has \(length) elements", fix: "give \(wanted)")
    }
  }

  /// Every environment has an episode.
  func expectStarted() throws(DSLError) {
    guard isStarted else {
      throw DSLError(.invalidState, "a step before the first reset", fix: "reset first")
    }
  }

  /// An environment of this batch.
  func expect(environment i: Int) throws(DSLError) {
    guard (0..<count).contains(i) else {
      throw DSLError(.invalidInput, "there is no environment \(i)", fix: "give 0 to \(count - 1)")
    }
  }
}
