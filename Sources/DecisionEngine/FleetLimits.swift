package import DSLBase

/// How small and how large the fleet may be made, and in what steps.
public struct FleetLimits: Sendable, Equatable {
  /// Scaling down stops here. Nothing starts agents up to it while there is no work.
  public var minAgents: Int
  /// Scaling up stops here; agents that are starting count.
  public var maxAgents: Int
  /// Multiplies the step of the default policy: 2 adds and removes twice as many at a time.
  public var scaleFactor: Double

  /// Limits; `minAgents` is held at 0 or more and `maxAgents` at `minAgents` or more.
  public init(minAgents: Int = 1, maxAgents: Int = 10, scaleFactor: Double = 1) {
    self.minAgents = max(0, minAgents)
    self.maxAgents = max(self.minAgents, maxAgents)
    self.scaleFactor = scaleFactor.isFinite ? min(max(scaleFactor, 0.01), 1000) : 1
  }
}

extension FleetLimits {
  /// Reads `{min_agents, max_agents, scale_factor}`; what is not given is as in `base`.
  ///
  /// - Returns: `nil` after a problem was noted.
  package static func read(_ node: YAMLNode, _ reader: YAMLReader, base: FleetLimits = FleetLimits())
    -> FleetLimits?
  {
    let before = reader.problems.count
    guard let map = reader.mapping(node, keys: ["min_agents", "max_agents", "scale_factor"]) else {
      return nil
    }
    let low = map["min_agents"].flatMap { reader.integer($0, in: 0...100_000) } ?? base.minAgents
    let high = map["max_agents"].flatMap { reader.integer($0, in: 0...100_000) } ?? base.maxAgents
    let factor = map["scale_factor"].flatMap { reader.number($0, in: 0.01...1000) } ?? base.scaleFactor
    if low > high { reader.report("min_agents (\(low)) is above max_agents (\(high))", at: node) }
    guard reader.problems.count == before else { return nil }
    return FleetLimits(minAgents: low, maxAgents: high, scaleFactor: factor)
  }
}
