import CClusterSim

/// What an environment knows of its episode beside its cells.
package struct EpisodeState: Sendable {
  /// The key that the episode can be replayed from.
  package internal(set) var key: UInt64 = 0
  /// The key of the noise: the same, unless a fork was given noise of its own.
  package internal(set) var noiseKey: UInt64 = 0
  /// Steps done.
  package internal(set) var step: Int = 0
  /// The place of the agent.
  package internal(set) var row: Int = 0
  package internal(set) var column: Int = 0
  /// In 1/1000 of a point, never negative.
  package internal(set) var budget: Int = 0
  /// Rewards so far, in 1/1000 of a point.
  package internal(set) var reward: Int = 0
  /// Cells that ran out of memory so far.
  package internal(set) var ooms: Int = 0
  /// Steps in a row whose budget paid for no action.
  package internal(set) var brokeSteps: Int = 0
  /// Steps in a row that were interventions that relieved nothing.
  package internal(set) var wastedSteps: Int = 0
  /// The level of difficulty, and the episodes survived in a row at it.
  package internal(set) var level: Int = 0
  package internal(set) var survivals: Int = 0
  /// How the episode ended; `none` while it goes on.
  package internal(set) var cause = EndCause.none
  /// How the episode before this one ended.
  package internal(set) var lastCause = EndCause.none

  var sums = dslsim_sums()

  /// The level and the survivals in a row after this episode: one up after `raise` survivals, one down after a failure.
  func nextDifficulty(levels: Int, raiseAfter raise: Int) -> (level: Int, survivals: Int) {
    if cause.isFailure { return (max(level - 1, 0), 0) }
    return survivals + 1 < raise ? (level, survivals + 1) : (min(level + 1, levels), 0)
  }
}
