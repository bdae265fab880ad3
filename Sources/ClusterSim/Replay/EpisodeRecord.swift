package import DSLBase

/// What an episode can be done again from: its key and its actions, and a digest of every state to compare with.
package struct EpisodeRecord: Sendable, Hashable {
  /// The version of the rules that the episode followed.
  package var dynamicsVersion = ClusterConfiguration.dynamicsVersion
  /// ``ClusterConfiguration/digest`` of its constants.
  package var configurationDigest: String
  package var key: UInt64
  package var level: Int
  /// One a step.
  package var actions: [UInt8] = []
  /// The digest of the state at the start, and after each step.
  package var digests: [UInt64] = []

  /// What doing an episode again found.
  package enum Verdict: Sendable, Hashable {
    /// All states are the same.
    case same(steps: Int)
    /// The first step whose state differs; 0 is the start.
    case diverged(step: Int)
  }

  /// Does an episode to its end, asking for each action.
  ///
  /// - Parameter act: from the 35 floats that the agent sees to its action.
  /// - Throws: ``DSLError`` for a configuration that is not valid or an action outside 0 to 7.
  package static func record(
    _ configuration: ClusterConfiguration, key: UInt64, level: Int = 0, act: ([Float]) -> UInt8
  ) throws(DSLError) -> EpisodeRecord {
    let run = try SingleRun(configuration, key: key, level: level)
    var record = EpisodeRecord(configurationDigest: configuration.digest, key: key, level: level)
    record.digests.append(run.digest)
    while run.state.cause == .none {
      let action = act(run.observation)
      try run.step(action)
      record.actions.append(action)
      record.digests.append(run.digest)
    }
    return record
  }

  /// Does the episode again and compares every state.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` for a record of another version of the dynamics, of another
  ///   configuration, without a digest for each state, or with actions after the end.
  package func replay(_ configuration: ClusterConfiguration) throws(DSLError) -> Verdict {
    guard dynamicsVersion == ClusterConfiguration.dynamicsVersion else {
      throw DSLError(
        .invalidInput,
        "the record follows dynamics \(dynamicsVersion), this build \(ClusterConfiguration.dynamicsVersion)",
        fix: "replay it with the build that wrote it")
    }
    guard configurationDigest == configuration.digest else {
      throw DSLError(
        .invalidInput, "the record is of the configuration \(configurationDigest)",
        fix: "replay it with that configuration; this one is \(configuration.digest)")
    }
    guard digests.count == actions.count + 1 else {
      throw DSLError(
        .invalidInput, "digests has \(digests.count) elements for \(actions.count) actions",
        fix: "give one for the start and one for each action")
    }
    let run = try SingleRun(configuration, key: key, level: level)
    if run.digest != digests[0] { return .diverged(step: 0) }
    for (i, action) in actions.enumerated() {
      guard run.state.cause == .none else {
        throw DSLError(
          .invalidInput, "the record goes on after its end at step \(i)",
          fix: "give the actions of one episode")
      }
      try run.step(action)
      if run.digest != digests[i + 1] { return .diverged(step: i + 1) }
    }
    return .same(steps: actions.count)
  }
}

/// One environment with buffers of its own.
private final class SingleRun {
  private let batch: ClusterBatch
  private let floats = UnsafeMutableBufferPointer<Float>.allocate(capacity: ObservationLayout.count + 1)
  private let flags = UnsafeMutableBufferPointer<Bool>.allocate(capacity: 2)
  private let out: ClusterBatch.Outputs

  init(_ configuration: ClusterConfiguration, key: UInt64, level: Int) throws(DSLError) {
    floats.initialize(repeating: 0)
    flags.initialize(repeating: false)
    out = ClusterBatch.Outputs(
      observations: UnsafeMutableBufferPointer(rebasing: floats[..<ObservationLayout.count]),
      rewards: UnsafeMutableBufferPointer(rebasing: floats[ObservationLayout.count...]),
      terminated: UnsafeMutableBufferPointer(rebasing: flags[..<1]),
      truncated: UnsafeMutableBufferPointer(rebasing: flags[1...]))
    batch = try ClusterBatch(configuration, count: 1, autoreset: .disabled)
    let (batch, observations) = (batch, out.observations)
    try [key].withUnsafeBufferPointer { (keys) throws(DSLError) in
      try batch.reset(keys: keys, level: level, observations: observations)
    }
  }

  deinit {
    floats.deallocate()
    flags.deallocate()
  }

  var state: EpisodeState { batch.state(of: 0) }
  var digest: UInt64 { batch.digest(of: 0) }
  var observation: [Float] { Array(out.observations) }

  func step(_ action: UInt8) throws(DSLError) {
    try [action].withUnsafeBufferPointer { (actions) throws(DSLError) in try batch.step(actions, into: out) }
  }
}
