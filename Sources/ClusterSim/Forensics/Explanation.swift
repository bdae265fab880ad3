package import DSLBase

/// Why an episode failed, as far as playing it again can tell.
package struct Explanation: Sendable, Hashable {
  /// A point of the doomed node's memory.
  package struct Sample: Sendable, Hashable {
    package var step: Int
    /// A share from 0 to 1.
    package var memory: Double
    /// Whether the agent had it in view.
    package var isVisible: Bool
  }

  /// The node whose end this is about: the critical one, of too many the last, where nothing failed the first; nil for a failure without one.
  package var node: BlackBox.Incident?
  /// Its memory: every so many steps, and at the end.
  package var curve: [Sample]
  /// Steps done when it was in view for the last time, and when the agent stood on it; nil for never.
  package var lastVisible: Int?
  package var lastVisited: Int?
  /// The first step from which its memory stayed above 0.8 to the end.
  package var hotSince: Int?
  /// The last step from which a policy would have brought the cluster to the time limit, with the noise of the episode; nil where none did.
  package var lastChance: [(policy: String, step: Int?)] { chances.map { ($0.policy, $0.step) } }
  var chances: [Chance]

  struct Chance: Sendable, Hashable {
    var policy: String
    var step: Int?
  }

  /// Examines a failure.
  ///
  /// - Parameter policies: who might have saved it.
  /// - Throws: ``DSLError`` with code `invalid_state` for an episode in which nothing failed.
  package init(_ box: BlackBox, policies: [any Policy], every: Int = 25) throws(DSLError) {
    guard box.isWorthKeeping else {
      throw DSLError(.invalidState, "nothing failed in this episode", fix: "give the black box of a failure")
    }
    let run = try Playback(box)
    node =
      switch box.cause {
      // The one too many.
      case .oom: box.incidents.last
      case _ where box.cause.isFailure: box.incidents.first { $0.isCritical }
      default: box.incidents.first
      }
    (curve, lastVisible, lastVisited, hotSince, chances) = ([], nil, nil, nil, [])
    if let node { follow(node, run, every: every) }
    guard box.cause.isFailure else { return }
    for policy in policies {
      chances.append(Chance(policy: policy.name, step: try Self.lastChance(policy, box)))
    }
  }

  private mutating func follow(_ node: BlackBox.Incident, _ run: Playback, every: Int) {
    let cell = node.row * run.configuration.width + node.column
    run.rewind()
    while run.step < node.step {
      let isVisible = run.sees(cell)
      let memory = Double(run.memory(of: cell)) / 32768
      if isVisible { lastVisible = run.step }
      if run.state.row == node.row, run.state.column == node.column { lastVisited = run.step }
      if memory > 0.8 { hotSince = hotSince ?? run.step } else { hotSince = nil }
      if run.step % max(every, 1) == 0 || run.step == node.step - 1 {
        curve.append(Sample(step: run.step, memory: (memory * 1000).rounded() / 1000, isVisible: isVisible))
      }
      run.advance()
    }
  }

  /// The last step at which a policy could have taken over and survived. The step that it takes over at is looked for from the end.
  private static func lastChance(_ policy: any Policy, _ box: BlackBox) throws(DSLError) -> Int? {
    for step in stride(from: box.actions.count - 1, through: 0, by: -1) {
      let run = try Takeover(box, at: step, policy)
      if run.play() == .timeLimit { return step }
    }
    return nil
  }
}

/// A recorded episode up to a step, and another policy from there on.
final class Takeover {
  private let run: Playback
  private var policy: any Policy
  private(set) var steps = 0

  /// The policy watches what comes before, so that it remembers what it would remember.
  init(_ box: BlackBox, at step: Int, _ policy: any Policy) throws(DSLError) {
    guard (0..<max(box.actions.count, 1)).contains(step) else {
      throw DSLError(
        .invalidInput, "step \(step) is not one of the episode", fix: "give 0 to \(box.actions.count - 1)")
    }
    run = try Playback(box)
    self.policy = policy
    self.policy.begin(0, of: 1)
    while run.step < step, !run.isOver {
      _ = self.policy.act(0, run.table.sight(0))
      run.advance()
    }
  }

  /// Plays to the end, with the episode's noise or with other, and says how it ended.
  func play(noise: UInt64? = nil) -> EndCause {
    if let noise { run.renew(noise: noise) }
    while !run.isOver { run.act(policy.act(0, run.table.sight(0))) }
    return run.state.cause
  }

  var outcome: EpisodeOutcome { run.table.outcome(0) }
}

/// What would have come of an episode if another policy had taken over at a step, over many draws of the noise to come.
package struct WhatIf: Sendable, Hashable {
  package var step: Int
  package var trials: Int
  /// The share that came to the time limit.
  package var survival: Estimate
  /// Steps of the whole episode.
  package var steps: Estimate
  /// Points of the whole episode.
  package var reward: Estimate

  /// - Throws: ``DSLError`` with code `invalid_input` for a step outside the episode or no trials.
  package init(_ box: BlackBox, at step: Int, _ policy: any Policy, trials: Int) throws(DSLError) {
    guard (1...100_000).contains(trials) else {
      throw DSLError(.invalidInput, "\(trials) trials", fix: "give 1 to 100000")
    }
    var outcomes: [EpisodeOutcome] = []
    var noise = box.key ^ UInt64(step) << 1
    for _ in 0..<trials {
      noise = Philox.successor(of: noise)
      let run = try Takeover(box, at: step, policy)
      _ = run.play(noise: noise)
      outcomes.append(run.outcome)
    }
    (self.step, self.trials) = (step, trials)
    survival = Statistics.wilson(outcomes.count { !$0.cause.isFailure }, of: trials)
    steps = Statistics.bootstrap([outcomes.map { Double($0.steps) }])
    reward = Statistics.bootstrap([outcomes.map { Double($0.reward) / 1000 }])
  }
}
