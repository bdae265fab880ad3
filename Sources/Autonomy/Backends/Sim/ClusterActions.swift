package import ClusterSim
package import DSLBase

extension DecisionType {
  /// One step of the agent on the grid, by the parameter `direction`.
  package static let move = DecisionType(rawValue: "move")
  /// Empties the memory of the cell that the agent stands on, and takes CPU off it.
  package static let clean = DecisionType(rawValue: "clean")
  /// Empties its memory.
  package static let memoryClean = DecisionType(rawValue: "memory_clean")
  /// Takes CPU off it.
  package static let throttle = DecisionType(rawValue: "throttle")
}

/// What a decision comes to on the simulated cluster: the table of `docs/simulator.md`. Pure.
package enum ClusterChoice: Sendable, Equatable {
  /// This action.
  case act(Action)
  /// None; the reason as a sentence.
  case nothing(String)

  /// The types that a cluster has beside those of every backend.
  package static let ownTypes: [DecisionType] = [.move, .clean, .memoryClean, .throttle]
  /// The types that mean something on a cluster.
  package static let types: [DecisionType] =
    [.scaleUp, .coordinationImprove, .optimize, .restart, .telemetryEnhance] + ownTypes

  /// - Throws: `unsupported` for a type that means nothing here, `invalidInput` for parameters that cannot be used.
  package init(_ decision: Decision, _ gauges: ClusterGauges) throws(DSLError) {
    switch decision.type {
    case .scaleUp: self = try Self.scale(decision, gauges)
    case .coordinationImprove: self = .act(.moving(to: gauges.neediest))
    case .telemetryEnhance: self = .act(.patrolling(step: gauges.step, width: gauges.width))
    case .restart, .clean: self = .act(.clean)
    case .memoryClean: self = .act(.memoryClean)
    case .optimize, .throttle: self = .act(.throttle)
    case .move: self = .act(try Self.move(decision))
    default:
      throw DSLError(
        .unsupported, "backend sim cannot carry out \"\(decision.type)\"",
        fix: "a cluster knows " + Self.types.map(\.rawValue).joined(separator: ", "))
    }
  }

  private static func scale(_ decision: Decision, _ gauges: ClusterGauges) throws(DSLError) -> ClusterChoice {
    guard let wanted = decision.parameters["target_agents"] else { return .act(.scale) }
    guard let target = wanted.int, target >= 0 else {
      throw DSLError(
        .invalidInput,
        "decision \(decision.id) (\(decision.rule)): parameter target_agents is not a whole number",
        fix: "leave it out, or give the number of cells that are to be in order")
    }
    let sound = gauges.cells - gauges.hot
    return sound >= target
      ? .nothing("\(sound) cells are in order, the target is \(target)") : .act(.scale)
  }

  private static func move(_ decision: Decision) throws(DSLError) -> Action {
    let word = decision.parameters["direction"]?.string
    guard let action = directions.first(where: { $0.word == word })?.action else {
      throw DSLError(
        .invalidInput, "decision \(decision.id) (\(decision.rule)): direction is \(word ?? "not given")",
        fix: "give up, down, left or right")
    }
    return action
  }

  private static let directions: [(word: String, action: Action)] = [
    ("up", .moveUp), ("down", .moveDown), ("left", .moveLeft), ("right", .moveRight),
  ]

  /// What a decision for an action is: type and parameters.
  package static func proposal(_ action: Action) -> (type: DecisionType, parameters: JSONObject) {
    switch action {
    case .clean: (.clean, [:])
    case .scale: (.scaleUp, [:])
    case .memoryClean: (.memoryClean, [:])
    case .throttle: (.throttle, [:])
    case .moveUp, .moveDown, .moveLeft, .moveRight:
      (.move, ["direction": .optional(directions.first { $0.action == action }?.word)])
    }
  }
}

extension Action {
  /// The action of a word.
  init?(name: String) {
    guard let action = Action.allCases.first(where: { $0.name == name }) else { return nil }
    self = action
  }
}
