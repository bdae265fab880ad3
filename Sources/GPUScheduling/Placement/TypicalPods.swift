/// What pods are like: the commonest shapes with how often each occurs.
///
/// A scheduler may know this of its users without knowing what comes next. Weng et al., "Beware of Fragmentation",
/// USENIX ATC 2023, section 4: memory is left out.
package struct TypicalPods: Sendable, Equatable {
  /// A shape and its share of all arrivals.
  package struct Entry: Sendable, Equatable {
    package var shape: PodShape
    package var share: Double
  }

  /// Most frequent first; the shares add up to 1.
  package let entries: [Entry]

  /// The commonest of some pods.
  ///
  /// - Parameters:
  ///   - shapes: one a pod.
  ///   - coverage: the share of pods that the shapes kept must reach.
  package init(_ shapes: [PodShape], coverage: Double = 0.95) {
    var counts: [PodShape: Int] = [:]
    var order: [PodShape] = []
    for shape in shapes {
      var key = shape
      key.memoryMiB = 0
      if key.gpuCount == 0 { key.models = .any }
      if counts.updateValue(counts[key, default: 0] + 1, forKey: key) == nil { order.append(key) }
    }
    let ranked = order.enumerated().sorted {
      (counts[$0.element] ?? 0, $1.offset) > (counts[$1.element] ?? 0, $0.offset)
    }
    var (kept, total): ([(PodShape, Int)], Int) = ([], 0)
    for (_, shape) in ranked {
      guard Double(total) < coverage * Double(shapes.count), let count = counts[shape] else { break }
      kept.append((shape, count))
      total += count
    }
    entries = kept.map { Entry(shape: $0.0, share: Double($0.1) / Double(total)) }
  }

  private init(entries: [Entry]) { self.entries = entries }

  /// The same shapes, each counted by its GPUs instead of its pods; those without GPU are left out.
  package var byGPUs: TypicalPods {
    let weighed = entries.map { Entry(shape: $0.shape, share: $0.share * Double($0.shape.totalGPUMilli)) }
    let total = weighed.reduce(0) { $0 + $1.share }
    return TypicalPods(
      entries: weighed.filter { $0.share > 0 }.map { Entry(shape: $0.shape, share: $0.share / total) })
  }

  /// One shape, as often as it occurs.
  package func sample(using random: inout some RandomNumberGenerator) -> PodShape {
    var left = Double.random(in: 0..<1, using: &random)
    for entry in entries {
      left -= entry.share
      if left < 0 { return entry.shape }
    }
    return entries[entries.count - 1].shape
  }

  /// How much of each GPU model pods ask for by name, as a share of what the fleet has of it, at most 1: demand that
  /// names several models is spread over them by how many GPUs they have.
  package func scarcity(fleet: [NodeCapacity], models: Int) -> [Double] {
    var supply = [Double](repeating: 0, count: models)
    for node in fleet { supply[Int(node.model)] += Double(node.gpuCount) }
    let all = supply.reduce(0, +)
    var (named, total) = ([Double](repeating: 0, count: models), 0.0)
    for entry in entries {
      let demand = entry.share * Double(entry.shape.totalGPUMilli)
      total += demand
      guard entry.shape.models != .any else { continue }
      let wanted = (0..<models).filter { entry.shape.models.contains(UInt8($0)) }
      let there = wanted.reduce(0) { $0 + supply[$1] }
      for model in wanted where there > 0 { named[model] += demand * supply[model] / there }
    }
    return (0..<models).map { supply[$0] > 0 && total > 0 ? min(1, named[$0] / total * all / supply[$0]) : 0 }
  }
}
