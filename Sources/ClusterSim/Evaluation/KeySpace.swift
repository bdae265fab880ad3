package import DSLBase

/// What an episode's key is for. The two highest bits of a key say it, so that no episode that an agent was trained or tuned on can be one
/// that it is judged by.
package enum KeySpace: UInt64, Sendable, CaseIterable {
  case training = 0
  case validation = 1
  case evaluation = 2

  /// The word in JSON.
  package var name: String {
    switch self {
    case .training: "training"
    case .validation: "validation"
    case .evaluation: "evaluation"
    }
  }

  /// The largest number of an episode, and of a seed.
  package static let largestEpisode = 0xFFFF_FFFF
  package static let largestSeed = 0x3FFF_FFFF

  /// The key of an episode of a seed: `space · 2⁶² + seed · 2³² + episode`.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` for a seed above 2³⁰ − 1 or an episode above 2³² − 1.
  package func key(seed: Int = 0, episode: Int) throws(DSLError) -> UInt64 {
    guard (0...Self.largestSeed).contains(seed) else {
      throw DSLError(.invalidInput, "the seed is \(seed)", fix: "give 0 to \(Self.largestSeed)")
    }
    guard (0...Self.largestEpisode).contains(episode) else {
      throw DSLError(.invalidInput, "the episode is \(episode)", fix: "give 0 to \(Self.largestEpisode)")
    }
    return rawValue << 62 | UInt64(seed) << 32 | UInt64(episode)
  }

  /// The keys of `count` episodes from one on.
  package func keys(seed: Int = 0, from first: Int = 0, count: Int) throws(DSLError) -> [UInt64] {
    guard count >= 0, count <= Self.largestEpisode - first else {
      throw DSLError(.invalidInput, "\(count) episodes from \(first)", fix: "stay below 2^32 episodes")
    }
    let start = try key(seed: seed, episode: first)
    return (0..<UInt64(count)).map { start + $0 }
  }

  /// The space that a key lies in, where it is one of the three.
  package init?(of key: UInt64) { self.init(rawValue: key >> 62) }
}
