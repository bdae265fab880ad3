/// PWR as published (Lettich et al., CCGrid 2025): the node whose watts rise least; alone, or beside FGD with a weight.
///
/// PWR's score is stretched so that the best node of all that have room has 100 and the worst 0, in whole numbers; FGD's is
/// a percentage already. GPUs of a node are chosen by FGD where it takes part, else the first that raises watts least.
package struct PWRPolicy: PlacementPolicy {
  private let power: PowerModel
  /// What it is combined with; `nil` alone.
  private let fgd: FGDPolicy?
  /// PWR's weight in thousandths, the rest is FGD's.
  private let weight: Int32

  package init(_ power: PowerModel) {
    self.power = power
    fgd = nil
    weight = 1000
  }

  /// - Parameter share: PWR's weight, 0...1.
  package init(_ power: PowerModel, share: Double, beside fragmentation: Fragmentation) {
    self.power = power
    fgd = FGDPolicy(fragmentation)
    weight = Int32((share * 1000).rounded())
  }

  /// FGD's percentages in the lower bits, watts above them.
  private static var base: Int32 { 128 }

  package func score(_ shape: PodShape, on node: Int, of state: FleetState) -> PlacementScore {
    if let fgd {
      let rating = fgd.score(shape, on: node, of: state)
      let gpus = shape.isShare ? 1 << UInt32(rating.gpu) : state.idle[node].whole(Int(shape.gpuCount))
      return PlacementScore(packed(gain(shape, node, gpus, state), rating.score), gpu: rating.gpu)
    }
    guard shape.isShare else {
      let gpus = state.idle[node].whole(Int(shape.gpuCount))
      return PlacementScore(packed(gain(shape, node, gpus, state), 0))
    }
    var best: (gain: Int32, gpu: UInt8)?
    for gpu in 0..<state.idle[node].count where state.idle[node][gpu] >= shape.gpuMilli {
      let gain = gain(shape, node, 1 << UInt32(gpu), state)
      if best.map({ gain > $0.gain }) ?? true { best = (gain, UInt8(gpu)) }
    }
    return PlacementScore(packed(best?.gain ?? 0, 0), gpu: best?.gpu ?? 0)
  }

  /// Watts that are lost, whole ones, negative.
  private func gain(_ shape: PodShape, _ node: Int, _ gpus: UInt32, _ state: FleetState) -> Int32 {
    Int32(-power.rise(shape, on: node, gpus: gpus, of: state))
  }

  private func packed(_ gain: Int32, _ percent: Int32) -> Int32 { gain * Self.base + percent }

  package func pick(_ scores: ContiguousArray<Int32>) -> Int? {
    var (least, most) = (Int32.max, Int32.min)
    for score in scores where score != PlacementScore.impossible {
      let gain = score >> 7
      least = min(least, gain)
      most = max(most, gain)
    }
    guard least <= most else { return nil }
    let span = most - least
    var best: (node: Int, sum: Int32)?
    for (node, score) in scores.enumerated() where score != PlacementScore.impossible {
      let stretched = span == 0 ? 100 : ((score >> 7) - least) * 100 / span
      let sum = stretched * weight + (score & (Self.base - 1)) * (1000 - weight)
      if best.map({ sum > $0.sum }) ?? true { best = (node, sum) }
    }
    return best?.node
  }
}
