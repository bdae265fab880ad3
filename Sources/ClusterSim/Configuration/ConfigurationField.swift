import DSLBase

/// One number of a configuration: its name in JSON, where it is kept and what it may be.
struct ConfigurationField {
  enum Place {
    case real(WritableKeyPath<ClusterConfiguration, Double>, ClosedRange<Double>)
    case whole(WritableKeyPath<ClusterConfiguration, Int>, ClosedRange<Int>)
  }

  let name: String
  let place: Place

  private static func real(
    _ name: String, _ path: WritableKeyPath<ClusterConfiguration, Double>, _ range: ClosedRange<Double>
  ) -> ConfigurationField { ConfigurationField(name: name, place: .real(path, range)) }

  private static func whole(
    _ name: String, _ path: WritableKeyPath<ClusterConfiguration, Int>, _ range: ClosedRange<Int>
  ) -> ConfigurationField { ConfigurationField(name: name, place: .whole(path, range)) }

  /// The field says nothing it may not say.
  func validate(_ configuration: ClusterConfiguration) throws(DSLError) {
    switch place {
    case .real(let path, let range):
      let value = configuration[keyPath: path]
      guard range.contains(value) else {
        throw outside("\(value)", "\(range.lowerBound)", "\(range.upperBound)")
      }
    case .whole(let path, let range):
      let value = configuration[keyPath: path]
      guard range.contains(value) else {
        throw outside("\(value)", "\(range.lowerBound)", "\(range.upperBound)")
      }
    }
  }

  private func outside(_ value: String, _ low: String, _ high: String) -> DSLError {
    DSLError(.invalidInput, "\(name) is \(value)", fix: "give a number from \(low) to \(high)")
  }

  /// All fields, in the order of the documentation.
  static var all: [ConfigurationField] { sizes + start + physics + actions + rewards + ends }

  private static var sizes: [ConfigurationField] {
    [
      whole("height", \.height, 1...64), whole("width", \.width, 1...64),
      whole("max_steps", \.maxSteps, 1...1_000_000),
    ]
  }

  private static var start: [ConfigurationField] {
    [
      real("initial_memory", \.initialMemory, 0...0.99), real("critical_share", \.criticalShare, 0...1),
      real("hot_share", \.hotShare, 0...1), real("hot_memory_low", \.hotMemoryLow, 0...0.99),
      real("hot_memory_high", \.hotMemoryHigh, 0...0.99), real("base_low", \.baseLow, 0...1),
      real("base_high", \.baseHigh, 0...1),
    ]
  }

  private static var physics: [ConfigurationField] {
    [
      real("leak", \.leak, 0...0.005), real("leaker_share", \.leakerShare, 0...1),
      real("leaker_factor", \.leakerFactor, 0...100), real("cpu_reversion", \.cpuReversion, 0...0.49),
      real("cpu_noise", \.cpuNoise, 0...0.14), real("burst", \.burst, 0...0.5),
      real("burst_probability", \.burstProbability, 0...0.5),
      real("memory_coupling", \.memoryCoupling, 0...1), real("restart_memory", \.restartMemory, 0...0.99),
      real("restart_cpu", \.restartCPU, 0...1),
    ]
  }

  private static var actions: [ConfigurationField] {
    let cost = 0.0...1000
    let reward = -1000.0...1000
    return [
      real("clean_cpu", \.cleanCPU, 0...1), real("clean_cost", \.cleanCost, cost),
      real("clean_reward", \.cleanReward, reward), real("memory_clean_cost", \.memoryCleanCost, cost),
      real("memory_clean_reward", \.memoryCleanReward, reward), real("throttle_cpu", \.throttleCPU, 0...1),
      real("throttle_cost", \.throttleCost, cost), real("throttle_reward", \.throttleReward, reward),
      whole("scale_nodes", \.scaleNodes, 1...64), real("scale_line", \.scaleLine, 0...1),
      real("scale_memory", \.scaleMemory, 0...1), real("scale_cpu", \.scaleCPU, 0...1),
      real("scale_cost", \.scaleCost, 0.001...1000), real("scale_reward", \.scaleReward, reward),
      real("relief_line", \.reliefLine, 0...2), real("relief_cpu_weight", \.reliefCPUWeight, 0...1),
      real("wasted_reward", \.wastedReward, reward),
    ]
  }

  private static var rewards: [ConfigurationField] {
    let reward = -1000.0...1000
    return [
      real("budget", \.budget, 0.001...1_000_000), real("budget_recovery", \.budgetRecovery, 0...1000),
      real("uptime_reward", \.uptimeReward, reward), real("oom_reward", \.oomReward, reward),
      real("fatal_reward", \.fatalReward, reward),
    ]
  }

  private static var ends: [ConfigurationField] {
    [
      real("hot_line", \.hotLine, 0...1), real("collapse_load", \.collapseLoad, 0...1),
      whole("oom_limit", \.oomLimit, 0...1_000_000),
      whole("bankruptcy_steps", \.bankruptcySteps, 0...1_000_000),
      whole("panic_steps", \.panicSteps, 0...1_000_000),
      whole("difficulty_levels", \.difficultyLevels, 0...16),
      real("difficulty_leak", \.difficultyLeak, 0...1),
      whole("difficulty_raise_after", \.difficultyRaiseAfter, 1...1000),
    ]
  }
}

extension ClusterConfiguration {
  /// The constants in the order of the fields, as C takes them.
  var values: [Double] {
    ConfigurationField.all.map { field in
      switch field.place {
      case .real(let path, _): self[keyPath: path]
      case .whole(let path, _): Double(self[keyPath: path])
      }
    }
  }
}
