extension ClusterConfiguration {
  /// A named set of constants.
  package enum Preset: String, Sendable, CaseIterable {
    /// Slow leaks, few bursts, few hot cells: what a beginner can hold.
    case calm
    /// The constants of `docs/simulator.md`.
    case canonical
    /// Fast leaks, many hot cells, every way to fail, and difficulty that rises with success.
    case storm
  }

  /// A preset on a grid of its own size.
  package init(_ preset: Preset, height: Int = 6, width: Int = 6) {
    self.init()
    (self.height, self.width) = (height, width)
    switch preset {
    case .calm:
      leak = 0.00025
      leakerFactor = 4
      hotShare = 0.1111
      hotMemoryHigh = 0.85
      burstProbability = 0.005
    case .canonical:
      break
    case .storm:
      leak = 0.0007
      leakerFactor = 5
      leakerShare = 0.125
      hotShare = 0.3333
      burstProbability = 0.02
      oomLimit = 5
      bankruptcySteps = 1
      panicSteps = 25
      difficultyLevels = 4
      difficultyLeak = 0.05
    }
  }
}
