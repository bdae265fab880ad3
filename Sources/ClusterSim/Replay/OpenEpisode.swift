package import DSLBase

/// An episode that can be put away at any step and gone on with: its key, what was done so far, and the state that this led
/// to. A value: a step makes another one.
package struct OpenEpisode: Sendable, Hashable {
  package let configuration: ClusterConfiguration
  package let key: UInt64
  /// The level of difficulty, and the episodes survived in a row at it when this one began.
  package let level: Int
  package let survivals: Int
  /// One a step.
  package private(set) var actions: [UInt8]
  /// What ``ClusterBatch/save(_:)`` gives.
  package private(set) var state: [UInt8]
  /// ``ClusterBatch/digest(of:)`` of it.
  package private(set) var digest: UInt64
  /// What it shows.
  package private(set) var gauges: ClusterGauges
  /// Points so far.
  package private(set) var reward: Double

  /// The start of an episode.
  ///
  /// - Throws: ``DSLError`` for a configuration or level that is not valid.
  package init(_ configuration: ClusterConfiguration, key: UInt64, level: Int = 0, survivals: Int = 0)
    throws(DSLError)
  {
    let table = try EpisodeTable(configuration, keys: [key], level: level)
    table.start(0, key: key, level: level, survivals: survivals)
    (self.configuration, self.key, self.level, self.survivals) = (configuration, key, level, survivals)
    (actions, state, digest) = ([], try table.batch.save(0), table.batch.digest(of: 0))
    (gauges, reward) = (ClusterGauges(table.sight(0)), 0)
  }

  /// An episode that was put away.
  ///
  /// - Throws: ``DSLError`` as ``ClusterBatch/restore(_:from:observation:)``, and `corrupt` for a state that is not of this
  ///   key, level and number of actions.
  package init(
    _ configuration: ClusterConfiguration, key: UInt64, level: Int, survivals: Int, actions: [UInt8],
    state: [UInt8]
  ) throws(DSLError) {
    let table = try EpisodeTable(configuration, keys: [key], level: level)
    try table.restore(0, from: state)
    let found = table.batch.state(of: 0)
    let count = UInt8(Action.count)
    guard found.key == key, found.level == level, found.step == actions.count,
      actions.allSatisfy({ $0 < count })
    else {
      throw DSLError(.corrupt, "the saved state is not the one that the actions of its episode lead to")
    }
    (self.configuration, self.key, self.level, self.survivals) = (configuration, key, level, survivals)
    (self.actions, self.state, digest) = (actions, state, table.batch.digest(of: 0))
    (gauges, reward) = (ClusterGauges(table.sight(0)), Double(found.reward) / 1000)
  }

  /// Steps done.
  package var step: Int { actions.count }
  /// How it ended; `none` while it goes on.
  package var cause: EndCause { gauges.cause }
  package var isOver: Bool { cause != .none }

  /// The episode after one more step.
  ///
  /// - Throws: ``DSLError`` with code `invalid_state` when it is over.
  package func stepping(_ action: Action) throws(DSLError) -> OpenEpisode {
    guard !isOver else { throw DSLError(.invalidState, "the episode is over: \(cause.name)") }
    let table = try EpisodeTable(configuration, keys: [key], level: level)
    try table.restore(0, from: state)
    _ = table.step(0, action.rawValue)
    var next = self
    next.actions.append(action.rawValue)
    try next.take(table)
    return next
  }

  /// The episode before its last step, done again from its key; `nil` at the start.
  ///
  /// - Complexity: O(steps).
  package func rewound() throws(DSLError) -> OpenEpisode? {
    guard !actions.isEmpty else { return nil }
    let table = try again(steps: actions.count - 1) { _ in }
    var before = self
    before.actions.removeLast()
    try before.take(table)
    return before
  }

  /// What a policy does now. It watches what came before, so that it remembers what it would remember.
  ///
  /// - Complexity: O(steps).
  package func action(of policy: some Policy) throws(DSLError) -> Action {
    var policy = policy
    policy.begin(0, of: 1)
    let table = try again(steps: actions.count) { sight in _ = policy.act(0, sight) }
    return Action(rawValue: policy.act(0, table.sight(0)) & 7) ?? .moveUp
  }

  /// The level and the survivals that the episode after this one begins with.
  package func nextDifficulty() throws(DSLError) -> (level: Int, survivals: Int) {
    let table = try EpisodeTable(configuration, keys: [key], level: level)
    try table.restore(0, from: state)
    return table.batch.world.nextDifficulty(after: table.batch.state(of: 0))
  }

  /// The record that its failure is examined with.
  ///
  /// - Parameters:
  ///   - policy: the word for who acted.
  ///   - policyDigest: SHA-256 of its values or text.
  package func blackBox(policy: String, policyDigest: String?) throws(DSLError) -> BlackBox {
    try BlackBox.record(
      configuration, policy: policy, policyDigest: policyDigest, key: key, level: level, actions: actions)
  }

  /// Does the first steps again; `look` sees the state before each.
  private func again(steps: Int, _ look: (Sight) -> Void) throws(DSLError) -> EpisodeTable {
    let table = try EpisodeTable(configuration, keys: [key], level: level)
    table.start(0, key: key, level: level, survivals: survivals)
    for action in actions.prefix(steps) {
      look(table.sight(0))
      _ = table.step(0, action)
    }
    return table
  }

  private mutating func take(_ table: EpisodeTable) throws(DSLError) {
    (state, digest) = (try table.batch.save(0), table.batch.digest(of: 0))
    (gauges, reward) = (ClusterGauges(table.sight(0)), Double(table.batch.state(of: 0).reward) / 1000)
  }
}
