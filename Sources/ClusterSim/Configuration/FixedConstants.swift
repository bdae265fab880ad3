import CClusterSim

/// A configuration in the units that the state is kept in: 1/32768 for CPU and memory, 1/1000 for budget and rewards.
struct FixedConstants: Sendable {
  /// 32767/32768 is full.
  static let full: Int16 = .max
  /// Units of a leak in 1: sixteenths of 1/32768.
  static let leakUnits = 524_288.0
  /// The fastest leak, in sixteenths of 1/32768.
  static let largestLeak = 4095
  /// Cells are padded to a multiple of this.
  static let group = 64
  /// The priorities, in 1/16384: low, middle, critical.
  static let priorities: (Int16, Int16, Int16) = (3277, 8192, 16384)

  let height, width, cells, padded, maxSteps: Int
  let initialMemory, hotLow, hotHigh, baseLow, baseHigh: Int
  let criticalCells, hotCells, leakers: Int
  /// In 1/65536 of the units of a leak; the factors in 1/256.
  let leak, leakerFactor, difficultyLeak: Int
  let restartMemory, restartCPU, cleanCPU, throttleCPU, scaleMemory, scaleCPU, scaleLine: Int16
  let cleanCost, memoryCleanCost, throttleCost, scaleCost: Int
  let cleanReward, memoryCleanReward, throttleReward, scaleReward, wastedReward: Int
  let uptimeReward, oomReward, fatalReward: Int
  let budget, recovery, cheapest: Int
  let reliefLine, reliefCPUWeight: Int
  let scaleNodes, collapseSum, oomLimit, bankruptcySteps, panicSteps: Int
  let difficultyLevels, raiseAfter: Int
  let physics: dslsim_constants

  init(_ from: ClusterConfiguration) {
    (height, width, cells, maxSteps) = (from.height, from.width, from.cellCount, from.maxSteps)
    padded = (cells + Self.group - 1) / Self.group * Self.group
    initialMemory = Self.level(from.initialMemory)
    (hotLow, hotHigh) = (Self.level(from.hotMemoryLow), Self.level(from.hotMemoryHigh))
    (baseLow, baseHigh) = (Self.level(from.baseLow), Self.level(from.baseHigh))
    criticalCells = Self.rounded(from.criticalShare * Double(cells))
    hotCells = Self.rounded(from.hotShare * Double(cells))
    leakers = Self.rounded(from.leakerShare * Double(cells))
    leak = Self.rounded(from.leak * Self.leakUnits * 65536)
    leakerFactor = Self.rounded(from.leakerFactor * 256)
    difficultyLeak = Self.rounded(from.difficultyLeak * 256)
    restartMemory = Int16(Self.level(from.restartMemory))
    restartCPU = Int16(Self.level(from.restartCPU))
    cleanCPU = Int16(Self.level(from.cleanCPU))
    throttleCPU = Int16(Self.level(from.throttleCPU))
    scaleMemory = Int16(Self.level(from.scaleMemory))
    scaleCPU = Int16(Self.level(from.scaleCPU))
    scaleLine = Int16(Self.level(from.scaleLine))
    (cleanCost, cleanReward) = (Self.points(from.cleanCost), Self.points(from.cleanReward))
    memoryCleanCost = Self.points(from.memoryCleanCost)
    memoryCleanReward = Self.points(from.memoryCleanReward)
    (throttleCost, throttleReward) = (Self.points(from.throttleCost), Self.points(from.throttleReward))
    (scaleCost, scaleReward) = (Self.points(from.scaleCost), Self.points(from.scaleReward))
    wastedReward = Self.points(from.wastedReward)
    uptimeReward = Self.points(from.uptimeReward)
    (oomReward, fatalReward) = (Self.points(from.oomReward), Self.points(from.fatalReward))
    (budget, recovery) = (Self.points(from.budget), Self.points(from.budgetRecovery))
    cheapest = min(cleanCost, memoryCleanCost, throttleCost, scaleCost)
    reliefLine = Self.rounded(from.reliefLine * 32768 * 256)
    reliefCPUWeight = Self.rounded(from.reliefCPUWeight * 256)
    scaleNodes = from.scaleNodes
    collapseSum = Self.rounded(from.collapseLoad * 2 * 32768 * Double(cells))
    (oomLimit, bankruptcySteps, panicSteps) = (from.oomLimit, from.bankruptcySteps, from.panicSteps)
    (difficultyLevels, raiseAfter) = (from.difficultyLevels, from.difficultyRaiseAfter)
    physics = dslsim_constants(
      reversion: Int16(Self.rounded(from.cpuReversion * 65536)),
      noise: Int16(Self.rounded(from.cpuNoise * 12.0.squareRoot() * 32768)),
      burst: Int16(Self.level(from.burst)),
      burst_below: Int16(Self.rounded(from.burstProbability * 65536) - 32768),
      coupling: Int16(Self.level(from.memoryCoupling)), hot_line: Int16(Self.level(from.hotLine)))
  }

  private static func rounded(_ value: Double) -> Int { Int(value.rounded(.toNearestOrEven)) }
  private static func level(_ value: Double) -> Int { min(rounded(value * 32768), Int(full)) }
  private static func points(_ value: Double) -> Int { rounded(value * 1000) }
}
