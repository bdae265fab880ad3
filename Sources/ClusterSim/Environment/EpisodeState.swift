import CClusterSim

/// What an environment knows of its episode beside its cells.
package struct EpisodeState: Sendable {
  /// As C keeps it.
  var raw = dslsim_state()

  init() {}

  var sums: dslsim_sums { raw.sums }

  /// The key that the episode can be replayed from.
  package internal(set) var key: UInt64 {
    get { raw.key }
    set { raw.key = newValue }
  }
  /// The key of the noise: the same, unless a fork was given noise of its own.
  package internal(set) var noiseKey: UInt64 {
    get { raw.noise_key }
    set { raw.noise_key = newValue }
  }
  /// Steps done.
  package internal(set) var step: Int {
    get { Int(raw.step) }
    set { raw.step = Int64(newValue) }
  }
  /// The place of the agent.
  package internal(set) var row: Int {
    get { Int(raw.row) }
    set { raw.row = Int64(newValue) }
  }
  package internal(set) var column: Int {
    get { Int(raw.column) }
    set { raw.column = Int64(newValue) }
  }
  /// In 1/1000 of a point, never negative.
  package internal(set) var budget: Int {
    get { Int(raw.budget) }
    set { raw.budget = Int64(newValue) }
  }
  /// Rewards so far, in 1/1000 of a point.
  package internal(set) var reward: Int {
    get { Int(raw.reward) }
    set { raw.reward = Int64(newValue) }
  }
  /// Cells that ran out of memory so far.
  package internal(set) var ooms: Int {
    get { Int(raw.ooms) }
    set { raw.ooms = Int64(newValue) }
  }
  /// Steps in a row whose budget paid for no action.
  package internal(set) var brokeSteps: Int {
    get { Int(raw.broke_steps) }
    set { raw.broke_steps = Int64(newValue) }
  }
  /// Steps in a row that were interventions that relieved nothing.
  package internal(set) var wastedSteps: Int {
    get { Int(raw.wasted_steps) }
    set { raw.wasted_steps = Int64(newValue) }
  }
  /// The level of difficulty, and the episodes survived in a row at it.
  package internal(set) var level: Int {
    get { Int(raw.level) }
    set { raw.level = Int64(newValue) }
  }
  package internal(set) var survivals: Int {
    get { Int(raw.survivals) }
    set { raw.survivals = Int64(newValue) }
  }
  /// How the episode ended; `none` while it goes on.
  package internal(set) var cause: EndCause {
    get { EndCause(rawValue: UInt8(truncatingIfNeeded: raw.cause)) ?? .none }
    set { raw.cause = Int64(newValue.rawValue) }
  }
  /// How the episode before this one ended.
  package internal(set) var lastCause: EndCause {
    get { EndCause(rawValue: UInt8(truncatingIfNeeded: raw.last_cause)) ?? .none }
    set { raw.last_cause = Int64(newValue.rawValue) }
  }
}
