package import DSLBase

/// What is said of episodes in the tables: four numbers with their intervals.
package struct EpisodeSummary: Sendable, Hashable {
  /// Policies that were judged as one: training seeds.
  package var groups: Int
  /// Episodes of each.
  package var episodes: Int
  /// Points.
  package var reward: Estimate
  /// Steps survived.
  package var steps: Estimate
  /// Cells out of memory, an episode.
  package var ooms: Estimate
  /// The share of episodes that ended with the cluster failing, from 0 to 1.
  package var failures: Estimate
  /// How often each cause ended an episode, by ``EndCause``.
  package var causes: [Int]

  /// Sums up the outcomes of one policy, or of the same learner after several trainings on the same keys.
  ///
  /// Means have the intervals of a two-level bootstrap. Failures of one policy have Wilson's; of several, whose episodes are no independent trials,
  /// the wider of both.
  package init(_ groups: [[EpisodeOutcome]]) {
    self.groups = groups.count
    episodes = groups.first?.count ?? 0
    func estimate(_ value: (EpisodeOutcome) -> Double) -> Estimate {
      Statistics.bootstrap(groups.map { $0.map(value) })
    }
    reward = estimate { Double($0.reward) / 1000 }
    steps = estimate { Double($0.steps) }
    ooms = estimate { Double($0.ooms) }
    let all = groups.flatMap(\.self)
    failures = Statistics.wilson(all.count { $0.cause.isFailure }, of: all.count)
    if groups.count > 1 {
      let wide = estimate { $0.cause.isFailure ? 1 : 0 }
      (failures.low, failures.high) = (min(failures.low, wide.low), max(failures.high, wide.high))
    }
    causes = EndCause.allCases.map { cause in all.count { $0.cause == cause } }
  }
}

/// What one policy has over another on the same keys; the noise that both had is taken out.
package struct PairedDifference: Sendable, Hashable {
  /// First less second, each episode's mean over groups.
  package var reward: Estimate
  package var steps: Estimate
  package var ooms: Estimate
  /// In shares, from −1 to 1.
  package var failures: Estimate

  /// - Throws: ``DSLError`` with code `invalid_input` when the keys are not the same.
  package init(_ first: [[EpisodeOutcome]], less second: [[EpisodeOutcome]]) throws(DSLError) {
    let keys = (first + second).map { $0.map(\.key) }
    guard let some = keys.first, keys.allSatisfy({ $0 == some }) else {
      throw DSLError(.invalidInput, "the episodes of two policies have other keys", fix: "compare equal keys")
    }
    func estimate(_ value: (EpisodeOutcome) -> Double) -> Estimate {
      // Trainings are drawn anew as well as episodes: the difference of each training to the other policy's mean.
      let baseline = some.indices.map { i in Statistics.average(second.map { value($0[i]) }) }
      return Statistics.bootstrap(first.map { group in some.indices.map { value(group[$0]) - baseline[$0] } })
    }
    reward = estimate { Double($0.reward) / 1000 }
    steps = estimate { Double($0.steps) }
    ooms = estimate { Double($0.ooms) }
    failures = estimate { $0.cause.isFailure ? 1 : 0 }
  }
}
