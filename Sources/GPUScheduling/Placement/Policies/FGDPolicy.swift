import Glibc

/// Fragmentation gradient descent: where a pod adds the least fragmentation (Weng et al., ATC 2023), with the score
/// squeezed into whole percents by a sigmoid, as published.
package struct FGDPolicy: PlacementPolicy {
  private let fragmentation: Fragmentation

  package init(_ fragmentation: Fragmentation) { self.fragmentation = fragmentation }

  package func score(_ shape: PodShape, on node: Int, of state: FleetState) -> PlacementScore {
    let gradient = FragmentationGradient(fragmentation, shape, node, state)
    let idle = state.idle[node]
    guard shape.isShare else {
      return PlacementScore(percent(gradient.reduction(on: idle.whole(Int(shape.gpuCount)))))
    }
    var best = PlacementScore(.min)
    for gpu in 0..<idle.count where idle[gpu] >= shape.gpuMilli {
      let score = percent(gradient.reduction(on: 1 << UInt32(gpu)))
      if score > best.score { best = PlacementScore(score, gpu: UInt8(gpu)) }
    }
    return best
  }

  private func percent(_ reduction: Double) -> Int32 { Int32(100 * (1 / (1 + exp(-reduction / 1000)))) }
}
