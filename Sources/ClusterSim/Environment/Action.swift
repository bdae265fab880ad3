/// What an agent can do in a step, Discrete(8).
package enum Action: UInt8, Sendable, CaseIterable {
  case moveUp = 0
  case moveDown = 1
  case moveLeft = 2
  case moveRight = 3
  /// Empties the own cell's memory and takes CPU off it.
  case clean = 4
  /// Relieves the worst cells of the whole grid, critical ones first.
  case scale = 5
  /// Empties the own cell's memory.
  case memoryClean = 6
  /// Takes CPU off the own cell.
  case throttle = 7

  /// How many there are.
  package static let count = 8

  /// The word in JSON.
  package var name: String {
    switch self {
    case .moveUp: "move_up"
    case .moveDown: "move_down"
    case .moveLeft: "move_left"
    case .moveRight: "move_right"
    case .clean: "clean"
    case .scale: "scale"
    case .memoryClean: "memory_clean"
    case .throttle: "throttle"
    }
  }

  /// The nearest to doing nothing that there is, for moves are free: up, and down again in the next step.
  package static func waiting(step: Int) -> Action { step % 2 == 0 ? .moveUp : .moveDown }

  /// The walk over all cells: right, and down at the end of a row.
  package static func patrolling(step: Int, width: Int) -> Action {
    step % width == width - 1 ? .moveDown : .moveRight
  }

  /// The first move to a cell of the 3×3 view, numbered row by row: along its column first.
  package static func moving(to place: Int) -> Action {
    switch place {
    case 0, 1, 2: .moveUp
    case 6, 7, 8: .moveDown
    case 3: .moveLeft
    default: .moveRight
    }
  }
}

/// How an episode ended. At most one applies; where several come in one step, the first in this order.
package enum EndCause: UInt8, Sendable, CaseIterable {
  /// It goes on.
  case none = 0
  /// A critical cell ran out of memory.
  case criticalOOM = 1
  /// The mean load of the cluster passed `collapse_load`: entropy.
  case collapse = 2
  /// As many cells ran out of memory as `oom_limit` allows.
  case oom = 3
  /// The budget did not pay for any action for `bankruptcy_steps` steps.
  case bankruptcy = 4
  /// The last `panic_steps` steps were interventions that relieved nothing.
  case panic = 5
  /// `max_steps` were reached: the episode is truncated, not terminated.
  case timeLimit = 6

  /// The word in JSON.
  package var name: String {
    switch self {
    case .none: "none"
    case .criticalOOM: "critical_oom"
    case .collapse: "collapse"
    case .oom: "oom"
    case .bankruptcy: "bankruptcy"
    case .panic: "panic"
    case .timeLimit: "time_limit"
    }
  }

  /// Whether the cluster itself failed.
  package var isFailure: Bool { self != .none && self != .timeLimit }
}
