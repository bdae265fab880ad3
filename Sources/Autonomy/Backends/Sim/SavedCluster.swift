package import ClusterSim
package import DSLBase

/// The simulated cluster between two steps: its constants, the episode in progress, and how those before it ended. A value;
/// each step makes another one.
package struct SavedCluster: Sendable, Hashable {
  /// The first member of the file.
  package static let format = "dsl.cluster/1"
  /// The longest file that is read.
  package static let limit = 16 << 20
  /// Episodes have keys of this space: those that policies are judged by.
  private static let space = KeySpace.evaluation

  package let seed: Int
  /// The number of the episode.
  package private(set) var number: Int
  package private(set) var episode: OpenEpisode
  /// How often each cause ended an episode, by ``EndCause``.
  package private(set) var ends: [Int]
  /// Steps and points of the episodes that are over.
  package private(set) var earlierSteps: Int
  package private(set) var earlierReward: Double

  package var configuration: ClusterConfiguration { episode.configuration }

  /// The start of the first episode.
  ///
  /// - Throws: `invalidInput` for constants that no cluster can have.
  package init(_ configuration: ClusterConfiguration, seed: Int, first: Int) throws(DSLError) {
    self.seed = seed
    number = first
    episode = try OpenEpisode(configuration, key: Self.space.key(seed: seed, episode: first))
    ends = EndCause.allCases.map { _ in 0 }
    (earlierSteps, earlierReward) = (0, 0)
  }

  init(
    seed: Int, number: Int, episode: OpenEpisode, ends: [Int], earlierSteps: Int, earlierReward: Double
  ) {
    (self.seed, self.number, self.episode) = (seed, number, episode)
    (self.ends, self.earlierSteps, self.earlierReward) = (ends, earlierSteps, earlierReward)
  }

  /// How many steps it has made, over all episodes, their beginnings counted as well: an undone one is not among them.
  package var position: Int { earlierSteps + ends.reduce(0, +) + episode.step }

  /// After one more step of the episode.
  ///
  /// - Throws: `invalidState` when it is over.
  package func stepping(_ action: Action) throws(DSLError) -> SavedCluster {
    var next = self
    next.episode = try episode.stepping(action)
    return next
  }

  /// Before the last step of the episode; `nil` at its start.
  package func rewound() throws(DSLError) -> SavedCluster? {
    guard let before = try episode.rewound() else { return nil }
    var earlier = self
    earlier.episode = before
    return earlier
  }

  /// At the start of the next episode, which has the next key.
  package func succeeding() throws(DSLError) -> SavedCluster {
    var next = self
    let (level, survivals) = try episode.nextDifficulty()
    next.ends[Int(episode.cause.rawValue)] += 1
    next.earlierSteps += episode.step
    next.earlierReward += episode.reward
    next.number += 1
    next.episode = try OpenEpisode(
      configuration, key: Self.space.key(seed: seed, episode: next.number), level: level,
      survivals: survivals)
    return next
  }

  /// Where it stands, for steps and receipts.
  package var place: ClusterPlace {
    ClusterPlace(episode: number, step: episode.step, digest: BlackBox.text(episode.digest))
  }

  /// Sentences about it, for the evidence.
  package var notes: [String] {
    var notes = ["episode \(number) (key \(BlackBox.text(episode.key))), step \(episode.step)"]
    if episode.cause.isFailure {
      notes.append("the cluster failed in step \(episode.step): \(episode.cause.name)")
    } else if episode.isOver {
      notes.append("the episode is over: \(episode.cause.name)")
    }
    let counts = EndCause.allCases.compactMap { cause in
      ends[Int(cause.rawValue)] > 0 ? "\(ends[Int(cause.rawValue)]) by \(cause.name)" : nil
    }
    if !counts.isEmpty { notes.append("episodes that ended before: " + counts.joined(separator: ", ")) }
    return notes
  }
}

/// A state of the cluster by name.
package struct ClusterPlace: Sendable, Hashable {
  package var episode: Int
  package var step: Int
  /// Of everything about the state, 16 hexadecimal digits.
  package var digest: String

  package init(episode: Int, step: Int, digest: String) {
    (self.episode, self.step, self.digest) = (episode, step, digest)
  }

  package init?(json: JSONValue?) {
    guard let episode = json?["episode"]?.int, let step = json?["step"]?.int,
      let digest = json?["digest"]?.string
    else { return nil }
    self.init(episode: episode, step: step, digest: digest)
  }

  package var json: JSONValue {
    ["episode": .int(episode), "step": .int(step), "digest": .string(digest)]
  }

  /// "step 12 of episode 3"
  package var text: String { "step \(step) of episode \(episode)" }
}
