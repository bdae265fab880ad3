/// The constants of a simulated cluster: size, noise, costs, rewards, ways to fail.
///
/// Shares and levels of CPU and memory are from 0 to 1, costs and rewards in points (resolved to 1/1000), durations in
/// steps. `docs/simulator.md` says what each does. The defaults are the preset `canonical`.
package struct ClusterConfiguration: Sendable, Hashable {
  /// The version of the rules in `docs/simulator.md`. It changes whenever the same key and actions give other bits.
  package static let dynamicsVersion = 1

  // Sizes.
  package var height = 6
  package var width = 6
  package var maxSteps = 500

  // The start of an episode.
  package var initialMemory = 0.1
  package var criticalShare = 0.4444
  package var hotShare = 0.2222
  package var hotMemoryLow = 0.73
  package var hotMemoryHigh = 0.955
  package var baseLow = 0.15
  package var baseHigh = 0.55

  // Physics.
  package var leak = 0.0005
  package var leakerShare = 0.0625
  package var leakerFactor = 7.0
  package var cpuReversion = 0.08
  package var cpuNoise = 0.05
  package var burst = 0.4
  package var burstProbability = 0.01
  package var memoryCoupling = 1.0
  package var restartMemory = 0.2
  package var restartCPU = 0.3

  // Actions.
  package var cleanCPU = 0.5
  package var cleanCost = 2.0
  package var cleanReward = -1.5
  package var memoryCleanCost = 1.0
  package var memoryCleanReward = -1.0
  package var throttleCPU = 0.3
  package var throttleCost = 0.5
  package var throttleReward = -1.15
  package var scaleNodes = 8
  package var scaleLine = 0.6
  package var scaleMemory = 0.2
  package var scaleCPU = 0.3
  package var scaleCost = 10.0
  package var scaleReward = -2.5
  package var reliefLine = 0.25
  package var reliefCPUWeight = 0.3
  package var wastedReward = -0.65

  // Budget and rewards.
  package var budget = 100.0
  package var budgetRecovery = 0.25
  package var uptimeReward = 0.5
  package var oomReward = -10.0
  package var fatalReward = -100.0

  // The end. A limit of 0 is off.
  package var hotLine = 0.8
  package var collapseLoad = 0.85
  package var oomLimit = 0
  package var bankruptcySteps = 0
  package var panicSteps = 0

  // Difficulty that follows skill. 0 levels is off.
  package var difficultyLevels = 0
  package var difficultyLeak = 0.1
  package var difficultyRaiseAfter = 3

  /// The preset `canonical`.
  package init() {}

  /// Cells of the grid.
  package var cellCount: Int { height * width }
}
