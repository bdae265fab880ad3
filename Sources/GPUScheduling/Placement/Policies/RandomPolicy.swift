import DSLBase

/// Any node that has room, each as likely: what every other policy has to beat.
package struct RandomPolicy: PlacementPolicy {
  private var random: SplitMix64

  package init(seed: UInt64) { random = SplitMix64(seed: seed) }

  package func score(_ shape: PodShape, on node: Int, of state: FleetState) -> PlacementScore {
    PlacementScore(0, gpu: shape.isShare ? UInt8(state.idle[node].tightest(shape.gpuMilli) ?? 0) : 0)
  }

  package mutating func pick(_ scores: ContiguousArray<Int32>) -> Int? {
    let possible = scores.count { $0 != PlacementScore.impossible }
    guard possible > 0 else { return nil }
    var left = Int.random(in: 0..<possible, using: &random)
    return scores.firstIndex { score in
      guard score != PlacementScore.impossible else { return false }
      left -= 1
      return left < 0
    }
  }
}
