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
