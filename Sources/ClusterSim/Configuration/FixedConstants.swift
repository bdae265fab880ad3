import CClusterSim

/// A configuration in the units that the state is kept in: 1/32768 for CPU and memory, 1/1000 for budget and rewards.
struct FixedConstants: Sendable {
  /// 32767/32768 is full.
  static let full: Int16 = .max
  /// Units of a leak in 1: sixteenths of 1/32768.
  static let leakUnits = 524_288.0
  /// The fastest leak, in sixteenths of 1/32768.
  static let largestLeak = 4095

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

  /// Derived in C, where the simulator's other callers derive them too.
  init(_ from: ClusterConfiguration) { self.init(Self.rules(from)) }

  /// The same, as C keeps them.
  static func rules(_ configuration: ClusterConfiguration) -> dslsim_rules {
    var rules = dslsim_rules()
    let values = configuration.values
    precondition(values.count == dslsim_fields, "C knows the same constants")
    dslsim_derive(values, &rules)
    return rules
  }

  init(_ r: dslsim_rules) {
    (height, width, cells, padded) = (Int(r.height), Int(r.width), Int(r.cells), Int(r.padded))
    (maxSteps, initialMemory) = (Int(r.max_steps), Int(r.initial_memory))
    (hotLow, hotHigh) = (Int(r.hot_low), Int(r.hot_high))
    (baseLow, baseHigh) = (Int(r.base_low), Int(r.base_high))
    (criticalCells, hotCells, leakers) = (Int(r.critical_cells), Int(r.hot_cells), Int(r.leakers))
    (leak, leakerFactor) = (Int(r.leak), Int(r.leaker_factor))
    difficultyLeak = Int(r.difficulty_leak)
    (restartMemory, restartCPU, cleanCPU) = (r.restart_memory, r.restart_cpu, r.clean_cpu)
    (throttleCPU, scaleMemory, scaleCPU) = (r.throttle_cpu, r.scale_memory, r.scale_cpu)
    scaleLine = r.scale_line
    (cleanCost, cleanReward) = (Int(r.clean_cost), Int(r.clean_reward))
    (memoryCleanCost, memoryCleanReward) = (Int(r.memory_clean_cost), Int(r.memory_clean_reward))
    (throttleCost, throttleReward) = (Int(r.throttle_cost), Int(r.throttle_reward))
    (scaleCost, scaleReward, wastedReward) = (Int(r.scale_cost), Int(r.scale_reward), Int(r.wasted_reward))
    (uptimeReward, oomReward, fatalReward) = (Int(r.uptime_reward), Int(r.oom_reward), Int(r.fatal_reward))
    (budget, recovery, cheapest) = (Int(r.budget), Int(r.recovery), Int(r.cheapest))
    (reliefLine, reliefCPUWeight) = (Int(r.relief_line), Int(r.relief_cpu_weight))
    (scaleNodes, collapseSum, oomLimit) = (Int(r.scale_nodes), Int(r.collapse_sum), Int(r.oom_limit))
    (bankruptcySteps, panicSteps) = (Int(r.bankruptcy_steps), Int(r.panic_steps))
    (difficultyLevels, raiseAfter) = (Int(r.difficulty_levels), Int(r.raise_after))
    physics = r.physics
  }
}
