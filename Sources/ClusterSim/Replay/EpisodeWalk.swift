package import DSLBase

/// An episode that is gone on with from where it stands, for those who look at every state on the way.
package final class EpisodeWalk {
  private let table: EpisodeTable
  private let start: OpenEpisode
  /// Of the whole episode, one a step.
  package private(set) var actions: [UInt8]

  /// - Throws: ``DSLError`` as ``ClusterBatch/restore(_:from:observation:)``.
  package init(_ episode: OpenEpisode) throws(DSLError) {
    table = try EpisodeTable(episode.configuration, keys: [episode.key], level: episode.level)
    try table.restore(0, from: episode.state)
    (start, actions) = (episode, episode.actions)
  }

  private var state: EpisodeState { table.batch.states[0] }

  /// What policies see now.
  package var sight: Sight { table.sight(0) }
  /// The same in shares and counts.
  package var gauges: ClusterGauges { ClusterGauges(sight) }
  /// Of everything about the state.
  package var digest: UInt64 { table.batch.digest(of: 0) }
  /// Steps done in the whole episode.
  package var step: Int { actions.count }
  package var cause: EndCause { state.cause }
  package var isOver: Bool { cause != .none }
  /// What is left, in points.
  package var budget: Double { Double(state.budget) / 1000 }
  /// The last steps in a row that were interventions which were refused or relieved too little.
  package var wastedSteps: Int { state.wastedSteps }

  /// Does one step; nothing where the episode is over.
  package func act(_ action: UInt8) {
    guard !isOver else { return }
    _ = table.step(0, action & 7)
    actions.append(action & 7)
  }

  /// Does what a policy says for so many steps, or to the end.
  ///
  /// - Parameter policy: one that remembers nothing: it sees what comes from here on.
  package func play(_ policy: some Policy, steps: Int = .max) {
    var (policy, rest) = (policy, steps)
    policy.begin(0, of: 1)
    while rest > 0, !isOver {
      act(policy.act(0, sight))
      rest -= 1
    }
  }

  /// The episode as it stands.
  ///
  /// - Throws: ``DSLError`` as reading a saved state does.
  package func open() throws(DSLError) -> OpenEpisode {
    try OpenEpisode(
      start.configuration, key: start.key, level: start.level, survivals: start.survivals, actions: actions,
      state: try table.batch.save(0))
  }
}
