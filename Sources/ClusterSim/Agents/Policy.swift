/// What an agent can base an action on.
///
/// `observation` is what the cluster shows. A policy that reads ``cells`` sees more than an operator would: the oracle does,
/// and what is trained with the view `full`.
package struct Sight {
  /// The 35 floats of ``ObservationLayout``.
  package let observation: UnsafePointer<Float>
  let episode: UnsafePointer<EpisodeState>
  let cells: World.Cells
  let world: World

  /// The rules, in the units of the state.
  @inline(__always)
  var constants: FixedConstants { world.constants }
  /// The key of the episode; its noise is drawn from it, so it is for the draws of a policy alone.
  package var key: UInt64 { episode.pointee.key }
  /// Steps done.
  package var step: Int { episode.pointee.step }
  /// The agent's place.
  package var row: Int { episode.pointee.row }
  package var column: Int { episode.pointee.column }
  /// The size of the grid.
  package var height: Int { constants.height }
  package var width: Int { constants.width }
}

/// Chooses actions.
///
/// What it does in an episode depends on what it saw of that episode alone, so it is the same in every batch. What it
/// remembers it keeps for each environment apart, and forgets when an episode begins.
package protocol Policy: Sendable {
  /// The word for it in commands and results.
  var name: String { get }
  /// An episode begins in environment `i` of `count`.
  mutating func begin(_ i: Int, of count: Int)
  /// The action for environment `i`.
  mutating func act(_ i: Int, _ sight: Sight) -> UInt8
}

extension Policy {
  package mutating func begin(_ i: Int, of count: Int) {}
}

/// A draw of a policy or a learner in a step of an episode: four words that depend on nothing but these.
@inline(__always)
func policyDraw(_ key: UInt64, step: Int, seed: UInt64) -> SIMD4<UInt32> {
  Philox.block(key: key ^ seed &* 0x9E37_79B9_7F4A_7C15, step: UInt32(step), index: 0, stream: .policy)
}
