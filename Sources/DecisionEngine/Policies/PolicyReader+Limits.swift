import DSLBase

extension PolicyReader {
  private static let maxLimits = 50
  private static let window = 0.001...31_536_000.0
  private static let counts = 0...1_000_000
  private static let directions = ["up", "down", "other"]

  /// Reads `budgets`: actions of one direction on one target in a window of time.
  func budgets(_ node: YAMLNode) -> [TargetBudget] {
    limits(node).compactMap { node in
      guard let map = reader.mapping(node, keys: ["target", "direction", "count", "window"]) else {
        return nil
      }
      let count = reader.required("count", in: map).flatMap { reader.integer($0, in: Self.counts) }
      let window = reader.required("window", in: map).flatMap { reader.duration($0, in: Self.window) }
      let word = map["direction"].flatMap { reader.choice($0, of: Self.directions) }
      let target = map["target"].flatMap { reader.string($0) }
      guard let count, let window else { return nil }
      let direction = word.map { ActionDirection(rawValue: $0) ?? .neutral }
      return TargetBudget(target: target, direction: direction, count: count, windowSeconds: window)
    }
  }

  /// Reads `flaps`: reversals of one target in a window of time.
  func flaps(_ node: YAMLNode) -> [FlapBudget] {
    limits(node).compactMap { node in
      guard let map = reader.mapping(node, keys: ["target", "count", "window"]) else { return nil }
      let count = reader.required("count", in: map).flatMap { reader.integer($0, in: Self.counts) }
      let window = reader.required("window", in: map).flatMap { reader.duration($0, in: Self.window) }
      let target = map["target"].flatMap { reader.string($0) }
      guard let count, let window else { return nil }
      return FlapBudget(target: target, count: count, windowSeconds: window)
    }
  }

  private func limits(_ node: YAMLNode) -> [YAMLNode] {
    guard let elements = reader.list(node) else { return [] }
    if elements.count > Self.maxLimits { reader.report("more than \(Self.maxLimits) entries", at: node) }
    return Array(elements.prefix(Self.maxLimits))
  }
}
